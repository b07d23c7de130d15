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
from contracts.dunning import NoticeType
from contracts.legal import Balance
from ledger.domain.jurisdictions import JURISDICTIONS, Country
from statutes import ClaimTerms, Posting, Statement, statement
from statutes.errors import LawError

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
    """Costs, VAT or indemnity, due from a day; after a notice, with what its journal is found by."""

    claim_id: UUID
    kind: Literal["costs", "vat", "indemnity"]
    amount_cents: int
    on: date
    rule: str
    notice_id: UUID | None = None
    ground: str = ""
    booked_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class ExpiredTerm:
    """A term that passed unpaid, and the claims that were open then: a payment inside it may still become known."""

    notice_id: UUID
    notice_type: NoticeType
    channel: Literal["email", "letter"]
    sent_on: date
    charges_from: date
    claim_ids: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class Payment:
    """A payment as the bank booked it, by value date."""

    payment_id: UUID
    amount_cents: int
    on: date


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
    payments: tuple[Payment, ...] = ()  # in the order in which they were matched
    shares: tuple[Share, ...] = ()
    terms: tuple[ExpiredTerm, ...] = ()
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


def balance_of(owed: Statement) -> Balance:
    """A statement by bucket, in cents; costs with VAT."""
    balance = Balance(
        as_of=owed.as_of,
        principal_cents=sum(to_cents(claim.principal) for claim in owed.claims),
        late_interest_cents=sum(to_cents(claim.late_interest) for claim in owed.claims),
        costs_cents=sum(to_cents(claim.costs + claim.vat) for claim in owed.claims),
        indemnity_cents=sum(to_cents(claim.indemnity) for claim in owed.claims),
        paid_cents=to_cents(owed.paid),
        open_cents=to_cents(owed.total_open),
    )
    parts = balance.principal_cents + balance.late_interest_cents + balance.costs_cents + balance.indemnity_cents
    assert parts == balance.open_cents, "the buckets add up to what is open"
    return balance


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
