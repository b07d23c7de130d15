"""What the debtor owes on a day: the one function of `statutes` on the facts that the ledger told."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final, cast, get_args

import statutes
from common.money import to_cents, to_decimal
from contracts.legal import Balance
from dunning.domain.case_file import CaseFile
from dunning.domain.sending_times import law_of
from dunning.domain.strategies import strategies
from statutes import Series, Statement, statement

SERIES: Final = frozenset[str](get_args(Series))


def statement_on(case_file: CaseFile, day: date) -> Statement:
    """Claims, interest, charges and payments as of a day. Raises RateNotVerified."""
    return statement(_claims(case_file), tuple(_postings(case_file)), as_of=day)


def balance_of(owed: Statement) -> Balance:
    """The statement by bucket, in cents; costs with VAT."""
    balance = Balance(
        as_of=owed.as_of,
        principal_cents=to_cents(sum((claim.principal for claim in owed.claims), Decimal(0))),
        late_interest_cents=to_cents(sum((claim.late_interest for claim in owed.claims), Decimal(0))),
        costs_cents=to_cents(sum((claim.costs + claim.vat for claim in owed.claims), Decimal(0))),
        indemnity_cents=to_cents(sum((claim.indemnity for claim in owed.claims), Decimal(0))),
        paid_cents=to_cents(owed.paid),
        open_cents=to_cents(owed.total_open),
    )
    parts = balance.principal_cents + balance.late_interest_cents + balance.costs_cents + balance.indemnity_cents
    assert parts == balance.open_cents, "the buckets add up to what is open"
    return balance


def has_interest_terms(case_file: CaseFile) -> bool:
    """Whether the ledger has told of every claim from when it bears interest."""
    told = {terms.claim_id for terms in case_file.interest}
    return all(claim.terms.claim_id in told for claim in case_file.claims)


def _claims(case_file: CaseFile) -> list[statutes.ClaimTerms]:
    rules = law_of(strategies()[case_file.segment])
    interest = {terms.claim_id: terms for terms in case_file.interest}
    found: list[statutes.ClaimTerms] = []
    for claim in case_file.claims:
        terms = interest.get(claim.terms.claim_id)
        percent = None if terms is None or terms.series is not None else terms.percent_per_year
        found.append(
            statutes.ClaimTerms(
                claim_id=str(claim.terms.claim_id),
                jurisdiction=rules.jurisdiction,
                principal=to_decimal(claim.terms.principal_cents),
                interest_from=None if terms is None else terms.from_on,
                series=None if terms is None else cast("Series | None", terms.series),  # checked when it was told
                percent_per_year=None if percent is None else Decimal(percent),
                compounding=rules.compounding,
            )
        )
    return found


def _postings(case_file: CaseFile) -> Iterator[statutes.Posting]:
    """Charges and payments of the claims that are known; none is of another once all facts are in."""
    known = {claim.terms.claim_id for claim in case_file.claims}
    for charge in case_file.charges:
        if charge.claim_id in known and charge.amount_cents > 0:
            yield statutes.Posting(
                claim_id=str(charge.claim_id),
                kind=charge.kind,
                on=charge.on,
                amount=to_decimal(charge.amount_cents),
            )
    for payment in case_file.payments:
        if payment.claim_id in known:
            yield statutes.Posting(
                claim_id=str(payment.claim_id),
                kind="payment",
                on=payment.value_on,
                amount=to_decimal(payment.amount_cents),
            )
