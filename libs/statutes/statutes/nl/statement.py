"""The topic `nl.statement`: payments that name the claims they go to, answered by the code of `statutes.statement`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from statutes.balance import ClaimBalance, cover
from statutes.days import LeapDayAnniversary
from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.money import ZERO, Amount, Percent, from_cents, to_cents
from statutes.nl.checks import not_negative, positive
from statutes.policies import (
    DAY_COUNT,
    INTEREST_LABEL,
    LEAP_DAY_ANNIVERSARY,
    SPLIT_EQUAL_RATE,
    DayCount,
    InterestLabel,
)
from statutes.rates import DutchSeries
from statutes.statement import ClaimTerms, Compounding, StatementPolicies, balance_of, open_cents
from statutes.statement_lines import accrual_lines, covered_lines
from statutes.topics import topic


@dataclass(frozen=True, kw_only=True)
class StatementClaim:
    """A claim with interest; `costs` with VAT, due from `costs_due_from` (null: from the start)."""

    claim_id: str
    principal: Amount
    from_on: date
    costs: Amount = ZERO
    costs_due_from: date | None = None
    series: DutchSeries | None = None
    percent_per_year: Percent | None = None
    surcharge_points: Percent = Decimal(0)
    compounding: Compounding = "yearly"


@dataclass(frozen=True, kw_only=True)
class StatementPayment:
    """A payment and the claims that it goes to, in that order."""

    paid_on: date
    amount: Amount
    designated: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ClaimPart:
    """What a payment covered of a claim; `costs` with VAT."""

    claim_id: str
    costs: Amount
    late_interest: Amount
    principal: Amount


@dataclass(frozen=True, kw_only=True)
class PaymentAllocation:
    """A payment by claim, and what was over."""

    paid_on: date
    parts: tuple[ClaimPart, ...]
    overpayment: Amount


@dataclass(frozen=True, kw_only=True)
class OpenPosition:
    """What a claim has open on the day of the statement."""

    claim_id: str
    costs: Amount
    late_interest: Amount
    principal: Amount
    open: Amount


@dataclass(frozen=True, kw_only=True)
class ClaimsStatement:
    """What is owed on a day; its explanation adds up to `total_open`."""

    allocations: tuple[PaymentAllocation, ...]
    claims: tuple[OpenPosition, ...]
    total_open: Amount
    total_late_interest: Amount
    explanation: tuple[Line, ...] = field(default=())


@topic(
    "nl.statement",
    rules=(
        "NL-ALL-2", "NL-ALL-5", "NL-ALL-6", "NL-ALL-9", "NL-INT-3", "NL-INT-6", "NL-INT-7", "NL-INT-8", "NL-INT-10",
    ),
)  # fmt: skip
def statement(
    *,
    claims: Sequence[StatementClaim],
    payments: Sequence[StatementPayment] = (),
    as_of: date,
    day_count: DayCount = DAY_COUNT,
    split_equal_rate: bool = SPLIT_EQUAL_RATE,
    leap_day_anniversary: LeapDayAnniversary = LEAP_DAY_ANNIVERSARY,
    payment_day_counts: bool | None = None,
    capitalised_interest_label: InterestLabel = INTEREST_LABEL,
) -> ClaimsStatement:
    """What is owed on `as_of`, whose own interest does not count, in euro (6:44, 6:119, 6:119a BW); lines half up.

    A payment goes to the claims it designates in that order, inside each to costs that are due, interest of the running
    year, capitalised interest, principal. Raises `InvalidInput` for a payment after `as_of`, of zero or less, out of
    order, or to an unknown claim; `RateNotVerified` for a day without a rate while something bears interest.
    """
    _check(claims, payments, as_of)
    policies = StatementPolicies(
        day_count=day_count,
        split_equal_rate=split_equal_rate,
        leap_day_anniversary=leap_day_anniversary,
        payment_day_counts=payment_day_counts,
        capitalised_interest_label=capitalised_interest_label,
    )
    terms = {claim.claim_id: _terms(claim) for claim in claims}
    balances = {claim_id: balance_of(each, as_of=as_of, policies=policies) for claim_id, each in terms.items()}
    charged: set[str] = set()
    allocations: list[PaymentAllocation] = []
    for payment in payments:
        _charge_due(claims, balances, charged, payment.paid_on)
        allocations.append(_allocated(payment, balances, as_of))
    _charge_due(claims, balances, charged, as_of)
    for balance in balances.values():
        balance.close(as_of.toordinal())
    return ClaimsStatement(
        allocations=tuple(allocations),
        claims=tuple(_position(claim_id, balance) for claim_id, balance in balances.items()),
        total_open=from_cents(sum(open_cents(balance) for balance in balances.values())),
        total_late_interest=from_cents(sum(balance.total_late_interest for balance in balances.values())),
        explanation=_lines(claims, balances, charged, allocations),
    )


def _check(claims: Sequence[StatementClaim], payments: Sequence[StatementPayment], as_of: date) -> None:
    known = {claim.claim_id for claim in claims}
    if len(known) != len(claims):
        raise InvalidInput("claims: a claim_id stands twice")
    for claim in claims:
        not_negative(principal=claim.principal, costs=claim.costs)
        if (claim.series is None) == (claim.percent_per_year is None):
            raise InvalidInput(f"claims: {claim.claim_id} needs either series or percent_per_year")
    days = [payment.paid_on for payment in payments]
    if days != sorted(days):
        raise InvalidInput("payments: must be in order of day")
    for at, payment in enumerate(payments):
        positive(f"payments[{at}].amount", payment.amount)
        if payment.paid_on > as_of:
            raise InvalidInput(f"payments[{at}].paid_on: lies after as_of")
        if not known.issuperset(payment.designated):
            raise InvalidInput(f"payments[{at}].designated: names a claim that is not there")


def _terms(claim: StatementClaim) -> ClaimTerms:
    return ClaimTerms(
        claim_id=claim.claim_id,
        jurisdiction="nl",
        principal=claim.principal,
        interest_from=claim.from_on,
        series=claim.series,
        percent_per_year=claim.percent_per_year,
        surcharge_points=claim.surcharge_points,
        compounding=claim.compounding,
    )


def _charge_due(
    claims: Sequence[StatementClaim], balances: dict[str, ClaimBalance], charged: set[str], day: date
) -> None:
    for claim in claims:
        due = claim.costs_due_from is None or claim.costs_due_from <= day
        if due and claim.claim_id not in charged:
            balances[claim.claim_id].costs += to_cents(claim.costs)
            charged.add(claim.claim_id)


def _allocated(payment: StatementPayment, balances: dict[str, ClaimBalance], as_of: date) -> PaymentAllocation:
    rest = to_cents(payment.amount)
    parts: list[ClaimPart] = []
    for claim_id in payment.designated:
        balance = balances[claim_id]
        balance.pass_to(payment.paid_on.toordinal(), as_of=as_of.toordinal())
        given = rest
        covered, rest = cover(balance, rest, balance.order)
        if rest != given:
            parts.append(
                ClaimPart(
                    claim_id=claim_id,
                    costs=from_cents(covered.costs),
                    late_interest=from_cents(covered.late_interest),
                    principal=from_cents(covered.principal),
                )
            )
    return PaymentAllocation(paid_on=payment.paid_on, parts=tuple(parts), overpayment=from_cents(rest))


def _position(claim_id: str, balance: ClaimBalance) -> OpenPosition:
    return OpenPosition(
        claim_id=claim_id,
        costs=from_cents(balance.costs),
        late_interest=from_cents(balance.late_interest),
        principal=from_cents(balance.principal),
        open=from_cents(open_cents(balance)),
    )


def _lines(
    claims: Sequence[StatementClaim],
    balances: dict[str, ClaimBalance],
    charged: set[str],
    allocations: Sequence[PaymentAllocation],
) -> tuple[Line, ...]:
    lines: list[Line] = []
    for claim in claims:
        named = {"claim_id": claim.claim_id}
        lines.append(
            Line(rule_id="NL-WKI-8", text_key="statement.principal", inputs=dict(named), amount=claim.principal)
        )
        lines += accrual_lines(balances[claim.claim_id].lines, "nl", claim.series)
        if claim.costs and claim.claim_id in charged:
            due_from = claim.costs_due_from or claim.from_on
            lines.append(
                Line(rule_id="NL-ALL-7", text_key="statement.costs", inputs={"on": due_from}, amount=claim.costs)
            )
    for allocation in allocations:
        for part in allocation.parts:
            covered = {"costs": part.costs, "late_interest": part.late_interest, "principal": part.principal}
            lines += covered_lines("payment", allocation.paid_on, covered, "nl")
    return tuple(lines)
