"""What a letter to the debtor must state, how often he may be approached, and what pauses collection."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias, cast

from statutes.days import plus_days, plus_months
from statutes.errors import InvalidInput
from statutes.tables import table
from statutes.topics import cites

cites("NL-14D-10", by="nl.missing_letter_content")
cites("NL-WKI-8", by="nl.missing_specification")
cites("NL-WKI-6", by="nl.contact_frequency")
cites("NL-INS-1", "NL-INS-3", "NL-INS-4", "NL-INS-5", by="nl.collection_pause")
cites("NL-COURT-3", by="nl.opposition_term")
cites("NL-COURT-4", by="nl.order_to_pay_term")

PauseCause: TypeAlias = Literal[
    "insolvency",
    "narrow_moratorium",
    "broad_moratorium",
    "debt_help",
    "guardianship",
    "death",
    "minor",
    "address_unknown",
]
Stops: TypeAlias = Literal["everything", "eviction_and_cut_off", "by_policy", "until_a_person_decides"]

DAYS_IN_WEEK = 7


@dataclass(frozen=True, kw_only=True)
class ContactFrequency:
    """Most contacts with a debtor; a suggestion of good practice, no confirmed law."""

    per_day: int
    per_week: int


@dataclass(frozen=True, kw_only=True)
class CollectionPause:
    """What stands still, whether interest goes on, and the last day on which the pause can hold (null: open)."""

    rule_id: str
    stops: Stops
    interest_runs: bool
    ends_on: date | None


def missing_letter_content(stated: Collection[str]) -> tuple[str, ...]:
    """What a fourteen-day letter still lacks (6:96 lid 6 BW; NL-14D-10); a generator refuses to print it then.

    Raises `InvalidInput` for a word that is no element of the letter.
    """
    return _missing("nl.fourteen_day_letter.content", stated)


def missing_specification(stated: Collection[str]) -> tuple[str, ...]:
    """What the specification of a claim still lacks (Bki par. 3, NL-WKI-8).

    Raises `InvalidInput` for a word that is no element of it.
    """
    return _missing("nl.claim_specification.content", stated)


def contact_frequency() -> ContactFrequency:
    """Default caps of the agency (NL-WKI-6)."""
    caps = cast("dict[str, int]", table("nl.contact_frequency").current.value)
    return ContactFrequency(per_day=caps["per_day"], per_week=caps["per_week"])


def collection_pause(*, cause: PauseCause, starts_on: date) -> CollectionPause:
    """What a moratorium, insolvency, debt help or incapacity does to collection (Fw art. 287a, 287b; Stb. 2017, 83)."""
    rule = cast("dict[str, Any]", table("nl.pauses").current.value[cause])
    months = rule["most_months"]
    return CollectionPause(
        rule_id=rule["rule"],
        stops=rule["stops"],
        interest_runs=rule["interest_runs"],
        ends_on=None if months is None else plus_months(starts_on, months),
    )


def opposition_term(*, served_on: date, residence_known: bool = True) -> date:
    """Last day to oppose a default judgment (verzet): four weeks from service in person, eight without residence."""
    weeks = table("nl.opposition_weeks").current.value["residence_known" if residence_known else "residence_unknown"]
    return plus_days(served_on, DAYS_IN_WEEK * weeks)


def order_to_pay_term(*, served_on: date) -> date:
    """Last day to pay after service of a judgment with an order to pay; an attachment may follow (NL-COURT-4)."""
    return plus_days(served_on, table("nl.order_to_pay_days").integer)


def _missing(key: str, stated: Collection[str]) -> tuple[str, ...]:
    wanted = cast("list[str]", table(key).current.value)
    unknown = sorted(set(stated) - set(wanted))
    if unknown:
        raise InvalidInput(f"stated: {', '.join(unknown)} is no part of it")
    return tuple(word for word in wanted if word not in stated)
