"""What a consumer owes on a day: balance, interest and indemnity under their maxima (art. XIX.2 and XIX.4 WER/CDE)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from statutes.be.indemnity import explained_maximum, legal_maximum
from statutes.be.interest import explained_interest, line_amounts, rate_lines
from statutes.be.reminders import ReminderChannel, ReminderTerm, reminder_term
from statutes.errors import InvalidInput
from statutes.explanation import Line, explained_total
from statutes.money import ZERO, Amount, Percent, to_percent_units
from statutes.policies import DIVISOR, Divisor
from statutes.rates import runs_of_percent, runs_of_series
from statutes.topics import topic

MAXIMUM_RATE_ARTICLE: Final = "art. XIX.4, 1° WER/CDE; art. 5 wet/loi 2-8-2002"


@dataclass(frozen=True, kw_only=True)
class ConsumerClaim:
    """Interest and indemnity on the balance, both under their maximum, and all together; in euro."""

    late_interest_from: date
    days: int
    late_interest: Amount
    fixed_indemnity: Amount
    total: Amount
    explanation: tuple[Line, ...]


@topic(
    "be.consumer_claim",
    rules=(
        *("BE-XIX-13", "BE-XIX-15", "BE-XIX-16", "BE-XIX-17", "BE-XIX-18", "BE-XIX-19"),
        *("BE-COL-11", "BE-COST-2"),
    ),
)
def consumer_claim(
    *,
    balance: Amount,
    reminder_sent_on: date,
    channel: ReminderChannel,
    creditor_is_sme: bool = False,
    through_on: date,
    percent_per_year: Percent | None = None,
    indemnity: Amount | None = None,
    divisor: Divisor = DIVISOR,
) -> ConsumerClaim:
    """Balance, interest and indemnity of a consumer on a day, `through_on` included: art. XIX.2 § 4 and XIX.4 WER/CDE.

    Until the term of the reminder has ended only the balance is due. The legal maximum of interest is the commercial
    rate of each day, and is needed for every day, also under a lower agreed rate. Null for `percent_per_year` or
    `indemnity` means the legal maximum. Nothing else may be asked: no costs, no fee of a collector or bailiff. Raises
    `InvalidInput` for negative figures, `RateNotVerified` for a day without a verified rate.
    """
    for name, figure in (("balance", balance), ("percent_per_year", percent_per_year), ("indemnity", indemnity)):
        if figure is not None and figure < 0:
            raise InvalidInput(f"{name}: is negative")
    term = reminder_term(sent_on=reminder_sent_on, channel=channel, creditor_is_sme=creditor_is_sme)
    if through_on < term.indemnity_from:
        return _in_the_free_term(balance, term)
    ceiling = runs_of_series("be_b2b")
    agreed = ceiling if percent_per_year is None else runs_of_percent(to_percent_units(percent_per_year))
    lines = rate_lines(agreed, term.late_interest_from, through_on, at_most=ceiling)
    parts = line_amounts(balance, lines, divisor)
    indemnity_lines = _explained_indemnity(balance, indemnity)
    late_interest, fixed_indemnity = sum(parts, ZERO), explained_total(indemnity_lines)
    explanation = (
        _balance_line(balance),
        *explained_interest(balance, lines, parts, article=MAXIMUM_RATE_ARTICLE, divisor=divisor),
        *indemnity_lines,
    )
    assert explained_total(explanation) == balance + late_interest + fixed_indemnity, "the lines add up"
    return ConsumerClaim(
        late_interest_from=term.late_interest_from,
        days=sum(line.days for line in lines),
        late_interest=late_interest,
        fixed_indemnity=fixed_indemnity,
        total=balance + late_interest + fixed_indemnity,
        explanation=explanation,
    )


def _in_the_free_term(balance: Decimal, term: ReminderTerm) -> ConsumerClaim:
    """Only the balance is due while the term of the reminder runs (BE-XIX-7)."""
    free = Line(
        rule_id="BE-XIX-7",
        article="art. XIX.2 WER/CDE",
        text_key="be.consumer_claim.free_term",
        inputs={"indemnity_from": term.indemnity_from},
    )
    return ConsumerClaim(
        late_interest_from=term.late_interest_from,
        days=0,
        late_interest=ZERO,
        fixed_indemnity=ZERO,
        total=balance,
        explanation=(_balance_line(balance), free),
    )


def _balance_line(balance: Decimal) -> Line:
    article = "art. XIX.4 WER/CDE"
    return Line(rule_id="BE-XIX-17", article=article, text_key="be.consumer_claim.balance", amount=balance)


def _explained_indemnity(balance: Decimal, indemnity: Decimal | None) -> tuple[Line, ...]:
    """The lines of the indemnity: the legal maximum, or what the clause gives when that is less."""
    maximum = legal_maximum(balance)
    if indemnity is None or indemnity > maximum:
        return explained_maximum(balance)
    facts = {"wanted": indemnity, "maximum": maximum, "balance": balance}
    key = "be.indemnity_claim.applied" if indemnity else "be.indemnity_claim.none"
    return (Line(rule_id="BE-XIX-18", article="art. XIX.4 WER/CDE", text_key=key, inputs=facts, amount=indemnity),)
