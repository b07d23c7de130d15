"""Limitation (verjaring) with its interruptions (stuiting): 3:306, 3:307, 3:317, 3:319, 3:324, 7:28 BW."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from statutes.days import day_after, plus_years
from statutes.explanation import Line
from statutes.tables import table
from statutes.topics import cites, topic

cites("NL-LIM-6", by="nl.limitation")

ClaimKind: TypeAlias = Literal["contract", "consumer_sale_price", "judgment", "other"]


@dataclass(frozen=True, kw_only=True)
class Limitation:
    """The term that runs, the last day to interrupt or sue, and the day from which the claim is barred."""

    term_starts_on: date
    last_day_on: date
    barred_from: date
    explanation: tuple[Line, ...] = ()


@topic("nl.limitation", rules=("NL-LIM-1", "NL-LIM-2", "NL-LIM-3", "NL-LIM-4", "NL-LIM-5"))
def limitation(*, claim_kind: ClaimKind, due_on: date, interruptions: Sequence[date] = ()) -> Limitation:
    """When a claim is barred: its years from the day after `due_on` (of a judgment: the day of the ruling).

    A written reminder counts from the day it was received (3:317 lid 1, 3:37 lid 3 BW), if the term still ran; it
    starts a new term of the same length, at most five years, which never ends before the one it interrupts. A barred
    claim stays a natural obligation: a court does not apply limitation of its own motion (3:322 BW).
    """
    source = table(f"nl.limitation.years.{claim_kind}")
    years = source.integer
    starts, last_day = day_after(due_on), plus_years(due_on, years)
    new_years = min(years, table("nl.limitation.longest_new_term").integer)
    for received_on in sorted(interruptions):
        if due_on <= received_on <= last_day:
            starts = day_after(received_on)
            last_day = max(last_day, plus_years(received_on, new_years))
    facts = {"term_starts_on": starts, "last_day_on": last_day}
    return Limitation(
        term_starts_on=starts,
        last_day_on=last_day,
        barred_from=day_after(last_day),
        explanation=(
            Line(rule_id=source.rule, article=source.article, text_key="nl.limitation.term", inputs=dict(facts)),
        ),
    )
