"""First reminder and collector's notice of a consumer debt: their terms and costs (Book XIX WER/CDE)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias, cast

from statutes.be.calendar import day_of_term, next_working_day, nth_working_day_after
from statutes.days import day_after, plus_days
from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.money import ZERO, Amount
from statutes.tables import table
from statutes.topics import topic

ReminderChannel: TypeAlias = Literal["post", "e_mail"]
SuspensionCause: TypeAlias = Literal["plan_request", "debt_mediation", "dispute"]


@dataclass(frozen=True, kw_only=True)
class ReminderTerm:
    """The free term of a first reminder: day 1 through day 14, and from which days money may be added."""

    term_starts_on: date
    term_ends_on: date
    indemnity_from: date
    safe_indemnity_from: date
    late_interest_from: date
    explanation: tuple[Line, ...]


@topic("be.reminder_term", rules=("BE-XIX-7", "BE-XIX-8", "BE-XIX-9", "BE-XIX-13", "BE-GEN-4", "BE-GEN-5"))
def reminder_term(*, sent_on: date, channel: ReminderChannel, creditor_is_sme: bool = False) -> ReminderTerm:
    """The term of the first reminder (eerste herinnering, premier rappel): art. XIX.2 § 2 and § 4 WER/CDE.

    By post the term starts on the third working day after sending, by e-mail on the next calendar day, and lasts
    fourteen calendar days. An SME's interest runs from the day after sending, that of a larger enterprise from the end
    of the term; both only if still unpaid then. `safe_indemnity_from` rolls the last day to a working day (art. 1.7
    BW/C.civ., arguable): use it for sending the next letter.
    """
    starts_on = (
        nth_working_day_after(sent_on, table("be.reminder_post_start").integer)
        if channel == "post"
        else plus_days(sent_on, table("be.reminder_electronic_start").integer)
    )
    term_days = table("be.reminder_term_days").integer
    ends_on = day_of_term(starts_on, term_days)
    indemnity_from = day_after(ends_on)
    late_interest_from = day_after(sent_on) if creditor_is_sme else indemnity_from
    return ReminderTerm(
        term_starts_on=starts_on,
        term_ends_on=ends_on,
        indemnity_from=indemnity_from,
        safe_indemnity_from=day_after(next_working_day(ends_on)),
        late_interest_from=late_interest_from,
        explanation=(
            Line(
                rule_id="BE-XIX-8",
                article="art. XIX.2 § 2 WER/CDE",
                text_key=f"be.reminder_term.{channel}",
                inputs={"sent_on": sent_on, "starts_on": starts_on, "ends_on": ends_on, "days": term_days},
            ),
            Line(
                rule_id="BE-XIX-13",
                article="art. XIX.2 § 4 WER/CDE",
                text_key="be.reminder_term.sme" if creditor_is_sme else "be.reminder_term.larger",
                inputs={"indemnity_from": indemnity_from, "late_interest_from": late_interest_from},
            ),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Suspension:
    """What the consumer did inside the term of the notice: when it was received and, if so, decided."""

    cause: SuspensionCause
    received_on: date
    decided_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class NoticeTerm:
    """The waiting term of a collector's notice, and what a suspension makes of it; null where it does not apply."""

    term_starts_on: date
    term_ends_on: date
    other_measures_from: date
    overall_limit_ends_on: date
    overall_resume_on: date
    counted_from: date | None
    counted_through: date | None
    late_interest_stops_from: date | None
    resume_from: date | None
    explanation: tuple[Line, ...]


@topic("be.notice_term", rules=("BE-COL-6", "BE-COL-7"))
def notice_term(*, sent_on: date, suspension: Suspension | None = None) -> NoticeTerm:
    """The term after the collector's notice (ingebrekestelling, mise en demeure): art. XIX.9 WER/CDE.

    Fourteen calendar days from the third working day after sending, whatever the channel. A request for a plan or a
    dispute stops interest from day 31 while undecided; debt mediation stops recovery until day 46. A suspension
    received after the term has no effect. Raises `InvalidInput` for one received before the notice was sent, or
    decided before it was received.
    """
    starts_on = nth_working_day_after(sent_on, table("be.notice_start").integer)
    ends_on = day_of_term(starts_on, table("be.notice_term_days").integer)
    limit_ends_on = plus_days(ends_on, _suspension_days("overall"))
    counted_from = counted_through = stops_from = resume_from = None
    if suspension is not None:
        _check_order(sent_on, suspension)
    if suspension is not None and suspension.received_on <= ends_on:
        counted_from = nth_working_day_after(suspension.received_on, 1)
        counted_through = day_of_term(counted_from, _suspension_days(suspension.cause))
        if suspension.cause == "debt_mediation":
            resume_from = day_after(counted_through)
        elif suspension.decided_on is None or suspension.decided_on > counted_through:
            stops_from = day_after(counted_through)
    term = NoticeTerm(
        term_starts_on=starts_on,
        term_ends_on=ends_on,
        other_measures_from=day_after(ends_on),
        overall_limit_ends_on=limit_ends_on,
        overall_resume_on=day_after(limit_ends_on),
        counted_from=counted_from,
        counted_through=counted_through,
        late_interest_stops_from=stops_from,
        resume_from=resume_from,
        explanation=(),
    )
    return replace(term, explanation=_explained_notice(sent_on, suspension, term))


def _explained_notice(sent_on: date, suspension: Suspension | None, term: NoticeTerm) -> tuple[Line, ...]:
    """What the term means, and what a suspension inside it does."""
    wait = Line(
        rule_id="BE-COL-6",
        article="art. XIX.9 § 1 WER/CDE",
        text_key="be.notice_term.wait",
        inputs={
            "sent_on": sent_on,
            "starts_on": term.term_starts_on,
            "ends_on": term.term_ends_on,
            "other_measures_from": term.other_measures_from,
        },
    )
    if suspension is None or term.counted_through is None:
        return (wait,)
    facts: dict[str, date] = {"received_on": suspension.received_on, "counted_through": term.counted_through}
    article = "art. XIX.9 § 2 - § 5 WER/CDE"
    key = f"be.notice_term.{suspension.cause}"
    lines = [wait, Line(rule_id="BE-COL-7", article=article, text_key=key, inputs=facts)]
    if term.late_interest_stops_from is not None:
        stops = {"stops_from": term.late_interest_stops_from}
        lines.append(Line(rule_id="BE-COL-7", article=article, text_key="be.notice_term.interest_stops", inputs=stops))
    return tuple(lines)


def _suspension_days(cause: str) -> int:
    return cast("dict[str, int]", table("be.suspension_days").current.value)[cause]


def _check_order(sent_on: date, suspension: Suspension) -> None:
    if suspension.received_on < sent_on:
        raise InvalidInput("suspension.received_on: is before sent_on")
    if suspension.decided_on is not None and suspension.decided_on < suspension.received_on:
        raise InvalidInput("suspension.decided_on: is before suspension.received_on")


@dataclass(frozen=True, kw_only=True)
class ReminderCost:
    """Which unpaid due date of its calendar year is reminded of, and the most that the reminder may cost."""

    ordinal: int
    maximum: Amount
    explanation: tuple[Line, ...]


@topic("be.reminder_cost", rules=("BE-XIX-10",))
def reminder_cost(
    *,
    regular_delivery: bool,
    due_on: date,
    earlier_unpaid_due_on: Sequence[date] = (),
    postage: Amount = ZERO,
) -> ReminderCost:
    """What a reminder may cost a consumer, in euro: art. XIX.2 § 1 WER/CDE.

    Free; only where goods or services are delivered regularly, a reminder of a fourth or later unpaid due date of the
    calendar year may cost 7.50 and the postage in force at sending. Due dates count, not letters: a second letter about
    a due date keeps the ordinal of that due date. Raises `InvalidInput` for negative postage.
    """
    if postage < 0:
        raise InvalidInput("postage: is negative")
    of_the_year = list(dict.fromkeys(day for day in (*earlier_unpaid_due_on, due_on) if day.year == due_on.year))
    ordinal = of_the_year.index(due_on) + 1
    free, cost = table("be.free_reminders").integer, table("be.reminder_cost").decimal
    article = "art. XIX.2 § 1 WER/CDE"
    if not regular_delivery or ordinal <= free:
        key = "be.reminder_cost.free_due_date" if regular_delivery else "be.reminder_cost.free"
        facts = {"ordinal": ordinal, "free": free, "year": due_on.year}
        line = Line(rule_id="BE-XIX-10", article=article, text_key=key, inputs=facts, amount=ZERO)
        return ReminderCost(ordinal=ordinal, maximum=ZERO, explanation=(line,))
    lines = (
        Line(
            rule_id="BE-XIX-10",
            article=article,
            text_key="be.reminder_cost.further",
            inputs={"ordinal": ordinal, "free": free, "year": due_on.year},
            amount=cost,
        ),
        Line(rule_id="BE-XIX-10", article=article, text_key="be.reminder_cost.postage", amount=postage),
    )
    return ReminderCost(ordinal=ordinal, maximum=cost + postage, explanation=lines)
