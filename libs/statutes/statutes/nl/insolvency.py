"""What an entry in the insolvency register (Centraal Insolventieregister) means on a day."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from statutes.days import plus_months
from statutes.explanation import Line
from statutes.tables import table
from statutes.topics import topic

Standing: TypeAlias = Literal["running", "ended_still_visible", "no_longer_visible"]


@dataclass(frozen=True, kw_only=True)
class InsolvencyEntry:
    """`stops_collection` while it runs; an ended entry that is still visible is information, not 'never'."""

    standing: Standing
    visible: bool
    visible_until: date | None
    stops_collection: bool
    explanation: tuple[Line, ...] = ()


@topic("nl.insolvency_entry", rules=("NL-INS-1",))
def insolvency_entry(*, ended_on: date | None = None, as_of: date) -> InsolvencyEntry:
    """Standing of an entry on a day: it stays visible for six months after the end (Fw); null end: still running."""
    if ended_on is None or ended_on > as_of:
        visible_until: date | None = None
        standing: Standing = "running"
    else:
        visible_until = plus_months(ended_on, table("nl.insolvency.visible_months").integer)
        standing = "ended_still_visible" if as_of <= visible_until else "no_longer_visible"
    return InsolvencyEntry(
        standing=standing,
        visible=standing != "no_longer_visible",
        visible_until=visible_until,
        stops_collection=standing == "running",
        explanation=(Line(rule_id="NL-INS-1", article="Fw", text_key=f"nl.insolvency.{standing}"),),
    )
