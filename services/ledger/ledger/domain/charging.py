"""What may be charged on top of principal, and from when: at acceptance between enterprises, else after a notice."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from common.money import to_cents, to_decimal
from ledger.domain.case_account import CaseAccount, Charge, Claim, Interest, position
from ledger.domain.jurisdictions import Country
from statutes import be, interest_rate, nl

CHANNELS: dict[str, Literal["post", "e_mail"]] = {"email": "e_mail", "letter": "post"}


def interest_at_acceptance(case_account: CaseAccount, claim: Claim) -> Interest | None:
    """A debtor in default owes interest from the day after the last day for payment; a Belgian consumer only after his
    first reminder (XIX.2 §4 CDE/WER).
    """
    return INTEREST_AT_ACCEPTANCE[case_account.country](case_account, claim)


def _dutch_interest(case_account: CaseAccount, claim: Claim) -> Interest:
    del case_account
    return _agreed_or(claim, "nl_6_119a" if claim.is_commercial else "nl_6_119")


def _belgian_interest(case_account: CaseAccount, claim: Claim) -> Interest | None:
    return None if case_account.acts_as_consumer else _agreed_or(claim, "be_b2b")


def _agreed_or(claim: Claim, series: str) -> Interest:
    from_on = claim.due_on + timedelta(days=1)
    if claim.agreed_percent is not None:
        return Interest(from_on=from_on, percent_per_year=claim.agreed_percent)
    return Interest(from_on=from_on, series=series)


def charges_at_acceptance(case_account: CaseAccount, claim: Claim) -> list[Charge]:
    """Between enterprises costs are owed without any reminder; the claim is one of the case account's already."""
    return COSTS_AT_ACCEPTANCE[case_account.country](case_account, claim) if claim.is_commercial else []


def _dutch_costs(case_account: CaseAccount, claim: Claim) -> list[Charge]:
    """The tariff once over all claims of the case file (6:96(4), (7) BW), so a joining claim adds the difference."""
    tariff = nl.collection_costs(
        principals=[to_decimal(c.principal_cents) for c in case_account.claims if c.is_commercial],
        creditor_can_deduct_vat=case_account.client_can_deduct_vat,
        is_commercial_contract=True,
        last_payment_on=claim.due_on,
    )
    costs = to_cents(tariff.collection_costs) - case_account.charged_cents("costs")
    vat = to_cents(tariff.vat) - case_account.charged_cents("vat")
    return _charges(claim.claim_id, "NL-BIK-1", claim.due_on + timedelta(days=1), costs=costs, vat=vat)


def _belgian_costs(case_account: CaseAccount, claim: Claim) -> list[Charge]:
    """The fixed sum a claim (art. 6 L-2002)."""
    del case_account
    from_on = claim.due_on + timedelta(days=1)
    owed = be.interest(
        principal=to_decimal(claim.principal_cents),
        series="be_b2b",
        due_on=claim.due_on,
        paid_on=from_on,
        is_commercial_contract=True,
    )
    return _charges(claim.claim_id, "BE-B2B-5", from_on, costs=to_cents(owed.fixed_compensation))


INTEREST_AT_ACCEPTANCE: dict[Country, Callable[[CaseAccount, Claim], Interest | None]] = {
    "NL": _dutch_interest,
    "BE": _belgian_interest,
}
COSTS_AT_ACCEPTANCE: dict[Country, Callable[[CaseAccount, Claim], list[Charge]]] = {
    "NL": _dutch_costs,
    "BE": _belgian_costs,
}


def charges_after_fourteen_days(case_account: CaseAccount, *, from_on: date) -> list[Charge]:
    """Collection costs on the principal that is left when the term of a correct letter has passed (6:96(6) BW); a
    payment inside the term lowers them (HR 25-11-2016).
    """
    owed = position(case_account, as_of=from_on)
    left = [claim for claim in owed.claims if claim.principal > 0]
    if not left:
        return []
    tariff = nl.collection_costs(
        principals=[claim.principal for claim in left], creditor_can_deduct_vat=case_account.client_can_deduct_vat
    )
    costs, vat = to_cents(tariff.collection_costs), to_cents(tariff.vat)
    return _charges(UUID(left[0].claim_id), "NL-BIK-1", from_on, costs=costs, vat=vat)


def charges_after_first_reminder(case_account: CaseAccount, *, from_on: date) -> list[Charge]:
    """The indemnity that the clause gives under the caps of XIX.4 CDE/WER, on what is open when the term ends; of
    several debts the lower of cap per debt and cap on the sum.
    """
    owed = position(case_account, as_of=from_on - timedelta(days=1))
    debts = [(case_account.claim(UUID(claim.claim_id)), claim.open) for claim in owed.claims if claim.open > 0]
    if not debts:
        return []
    left = to_cents(be.indemnity_cap(debts=[be.RemindedDebt(claimed=balance) for _, balance in debts]).maximum)
    charges: list[Charge] = []
    for claim, balance in debts:
        clause = claim.clause and be.IndemnityClause(
            fixed=to_decimal(claim.clause.fixed_cents),
            percent=Decimal(claim.clause.percent),
            minimum=_amount(claim.clause.minimum_cents),
            maximum=_amount(claim.clause.maximum_cents),
        )
        asked = be.indemnity_claim(balance=balance, contract_on=claim.contract_on, indemnity_clause=clause)
        cents = min(left, to_cents(asked.fixed_indemnity))
        left -= cents
        if cents:
            charges.append(
                Charge(claim_id=claim.claim_id, kind="indemnity", amount_cents=cents, on=from_on, rule="BE-XIX-16")
            )
    return charges


def interest_after_first_reminder(
    case_account: CaseAccount, *, sent_on: date, channel: Literal["post", "e_mail"], from_on: date
) -> tuple[Claim, ...]:
    """Claims with an agreed rate bear interest now, at most the legal maximum of the day on which the term ended;
    without an agreed rate the agency asks none, and none on what is paid already.
    """
    still_open = {claim.claim_id for claim in position(case_account, as_of=from_on).claims if claim.open > 0}
    term = be.reminder_term(sent_on=sent_on, channel=channel, creditor_is_sme=case_account.client_is_sme)
    ceiling = interest_rate(series="be_b2b", as_of=from_on).percent
    return tuple(
        replace(
            claim,
            interest=Interest(
                from_on=term.late_interest_from,
                percent_per_year=str(min(Decimal(claim.agreed_percent), ceiling)),
            ),
        )
        if claim.agreed_percent is not None and claim.interest is None and str(claim.claim_id) in still_open
        else claim
        for claim in case_account.claims
    )


def _charges(claim_id: UUID, rule: str, on: date, *, costs: int, vat: int = 0) -> list[Charge]:
    charges: Sequence[Charge] = (
        Charge(claim_id=claim_id, kind="costs", amount_cents=costs, on=on, rule=rule),
        Charge(claim_id=claim_id, kind="vat", amount_cents=vat, on=on, rule="NL-VAT-1"),
    )
    return [charge for charge in charges if charge.amount_cents > 0]


def _amount(cents: int | None) -> Decimal | None:
    return None if cents is None else to_decimal(cents)
