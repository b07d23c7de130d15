"""The fourteen-day letter (veertiendagenbrief): whether it is good enough to owe costs, and when its term ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from statutes.calendars import MONDAY, SUNDAY, is_dutch_holiday, next_dutch_working_day
from statutes.days import day_after, plus_days
from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.money import ZERO, Amount
from statutes.nl.checks import not_negative
from statutes.nl.tariff import tariff, vat_on
from statutes.policies import ROLL_TERM_END
from statutes.tables import table
from statutes.topics import cites, topic

cites("NL-14D-12", by="nl.fourteen_day_letter")

TermWording: TypeAlias = Literal[
    "fourteen_days_from_day_after_delivery",  # binnen veertien dagen vanaf de dag nadat deze brief bij u is bezorgd
    "fifteen_days_after_delivery",  # binnen vijftien dagen nadat deze brief bij u is bezorgd
    "fourteen_days_from_letter_date",  # na dagtekening: wrong
    "fourteen_days_from_sending",  # na verzending: wrong
    "fourteen_days_from_today",  # na heden: wrong
]
Defect: TypeAlias = Literal["amount_missing", "amount_too_high", "before_default", "term_wording"]
LetterChannel: TypeAlias = Literal["post", "e_mail", "portal"]

GOOD_WORDINGS: Final = frozenset({"fourteen_days_from_day_after_delivery", "fifteen_days_after_delivery"})
MOST_DELIVERY_DAYS: Final = 60


@dataclass(frozen=True, kw_only=True)
class LetterCheck:
    """Whether the letter makes costs claimable, and which: as stated, or nothing."""

    valid: bool
    defects: tuple[Defect, ...]
    collection_costs: Amount
    explanation: tuple[Line, ...] = ()


@topic(
    "nl.fourteen_day_letter",
    rules=("NL-14D-1", "NL-14D-2", "NL-14D-3", "NL-14D-5", "NL-14D-6", "NL-14D-11", "NL-14D-12"),
)
def fourteen_day_letter(
    *,
    principals: Sequence[Amount],
    due_on: date,
    sent_on: date,
    term_wording: TermWording,
    stated_collection_costs: Amount | None = None,
    creditor_can_deduct_vat: bool = True,
    collection_outsourced: bool = True,
) -> LetterCheck:
    """Is the letter to a consumer good enough to owe costs (6:96 lid 6 BW; HR 25-11-2016, ECLI:NL:HR:2016:2704)?

    It must be sent after default, name the amount, not above the tariff (VAT included), and give fourteen days from the
    day after delivery. One defect and nothing is owed; only a new letter repairs it. No further act is needed.
    """
    if stated_collection_costs is not None:
        not_negative(stated_collection_costs=stated_collection_costs)
    defects: list[Defect] = []
    costs = tariff(sum(principals, ZERO))
    maximum = costs + vat_on(
        costs, creditor_can_deduct_vat=creditor_can_deduct_vat, collection_outsourced=collection_outsourced
    )
    if stated_collection_costs is None:
        defects.append("amount_missing")
    elif stated_collection_costs > maximum:
        defects.append("amount_too_high")
    if sent_on <= due_on:
        defects.append("before_default")
    if term_wording not in GOOD_WORDINGS:
        defects.append("term_wording")
    owed = ZERO if defects or stated_collection_costs is None else stated_collection_costs
    return LetterCheck(
        valid=not defects, defects=tuple(defects), collection_costs=owed, explanation=_letter_lines(defects, owed)
    )


def _letter_lines(defects: Sequence[Defect], owed: Decimal) -> tuple[Line, ...]:
    article = "art. 6:96 lid 6 BW"
    if not defects:
        return (Line(rule_id="NL-14D-1", article=article, text_key="nl.letter.valid", amount=owed),)
    return tuple(
        Line(rule_id=_RULE_OF_DEFECT[defect], article=article, text_key=f"nl.letter.{defect}", amount=ZERO)
        for defect in defects
    )


_RULE_OF_DEFECT: Final[dict[Defect, str]] = {
    "amount_missing": "NL-14D-1",
    "amount_too_high": "NL-14D-11",
    "before_default": "NL-14D-2",
    "term_wording": "NL-14D-5",
}


@dataclass(frozen=True, kw_only=True)
class FourteenDayTerm:
    """When the letter counts as delivered, when its term runs, and from when costs are owed."""

    delivered_on: date
    term_starts_on: date
    term_ends_on: date
    safe_term_ends_on: date
    rolled_term_ends_on: date
    collection_costs_from: date
    explanation: tuple[Line, ...] = ()


@topic("nl.fourteen_day_term", rules=("NL-14D-3", "NL-14D-4", "NL-14D-7", "NL-14D-8", "NL-14D-9", "NL-WKI-5"))
def fourteen_day_term(
    *,
    channel: LetterChannel = "post",
    sent_on: date | None = None,
    delivered_on: date | None = None,
    delivery_days: int | None = None,
    roll_term_end: bool = ROLL_TERM_END,
) -> FourteenDayTerm:
    """The term of the letter, from the day after delivery (6:96 lid 6 BW; HR 25-11-2016, r.o. 3.4-3.5.2).

    Post is presumed delivered some delivery days after posting (policy, by day of posting; no Sunday, Monday or
    holiday); e-mail and portal on the day they were accepted (3:37 lid 3 BW). The fifteenth day is the safe last day;
    costs are owed from the day after it, rolled to a working day (Algemene termijnenwet art. 1). Raises `InvalidInput`
    when the day that the channel needs is missing, `RateNotVerified` for days outside the verified calendar.
    """
    delivered = _delivered_on(channel, sent_on, delivered_on, delivery_days)
    days = table("nl.fourteen_day_letter.days").integer
    safe = plus_days(delivered, days + 1)
    rolled = next_dutch_working_day(safe)
    last_day = rolled if roll_term_end else safe
    facts = {"delivered_on": delivered, "safe_term_ends_on": last_day, "collection_costs_from": day_after(last_day)}
    return FourteenDayTerm(
        delivered_on=delivered,
        term_starts_on=day_after(delivered),
        term_ends_on=plus_days(delivered, days),
        safe_term_ends_on=safe,
        rolled_term_ends_on=rolled,
        collection_costs_from=day_after(last_day),
        explanation=(
            Line(rule_id="NL-14D-7", article="art. 6:96 lid 6 BW", text_key="nl.letter.term", inputs=dict(facts)),
        ),
    )


def presumed_delivery(sent_on: date, delivery_days: int) -> date:
    """The day on which ordinary post counts as delivered: Sundays, Mondays and holidays do not count (NL-14D-4)."""
    day, counted = sent_on, 0
    while counted < delivery_days:
        day += timedelta(days=1)
        if day.weekday() not in (SUNDAY, MONDAY) and not is_dutch_holiday(day):
            counted += 1
    return day


def _delivered_on(
    channel: LetterChannel, sent_on: date | None, delivered_on: date | None, delivery_days: int | None
) -> date:
    if delivery_days is not None and not 0 <= delivery_days <= MOST_DELIVERY_DAYS:
        raise InvalidInput(f"delivery_days: must be from 0 to {MOST_DELIVERY_DAYS}")
    if delivered_on is not None:
        if sent_on is not None and delivered_on < sent_on:
            raise InvalidInput("delivered_on: lies before sent_on")
        return delivered_on
    if channel != "post":
        raise InvalidInput(f"delivered_on: is missing for {channel}")
    if sent_on is None:
        raise InvalidInput("sent_on: is missing for post that was not proven delivered")
    if delivery_days is None:
        delivery_days = table("nl.fourteen_day_letter.delivery_days").int_at(sent_on)
    return presumed_delivery(sent_on, delivery_days)
