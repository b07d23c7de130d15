"""What is owed on a day: one pure function of a claim's terms and its postings, for both countries.

Every service asks it, so that their figures agree. Its time grows with rate changes, anniversaries and postings, never
with days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Final, Literal, TypeAlias

from statutes.accrual import AccrualLine, BelgianAccrual, DutchAccrual
from statutes.balance import CREDIT_ORDER, BelgianBalance, ClaimBalance, Covered, DutchBalance, cover
from statutes.days import LeapDayAnniversary
from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.money import Amount, Percent, from_cents, to_cents, to_percent_units
from statutes.policies import (
    DAY_COUNT,
    DIVISOR,
    INDEMNITY_RANK,
    INTEREST_LABEL,
    LEAP_DAY_ANNIVERSARY,
    SPLIT_EQUAL_RATE,
    DayCount,
    Divisor,
    IndemnityRank,
    InterestLabel,
)
from statutes.rates import COMMERCIAL_DUTCH_SERIES, RateRuns, Series, runs_of_percent, runs_of_series
from statutes.statement_lines import statement_lines
from statutes.topics import cites

cites(
    "NL-ALL-2", "NL-ALL-5", "NL-ALL-6", "NL-ALL-7", "NL-ALL-9", "NL-INT-3", "NL-INT-6", "NL-INT-9", "BE-GEN-2",
    "BE-GEN-3", "BE-INT-2", "BE-INT-3", "BE-INT-4", "BE-ALL-2", "BE-ALL-3", by="statutes.statement",
)  # fmt: skip

Jurisdiction: TypeAlias = Literal["nl", "be"]
PostingKind: TypeAlias = Literal["costs", "vat", "indemnity", "payment", "credit"]
Compounding: TypeAlias = Literal["yearly", "none"]

RANK_ON_A_DAY: Final[Mapping[PostingKind, int]] = {"costs": 0, "vat": 0, "indemnity": 0, "credit": 1, "payment": 2}
NO_INTEREST: Final = runs_of_percent(0)


@dataclass(frozen=True, kw_only=True)
class ClaimTerms:
    """One claim before any posting. `principal` with VAT; `interest_from` is the first day that bears interest.

    `series` or `percent_per_year` (per year, in percent), or neither for a claim without interest. A Belgian claim has
    `compounding="none"`.
    """

    claim_id: str
    jurisdiction: Jurisdiction
    principal: Decimal
    interest_from: date | None
    series: Series | None
    percent_per_year: Decimal | None = None
    surcharge_points: Decimal = Decimal(0)
    compounding: Compounding = "yearly"


@dataclass(frozen=True, kw_only=True)
class Posting:
    """What happened to a claim: costs, VAT or indemnity due from a day, a payment by value date, or a credit.

    A credit is a sum that the creditor lets go, as a credit note: it lowers the principal first. `amount` is positive.
    """

    claim_id: str
    kind: PostingKind
    on: date
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class StatementPolicies:
    """The choices that the law leaves; the defaults are those of `statutes.policies`.

    `payment_day_counts` null: by series (NL-INT-3); a Belgian day of payment always counts (BE-GEN-3).
    """

    day_count: DayCount = DAY_COUNT
    split_equal_rate: bool = SPLIT_EQUAL_RATE
    leap_day_anniversary: LeapDayAnniversary = LEAP_DAY_ANNIVERSARY
    payment_day_counts: bool | None = None
    capitalised_interest_label: InterestLabel = INTEREST_LABEL
    divisor: Divisor = DIVISOR
    indemnity_rank: IndemnityRank = INDEMNITY_RANK


DEFAULT_POLICIES: Final = StatementPolicies()


@dataclass(frozen=True, kw_only=True)
class ClaimPosition:
    """What a claim has open, in euro."""

    claim_id: str
    principal: Amount
    late_interest: Amount
    costs: Amount
    vat: Amount
    indemnity: Amount
    open: Amount


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """What one payment (or credit) covered of one claim, and what was over; they add up to it."""

    on: date
    claim_id: str
    kind: Literal["payment", "credit"]
    costs: Amount
    vat: Amount
    late_interest: Amount
    principal: Amount
    indemnity: Amount
    overpayment: Amount


@dataclass(frozen=True, kw_only=True)
class InterestLine:
    """Interest of the days from `from_on` through `through_on` on one base at one percentage."""

    claim_id: str
    from_on: date
    through_on: date
    percent: Percent
    base: Amount
    late_interest: Amount


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What is owed on a day. The explanation adds up to `total_open`; it is made when it is asked for."""

    as_of: date
    claims: tuple[ClaimPosition, ...]
    allocations: tuple[Allocation, ...]
    total_open: Amount
    total_late_interest: Amount
    paid: Amount
    overpayment: Amount
    _terms: Sequence[ClaimTerms] = field(repr=False, compare=False)
    _charges: Sequence[Posting] = field(repr=False, compare=False)
    _accrued: Mapping[str, Sequence[AccrualLine]] = field(repr=False, compare=False)

    @cached_property
    def explanation(self) -> tuple[Line, ...]:
        """Principals, interest line by line, costs and indemnity, less what was covered."""
        return statement_lines(self._terms, self._charges, self._accrued, self.allocations)


def statement(
    claims: Sequence[ClaimTerms],
    postings: Sequence[Posting],
    *,
    as_of: date,
    policies: StatementPolicies = DEFAULT_POLICIES,
) -> Statement:
    """What is owed on a day, in euro, with every payment allocated to its claim's costs, interest and principal.

    Dutch claims: yearly capitalisation, each line half up, interest of the days before `as_of` (6:119, 6:119a, 6:44
    BW). Belgian claims: simple interest through `as_of`, rounded once (BE-GEN-2, -3; 5.210 Civil code). Postings after
    `as_of` do not count. Raises `InvalidInput` for terms or postings that cannot be, `RateNotVerified` for a day
    without a verified rate while something bears interest.
    """
    balances = {terms.claim_id: balance_of(terms, as_of=as_of, policies=policies) for terms in claims}
    if len(balances) != len(claims):
        raise InvalidInput("claims: a claim_id stands twice")
    counted = sorted(
        (posting for posting in postings if posting.on <= as_of), key=lambda each: (each.on, RANK_ON_A_DAY[each.kind])
    )
    allocations: list[Allocation] = []
    paid_cents = 0
    last_day = as_of.toordinal()
    for posting in counted:
        balance = balances.get(posting.claim_id)
        if balance is None or posting.amount <= 0:
            raise InvalidInput(f"postings: {posting.claim_id} has no such claim, or an amount of zero or less")
        cents = to_cents(posting.amount)
        match posting.kind:
            case "payment" | "credit" as kind:
                balance.pass_to(posting.on.toordinal(), as_of=last_day)
                covered, over = cover(balance, cents, balance.order if kind == "payment" else CREDIT_ORDER)
                allocations.append(_allocation(posting.on, posting.claim_id, kind, covered, over))
                paid_cents += cents if kind == "payment" else 0
            case charged:
                charge(balance, charged, cents)
    for balance in balances.values():
        balance.close(last_day)
    return Statement(
        as_of=as_of,
        claims=tuple(position_of(claim_id, balance) for claim_id, balance in balances.items()),
        allocations=tuple(allocations),
        total_open=from_cents(sum(open_cents(balance) for balance in balances.values())),
        total_late_interest=from_cents(sum(balance.total_late_interest for balance in balances.values())),
        paid=from_cents(paid_cents),
        overpayment=sum((allocation.overpayment for allocation in allocations), from_cents(0)),
        _terms=claims,
        _charges=[posting for posting in counted if posting.kind not in ("payment", "credit")],
        _accrued={claim_id: balance.lines for claim_id, balance in balances.items()},
    )


def balance_of(terms: ClaimTerms, *, as_of: date, policies: StatementPolicies) -> ClaimBalance:
    """The balance of a claim on its first day.

    Raises `InvalidInput` for terms that cannot be.
    """
    _check(terms)
    start = terms.interest_from
    runs = _runs(terms, as_of, policies)
    principal = to_cents(terms.principal)
    if terms.jurisdiction == "be":
        first = as_of.toordinal() + 1 if start is None else start.toordinal()
        simple = BelgianAccrual(principal=principal, runs=runs, start=first, actual_days=policies.divisor == "actual")
        return BelgianBalance(simple, indemnity_first=policies.indemnity_rank == "before_principal")
    counts = policies.payment_day_counts
    accrual = DutchAccrual(
        principal=principal,
        runs=runs,
        start=as_of if start is None else start,
        yearly=terms.compounding == "yearly",
        day_count=policies.day_count,
        leap_day=policies.leap_day_anniversary,
        skip_without_base=True,
    )
    return DutchBalance(
        accrual,
        payment_day_counts=terms.series in COMMERCIAL_DUTCH_SERIES if counts is None else counts,
        capitalised_is_principal=policies.capitalised_interest_label == "principal",
    )


def charge(balance: ClaimBalance, kind: Literal["costs", "vat", "indemnity"], cents: int) -> None:
    """Add what has become due; it bears no interest (NL-INT-9, BE-INT-2)."""
    if kind == "costs":
        balance.costs += cents
    elif kind == "vat":
        balance.vat += cents
    else:
        balance.indemnity += cents


def open_cents(balance: ClaimBalance) -> int:
    """All that a claim has open."""
    return balance.principal + balance.late_interest + balance.costs + balance.vat + balance.indemnity


def position_of(claim_id: str, balance: ClaimBalance) -> ClaimPosition:
    """What a claim has open, in euro."""
    return ClaimPosition(
        claim_id=claim_id,
        principal=from_cents(balance.principal),
        late_interest=from_cents(balance.late_interest),
        costs=from_cents(balance.costs),
        vat=from_cents(balance.vat),
        indemnity=from_cents(balance.indemnity),
        open=from_cents(open_cents(balance)),
    )


def _allocation(on: date, claim_id: str, kind: Literal["payment", "credit"], covered: Covered, over: int) -> Allocation:
    return Allocation(
        on=on,
        claim_id=claim_id,
        kind=kind,
        costs=from_cents(covered.costs),
        vat=from_cents(covered.vat),
        late_interest=from_cents(covered.late_interest),
        principal=from_cents(covered.principal),
        indemnity=from_cents(covered.indemnity),
        overpayment=from_cents(over),
    )


def _runs(terms: ClaimTerms, as_of: date, policies: StatementPolicies) -> RateRuns:
    split = policies.split_equal_rate and terms.jurisdiction == "nl"
    if terms.series is not None:
        surcharge = to_percent_units(terms.surcharge_points)
        return runs_of_series(terms.series, surcharge_units=surcharge, split_equal_rate=split)
    if terms.percent_per_year is None or terms.interest_from is None:
        return NO_INTEREST
    units = to_percent_units(terms.percent_per_year)
    return (
        runs_of_percent(units, split_from=terms.interest_from, split_until=as_of) if split else runs_of_percent(units)
    )


def _check(terms: ClaimTerms) -> None:
    if terms.principal < 0:
        raise InvalidInput(f"claims: {terms.claim_id} has a principal below zero")
    if terms.series is not None and terms.percent_per_year is not None:
        raise InvalidInput(f"claims: {terms.claim_id} has both a series and an agreed percentage")
    if terms.series is None and terms.surcharge_points:
        raise InvalidInput(f"claims: {terms.claim_id} has a surcharge without a series")
    if (terms.percent_per_year or 0) < 0 or terms.surcharge_points < 0:
        raise InvalidInput(f"claims: {terms.claim_id} has a percentage below zero")
    if terms.jurisdiction == "be" and terms.compounding != "none":
        raise InvalidInput(f"claims: {terms.claim_id} is Belgian, whose interest is never capitalised (BE-INT-2)")
