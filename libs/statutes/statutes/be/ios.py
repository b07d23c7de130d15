"""The procedure for uncontested money debts (invordering van onbetwiste schulden, IOS; RCI).

Art. 1394/20 to 1394/27 of the Judicial code (Ger.W./C.jud.): between enterprises, by a bailiff.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final, Literal, TypeAlias, cast

from statutes.be.calendar import is_holiday, next_working_day, nth_working_day_after
from statutes.calendars import SATURDAY, SUNDAY
from statutes.days import day_after, plus_days, plus_months
from statutes.errors import InvalidInput, NotEligible, RateNotVerified
from statutes.explanation import Line, explained_total
from statutes.money import ZERO, Amount, rounded_down
from statutes.policies import LEGAL_INCREASES_IN_CAP
from statutes.tables import table
from statutes.topics import topic

Insolvency: TypeAlias = Literal[
    "none", "bankruptcy", "judicial_reorganisation", "collective_debt_settlement", "other_concursus"
]
Obligation: TypeAlias = Literal["contractual", "acknowledged", "co_ownership", "other"]
Reaction: TypeAlias = Literal["none", "paid", "payment_facilities", "dispute"]
Outcome: TypeAlias = Literal["ends", "suspended", "goes_on"]
Obstacle: TypeAlias = Literal[
    "creditor_not_registered",
    "debtor_not_registered",
    "disputed",
    "insolvency",
    "non_contractual",
    "not_due",
    "not_in_course_of_enterprise",
    "public_authority",
]
ARTICLE: Final = "art. 1394/20 Ger.W./C.jud."
HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, kw_only=True)
class IosDates:
    """The terms of the procedure; the two of the recourse are None without a served title."""

    month_ends_on: date
    term_ends_on: date
    non_contestation_from: date
    non_contestation_working_day_on: date
    register_copy_due_on: date
    recourse_ends_on: date | None
    title_final_from: date | None
    explanation: tuple[Line, ...]


@topic("be.ios_dates", rules=("BE-IOS-1", "BE-IOS-6", "BE-IOS-8", "BE-IOS-10", "BE-IOS-13", "BE-IOS-14"))
def ios_dates(*, served_on: date, title_served_on: date | None = None) -> IosDates:
    """Terms from the service of the demand (aanmaning, sommation), and of recourse against the served title.

    A month to react, rolled to a working day (art. 52 to 54 Ger.W./C.jud.), eight days before the record of non-
    contestation (1394/24), a copy in the register within three working days. Raises `NotEligible` with reasons for a
    service on a Saturday, Sunday or holiday (art. 47), `InvalidInput` for a title served before its record may be
    drawn up, `RateNotVerified` for one served before there was a term of recourse (2023-01-01).
    """
    reasons = {reason for day in (served_on, title_served_on) if day for reason in _no_service_reasons(day)}
    if reasons:
        raise NotEligible("served_on, title_served_on: nothing is served on such a day", reasons=tuple(reasons))
    month_ends_on = _months_end_on(served_on, table("be.ios_reaction_months").integer)
    term_ends_on = next_working_day(month_ends_on)
    non_contestation_from = plus_days(term_ends_on, table("be.ios_days_before_record").integer)
    recourse_ends_on = None
    if title_served_on is not None:
        if title_served_on < non_contestation_from:
            raise InvalidInput(f"title_served_on: is before {non_contestation_from}, when its record may be drawn up")
        recourse_months = table("be.ios_recourse_months").int_at(title_served_on)
        recourse_ends_on = next_working_day(_months_end_on(title_served_on, recourse_months))
    dates = IosDates(
        month_ends_on=month_ends_on,
        term_ends_on=term_ends_on,
        non_contestation_from=non_contestation_from,
        non_contestation_working_day_on=next_working_day(non_contestation_from),
        register_copy_due_on=nth_working_day_after(served_on, table("be.ios_register_working_days").integer),
        recourse_ends_on=recourse_ends_on,
        title_final_from=None if recourse_ends_on is None else day_after(recourse_ends_on),
        explanation=(),
    )
    return replace(dates, explanation=_explained_dates(served_on, title_served_on, dates))


def _explained_dates(served_on: date, title_served_on: date | None, dates: IosDates) -> tuple[Line, ...]:
    """What the debtor can do, and until when."""
    react: dict[str, date] = {"served_on": served_on, "term_ends_on": dates.term_ends_on}
    record: dict[str, date] = {"record_from": dates.non_contestation_from}
    lines = [
        Line(rule_id="BE-IOS-14", article="art. 1394/21 Ger.W./C.jud.", text_key="be.ios_dates.react", inputs=react),
        Line(rule_id="BE-IOS-8", article="art. 1394/24 Ger.W./C.jud.", text_key="be.ios_dates.record", inputs=record),
    ]
    if title_served_on is not None and dates.recourse_ends_on is not None:
        recourse: dict[str, date] = {"served_on": title_served_on, "recourse_ends_on": dates.recourse_ends_on}
        article = "art. 1394/24 § 3 Ger.W./C.jud."
        lines.append(Line(rule_id="BE-IOS-10", article=article, text_key="be.ios_dates.recourse", inputs=recourse))
    return tuple(lines)


def _no_service_reasons(day: date) -> list[str]:
    """Why nothing may be served on the day (art. 47 Judicial code); a holiday on a Saturday has two reasons."""
    reasons = ["served_on_holiday"] if is_holiday(day) else []
    if day.weekday() == SATURDAY:
        reasons.append("served_on_saturday")
    if day.weekday() == SUNDAY:
        reasons.append("served_on_sunday")
    return reasons


def _months_end_on(act_on: date, months: int) -> date:
    """Last day of a term of months that starts the day after the act: the eve of the same day number (art. 54).

    Where that day number does not exist, the month's last day.
    """
    starts_on = day_after(act_on)
    same_number = plus_months(starts_on, months)
    return plus_days(same_number, -1) if same_number.day == starts_on.day else same_number


@dataclass(frozen=True, kw_only=True)
class IosEligibility:
    """Whether the procedure may be used, and every reason why not, in alphabetical order."""

    eligible: bool
    reasons: tuple[Obstacle, ...]


@topic("be.ios_eligibility", rules=("BE-IOS-3", "BE-IOS-4", "BE-INS-1"))
def ios_eligibility(
    *,
    creditor_is_registered: bool = True,
    debtor_is_registered: bool = True,
    debtor_is_public_authority: bool = False,
    in_course_of_enterprise: bool = True,
    insolvency: Insolvency = "none",
    obligation: Obligation = "contractual",
    is_due: bool = True,
    is_undisputed: bool = True,
) -> IosEligibility:
    """May the procedure be used? Art. 1394/20 Ger.W./C.jud.; all facts on the day of the demand."""
    obstacles: dict[Obstacle, bool] = {
        "creditor_not_registered": not creditor_is_registered,
        "debtor_not_registered": not debtor_is_registered,
        "disputed": not is_undisputed,
        "insolvency": insolvency != "none",
        "non_contractual": obligation == "other",
        "not_due": not is_due,
        "not_in_course_of_enterprise": not in_course_of_enterprise,
        "public_authority": debtor_is_public_authority,
    }
    reasons: tuple[Obstacle, ...] = tuple(
        reason for reason, holds in obstacles.items() if holds
    )  # written in alphabetical order
    return IosEligibility(eligible=not reasons, reasons=reasons)


@dataclass(frozen=True, kw_only=True)
class IosReaction:
    """What becomes of the procedure."""

    outcome: Outcome


@topic("be.ios_reaction", rules=("BE-IOS-7", "BE-IOS-8"))
def ios_reaction(
    *,
    reaction: Reaction,
    reasons_given: bool = False,
    proof_attached: bool = False,
    facilities_agreed: bool | None = None,
    facilities_respected: bool | None = None,
) -> IosReaction:
    """What an answer, or none, does to the procedure: art. 1394/22 to 1394/24 Ger.W./C.jud.

    Payment ends it, and so do reasons of a dispute, with or without proof: their merits are not tested. A dispute
    without reasons does not. Asked facilities suspend it until they are refused or not respected (None: not known
    yet).
    """
    del proof_attached  # a fact that the law does not ask for: the outcome never depends on it
    if reaction == "paid" or (reaction == "dispute" and reasons_given):
        return IosReaction(outcome="ends")
    if reaction == "payment_facilities" and facilities_agreed is not False and facilities_respected is not False:
        return IosReaction(outcome="suspended")
    return IosReaction(outcome="goes_on")


@dataclass(frozen=True, kw_only=True)
class IosExtrasCap:
    """What may be asked on top of the principal, in euro; the explanation adds up to `extras` and `outside_cap`."""

    maximum: Amount
    extras: Amount
    remainder: Amount
    outside_cap: Amount
    explanation: tuple[Line, ...]


@topic("be.ios_extras_cap", rules=("BE-IOS-5", "BE-IOS-11"))
def ios_extras_cap(
    *,
    principal: Amount,
    late_interest: Amount = ZERO,
    indemnity: Amount = ZERO,
    legal_increases: Amount = ZERO,
    legal_increases_in_cap: bool = LEGAL_INCREASES_IN_CAP,
) -> IosExtrasCap:
    """Interest and clause together, at most a tenth of the principal, rounded down: art. 1394/20 Ger.W./C.jud.

    Whether increases provided by law, such as 40 euro, count towards the tenth is not settled: by default they stand
    beside it. After full execution the remainder is written off (1394/24 § 4). Raises `InvalidInput` for a negative
    amount.
    """
    if min(principal, late_interest, indemnity, legal_increases) < 0:
        raise InvalidInput("principal, late_interest, indemnity, legal_increases: must not be negative")
    percent = table("be.ios_extras_percent").decimal
    maximum = rounded_down(principal * percent / HUNDRED)
    asked = late_interest + indemnity + (legal_increases if legal_increases_in_cap else ZERO)
    extras = min(asked, maximum)
    remainder = asked - extras
    facts = {"principal": principal, "percent": percent, "maximum": maximum}
    parts = (
        ("late_interest", late_interest),
        ("indemnity", indemnity),
        ("increases_inside" if legal_increases_in_cap else "increases_beside", legal_increases),
        ("remainder", -remainder),
    )
    lines = tuple(
        Line(rule_id="BE-IOS-5", article=ARTICLE, text_key=f"be.ios_extras.{name}", inputs=facts, amount=amount)
        for name, amount in parts
        if amount
    )
    outside_cap = ZERO if legal_increases_in_cap else legal_increases
    assert explained_total(lines) == extras + outside_cap, "the lines add up"
    return IosExtrasCap(maximum=maximum, extras=extras, remainder=remainder, outside_cap=outside_cap, explanation=lines)


@dataclass(frozen=True, kw_only=True)
class IosCosts:
    """Published totals in euro of a title by this procedure, and of a writ; the explanation is of the former."""

    uncontested_claim_title: Amount
    writ: Amount
    explanation: tuple[Line, ...]


@topic("be.ios_costs", rules=("BE-IOS-15",))
def ios_costs(*, principal: Amount, as_of: date) -> IosCosts:
    """Published totals of 2016 to 2018 for three principals; every other principal or day is `RateNotVerified`."""
    totals = cast("dict[str, dict[str, str]]", table("be.ios_costs").at(as_of).value).get(f"{principal:.2f}")
    if totals is None:
        raise RateNotVerified(f"principal: no total is published for {principal} (BE-IOS-15)")
    title, writ = Decimal(totals["uncontested_claim_title"]), Decimal(totals["writ"])
    facts = {"principal": principal, "year": as_of.year, "writ": writ}
    line = Line(rule_id="BE-IOS-15", text_key="be.ios_costs.title", inputs=facts, amount=title)
    return IosCosts(uncontested_claim_title=title, writ=writ, explanation=(line,))
