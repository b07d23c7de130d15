"""Which tables are about to run out, or have: what `quittance law check` and the metric for Grafana read."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from statutes.days import plus_months
from statutes.tables import all_tables

VerificationState: TypeAlias = Literal["verified", "ends_soon", "ended"]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """A table with an end, and where a day stands to it; it warns from a month before (NL-GEN-4)."""

    key: str
    title: str
    rule: str
    verified_until: date
    state: VerificationState
    days_left: int


def verification(*, as_of: date) -> tuple[Verification, ...]:
    """Every table that ends, the first to end first; tables without a foreseen change are left out."""
    found = [
        Verification(
            key=each.key,
            title=each.title,
            rule=each.rule,
            verified_until=each.verified_until,
            state=_state(each.verified_until, as_of),
            days_left=(each.verified_until - as_of).days,
        )
        for each in all_tables().values()
        if each.verified_until is not None
    ]
    return tuple(sorted(found, key=lambda each: (each.verified_until, each.key)))


def _state(verified_until: date, as_of: date) -> VerificationState:
    if as_of > verified_until:
        return "ended"
    return "ends_soon" if as_of >= plus_months(verified_until, -1) else "verified"
