"""Limitation (verjaring, prescription): what letters do to the term (art. 2244 § 2 oud BW/ancien C.civ.)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias, cast

from statutes.days import ONE_DAY, plus_months
from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.tables import table
from statutes.topics import topic

ActKind: TypeAlias = Literal["lawyers_notice", "simple_letter"]
InterruptingKind: TypeAlias = Literal[
    "summons", "commandment", "seizure", "acknowledgement", "lawyers_notice", "simple_letter"
]
ClaimKind: TypeAlias = Literal[
    "general",
    "judgment",
    "sale_to_private_person",
    "utilities",
    "rent_and_periodic",
    "medical_care",
    "insurance_premium",
    "lawyer",
    "bailiff",
]
ARTICLE: Final = "art. 2244 § 2 oud BW/ancien C.civ."


@dataclass(frozen=True, kw_only=True)
class LimitationAct:
    """A letter: a lawyer's or bailiff's notice registered with acknowledgement of receipt, or any other letter."""

    on: date
    kind: ActKind


@dataclass(frozen=True, kw_only=True)
class ActEffect:
    """Whether the letter interrupts, even when the end stays where it was."""

    on: date
    effective: bool


@dataclass(frozen=True, kw_only=True)
class Limitation:
    """The last day of the term, and the effect of each letter in the order given."""

    ends_on: date
    acts: tuple[ActEffect, ...]
    explanation: tuple[Line, ...]


@topic("be.limitation", rules=("BE-LIM-1", "BE-LIM-2"))
def limitation(*, starts_on: date, term_months: int, acts: Sequence[LimitationAct] = ()) -> Limitation:
    """When a claim is barred, given the letters sent: art. 2244 § 2 oud BW/ancien C.civ.

    The first lawyer's or bailiff's notice with acknowledgement of receipt, sent within the term, starts a new term of a
    year (or of the original length when that is shorter) that never ends before the original one. It works once; no
    other letter interrupts. Raises `InvalidInput` for a term without months.
    """
    original_end = limitation_end(starts_on=starts_on, term_months=term_months)
    notices = [(act.on, at) for at, act in enumerate(acts) if act.kind == "lawyers_notice" and act.on <= original_end]
    effective_on, effective_at = min(notices, default=(None, None))
    events = [LimitationEvent(on=act.on, kind=act.kind) for act in acts]
    ends_on = limitation_end(starts_on=starts_on, term_months=term_months, events=events)
    term: dict[str, date | int] = {"starts_on": starts_on, "months": term_months, "original_end": original_end}
    lines = [Line(rule_id="BE-LIM-1", text_key="be.limitation.term", inputs=term)]
    if effective_on is not None:
        notice: dict[str, date] = {"notice_on": effective_on, "ends_on": ends_on}
        lines.append(Line(rule_id="BE-LIM-2", article=ARTICLE, text_key="be.limitation.notice", inputs=notice))
    return Limitation(
        ends_on=ends_on,
        acts=tuple(ActEffect(on=act.on, effective=at == effective_at) for at, act in enumerate(acts)),
        explanation=tuple(lines),
    )


@dataclass(frozen=True, kw_only=True)
class LimitationEvent:
    """What may interrupt a term; a part payment or a request for time is an acknowledgement."""

    on: date
    kind: InterruptingKind


def limitation_end(*, starts_on: date, term_months: int, events: Sequence[LimitationEvent] = ()) -> date:
    """The last day of a term with all that interrupted it, not letters only: art. 2244 and 2248 oud BW/ancien C.civ.

    A summons, commandment, seizure or acknowledgement inside the term starts the same term again; a lawyer's or
    bailiff's notice gives at least a year, once. What comes after the end changes nothing. Raises `InvalidInput` for a
    term without months.
    """
    if term_months < 1:
        raise InvalidInput("term_months: must be at least 1")
    ends_on, notice_used = plus_months(starts_on, term_months), False
    for event in sorted(events, key=lambda event: event.on):
        if event.on > ends_on or event.kind == "simple_letter":
            continue
        if event.kind != "lawyers_notice":
            ends_on = max(ends_on, plus_months(event.on, term_months))
        elif not notice_used:
            notice_months = min(term_months, table("be.limitation_notice_months").integer)
            ends_on, notice_used = max(ends_on, plus_months(event.on, notice_months)), True
    return ends_on


def limitation_starts_on(*, claim_kind: ClaimKind, due_on: date) -> date:
    """The day from which the term of a claim is counted: BE-LIM-1.

    A sale to a private person counts from the end of the calendar year, medical care from the end of its month.
    """
    if claim_kind == "sale_to_private_person":
        return date(due_on.year, 12, 31)
    if claim_kind == "medical_care":
        return plus_months(due_on.replace(day=1), 1) - ONE_DAY
    return due_on


def limitation_term_months(*, claim_kind: ClaimKind) -> int:
    """The limitation term of a kind of claim in months: table of the National Chamber of Bailiffs (BE-LIM-1)."""
    return cast("dict[str, int]", table("be.limitation_terms").current.value)[claim_kind]
