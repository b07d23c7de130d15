"""What a debtor owes on one case file, and what his payments cover. All figures come from `statutes`."""

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal, cast
from uuid import UUID

from common.errors import InvalidMessage
from common.money import to_cents, to_decimal
from ledger.domain.jurisdictions import JURISDICTIONS, Country
from statutes import ClaimTerms, Posting, Statement, statement
from statutes.errors import LawError

WAIVED_INTEREST_DAYS = 21  # not law: what the creditor lets go
"""Who pays what his notice asked is not sent another for the days in between: so much interest is let go."""

Bucket = Literal["costs", "vat", "late_interest", "principal", "indemnity"]
BUCKETS: tuple[Bucket, ...] = ("costs", "vat", "late_interest", "principal", "indemnity")


@dataclass(frozen=True, kw_only=True)
class Clause:
    """An indemnity clause as agreed."""

    fixed_cents: int
    percent: str
    minimum_cents: int | None
    maximum_cents: int | None


@dataclass(frozen=True, kw_only=True)
class Interest:
    """From when a claim bears interest, by a statutory series or an agreed rate."""

    from_on: date
    series: str | None = None
    percent_per_year: str | None = None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim as the ledger needs it."""

    claim_id: UUID
    principal_cents: int
    due_on: date
    contract_on: date
    is_commercial: bool
    agreed_percent: str | None
    clause: Clause | None
    interest: Interest | None


@dataclass(frozen=True, kw_only=True)
class Charge:
    """Costs, VAT or indemnity, due from a day."""

    claim_id: UUID
    kind: Literal["costs", "vat", "indemnity"]
    amount_cents: int
    on: date
    rule: str


@dataclass(frozen=True, kw_only=True)
class Share:
    """The part of a payment, or of what is let go, that falls on one claim."""

    payment_id: UUID
    claim_id: UUID
    kind: Literal["payment", "credit"]
    amount_cents: int
    on: date


@dataclass(frozen=True, kw_only=True)
class CaseAccount:
    """All postings of one case file."""

    client_id: UUID
    country: Country
    acts_as_consumer: bool
    client_is_sme: bool
    client_can_deduct_vat: bool
    reference_number: str
    claims: tuple[Claim, ...] = ()
    charges: tuple[Charge, ...] = ()
    shares: tuple[Share, ...] = ()
    notices_answered: tuple[UUID, ...] = ()
    overpaid_cents: int = 0
    paid_on: date | None = None

    def claim(self, claim_id: UUID) -> Claim:
        """The claim of this id."""
        return next(claim for claim in self.claims if claim.claim_id == claim_id)

    def with_charges(self, charges: Sequence[Charge]) -> "CaseAccount":
        """The same with more charged."""
        return replace(self, charges=(*self.charges, *charges))

    def charged_cents(self, kind: str) -> int:
        """What was charged of one kind so far."""
        return sum(charge.amount_cents for charge in self.charges if charge.kind == kind)


@contextmanager
def law_or_desk() -> Generator[None]:
    """What the law cannot answer for a day goes to a person, never guessed."""
    try:
        yield
    except LawError as fault:
        raise InvalidMessage("law_not_answered", f"{type(fault).__name__}: {fault}") from fault


def position(case_account: CaseAccount, *, as_of: date) -> Statement:
    """What is owed on a day; never before the day after the last payment, for a day of payment may bear interest."""
    after_last = max((share.on + timedelta(days=1) for share in case_account.shares), default=as_of)
    return statement(
        [_terms(case_account, claim) for claim in case_account.claims],
        list(_postings(case_account)),
        as_of=max(as_of, after_last),
    )


def _terms(case_account: CaseAccount, claim: Claim) -> ClaimTerms:
    jurisdiction = JURISDICTIONS[case_account.country]
    interest = claim.interest
    rate = interest.percent_per_year if interest else None
    return ClaimTerms(
        claim_id=str(claim.claim_id),
        jurisdiction=jurisdiction.law,
        principal=to_decimal(claim.principal_cents),
        interest_from=interest.from_on if interest else None,
        series=cast("None", interest.series) if interest else None,
        percent_per_year=Decimal(rate) if rate is not None else None,
        compounding=jurisdiction.compounding,
    )


def _postings(case_account: CaseAccount) -> Iterator[Posting]:
    for charge in case_account.charges:
        if charge.amount_cents:
            yield Posting(
                claim_id=str(charge.claim_id), kind=charge.kind, on=charge.on, amount=to_decimal(charge.amount_cents)
            )
    for share in sorted(case_account.shares, key=lambda share: share.on):
        yield Posting(claim_id=str(share.claim_id), kind=share.kind, on=share.on, amount=to_decimal(share.amount_cents))


def covered_cents(owed: Statement, *kinds: Literal["payment", "credit"]) -> Counter[tuple[UUID, Bucket]]:
    """What all payments, all credits, or (no kind named) both together cover, by claim and bucket."""
    covered: Counter[tuple[UUID, Bucket]] = Counter()
    for allocation in owed.allocations:
        if kinds and allocation.kind not in kinds:
            continue
        for bucket in BUCKETS:
            covered[UUID(allocation.claim_id), bucket] += to_cents(getattr(allocation, bucket))
    return covered


def overpaid_cents(owed: Statement) -> int:
    """What payments were too much; a credit that finds less to let go than before gives nobody money."""
    return sum(to_cents(allocation.overpayment) for allocation in owed.allocations if allocation.kind == "payment")


@dataclass(frozen=True, kw_only=True)
class Covering:
    """What one payment changed: cents by claim and bucket, what it was too much, and what was let go after it."""

    case_account: CaseAccount
    parts: Counter[tuple[UUID, Bucket]]
    written_off: Counter[tuple[UUID, Bucket]]
    overpaid_cents: int
    open_cents: int

    @property
    def written_off_cents(self) -> int:
        """All that was let go."""
        return sum(self.written_off.values())


def cover(case_account: CaseAccount, *, payment_id: UUID, amount_cents: int, value_on: date) -> Covering:
    """Let a payment cover what it covers by law: first which claim (6:43 BW, 5.208 BW), then what of it (6:44, 5.210).

    The parts are the difference to what was covered before, so that a payment with an earlier value date corrects what
    later ones had covered. What is more than owed is kept apart.
    """
    day_after = value_on + timedelta(days=1)
    before = position(case_account, as_of=day_after)
    shares = list(_shares(case_account, before, payment_id=payment_id, amount_cents=amount_cents, value_on=value_on))
    paid = replace(case_account, shares=(*case_account.shares, *shares))
    after = position(paid, as_of=day_after)
    overpaid = amount_cents - sum(share.amount_cents for share in shares)
    overpaid += overpaid_cents(after) - overpaid_cents(before)
    if not 0 <= overpaid <= amount_cents:
        raise InvalidMessage("overpayment_changed", "this payment changes by its value date what others overpaid")
    parts = covered_cents(after, "payment")
    parts.subtract(covered_cents(before, "payment"))
    rest = _let_go(paid, after, payment_id=payment_id, value_on=value_on)
    closed = replace(paid, shares=(*paid.shares, *rest), overpaid_cents=paid.overpaid_cents + overpaid)
    final = position(closed, as_of=day_after)
    written_off = covered_cents(final)
    written_off.subtract(covered_cents(before))
    written_off.subtract(parts)
    open_cents = to_cents(final.total_open)
    if open_cents == 0 and closed.paid_on is None:
        closed = replace(closed, paid_on=value_on)
    assert sum(parts.values()) + overpaid == amount_cents, "a payment is covered whole or kept apart"
    return Covering(
        case_account=closed, parts=parts, written_off=written_off, overpaid_cents=overpaid, open_cents=open_cents
    )


def reallocated(before: CaseAccount, after: CaseAccount) -> Counter[tuple[UUID, Bucket]]:
    """What earlier payments cover otherwise since a charge or an interest term was added that is due before them: cents
    by claim and bucket. Raises InvalidMessage if an overpayment changed: a person decides about it.
    """
    if not before.shares:
        return Counter()
    last_on = max(share.on for share in before.shares)
    was, now_is = position(before, as_of=last_on), position(after, as_of=last_on)
    if overpaid_cents(was) != overpaid_cents(now_is):
        raise InvalidMessage("overpayment_changed", "a charge would take what was overpaid before; look what is owed")
    parts = covered_cents(now_is)
    parts.subtract(covered_cents(was))
    return parts


def _shares(
    case_account: CaseAccount, owed: Statement, *, payment_id: UUID, amount_cents: int, value_on: date
) -> Iterator[Share]:
    jurisdiction = JURISDICTIONS[case_account.country]
    open_claims = [
        jurisdiction.open_claim(
            claim_id=claim.claim_id,
            open=claim.open,
            percent=_burden(case_account.claim(UUID(claim.claim_id))),
            due_on=case_account.claim(UUID(claim.claim_id)).due_on,
        )
        for claim in owed.claims
        if claim.open > 0
    ]
    if not open_claims:
        return
    split = jurisdiction.allocation_across_claims(claims=open_claims, amount=to_decimal(amount_cents), paid_on=value_on)
    for share in split.allocations:
        yield Share(
            payment_id=payment_id,
            claim_id=UUID(share.claim_id),
            kind="payment",
            amount_cents=to_cents(share.amount),
            on=value_on,
        )


def _burden(claim: Claim) -> Decimal:
    """How burdensome a claim is to the debtor: its agreed rate, or a commercial claim before another."""
    rate = claim.interest.percent_per_year if claim.interest else None
    return Decimal(rate) if rate is not None else Decimal(int(claim.is_commercial))


def _let_go(case_account: CaseAccount, owed: Statement, *, payment_id: UUID, value_on: date) -> list[Share]:
    """The remainder, when it is no more than the interest of the last days; never where nothing was paid."""
    open_cents = to_cents(owed.total_open)
    if open_cents == 0:
        return []
    earlier = position(replace(case_account, shares=()), as_of=value_on - timedelta(days=WAIVED_INTEREST_DAYS))
    until_now = position(replace(case_account, shares=()), as_of=value_on + timedelta(days=1))
    recent = to_cents(until_now.total_late_interest) - to_cents(earlier.total_late_interest)
    if open_cents > recent:
        return []
    return [
        Share(
            payment_id=payment_id,
            claim_id=UUID(claim.claim_id),
            kind="credit",
            amount_cents=to_cents(claim.open),
            on=value_on,
        )
        for claim in owed.claims
        if claim.open > 0
    ]
