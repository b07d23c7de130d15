"""What may be charged on top of principal, and from when: at acceptance between enterprises, else after a notice."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from common.money import to_cents, to_decimal
from ledger.domain.case_account import CaseAccount, Charge, Claim, Interest, position
from statutes import be, interest_rate, nl


def interest_at_acceptance(case: CaseAccount, claim: Claim) -> Interest | None:
    """A debtor in default owes interest from the day after the last day for payment; a Belgian consumer only after his
    first reminder (XIX.2 §4 CDE/WER).
    """
    from_on = claim.due_on + timedelta(days=1)
    if claim.agreed_percent is not None and not (case.country == "BE" and case.acts_as_consumer):
        return Interest(from_on=from_on, percent_per_year=claim.agreed_percent)
    if case.country == "NL":
        return Interest(from_on=from_on, series="nl_6_119a" if claim.is_commercial else "nl_6_119")
    return None if case.acts_as_consumer else Interest(from_on=from_on, series="be_b2b")


def charges_at_acceptance(case: CaseAccount, claim: Claim) -> list[Charge]:
    """Between enterprises costs are owed without any reminder. NL: the tariff once over all claims of the case file
    (6:96(4), (7) BW), so a joining claim adds the difference. BE: the fixed sum a claim (art. 6 L-2002).
    """
    if not claim.is_commercial:
        return []
    from_on = claim.due_on + timedelta(days=1)
    if case.country == "BE":
        owed = be.interest(
            principal=to_decimal(claim.principal_cents),
            series="be_b2b",
            due_on=claim.due_on,
            paid_on=from_on,
            is_commercial_contract=True,
        )
        return _charges(claim.claim_id, "BE-B2B-5", from_on, costs=to_cents(owed.fixed_compensation))
    claims = [c for c in case.claims if c.is_commercial]
    tariff = nl.collection_costs(
        principals=[to_decimal(c.principal_cents) for c in claims],
        creditor_can_deduct_vat=case.client_can_deduct_vat,
        is_commercial_contract=True,
        last_payment_on=claim.due_on,
    )
    costs = to_cents(tariff.collection_costs) - case.charged_cents("costs")
    vat = to_cents(tariff.vat) - case.charged_cents("vat")
    return _charges(claim.claim_id, "NL-BIK-1", from_on, costs=costs, vat=vat)


def charges_after_fourteen_days(case: CaseAccount, *, from_on: date) -> list[Charge]:
    """Collection costs on the principal that is left when the term of a correct letter has passed (6:96(6) BW); a
    payment inside the term lowers them (HR 25-11-2016).
    """
    owed = position(case, as_of=from_on)
    left = [claim for claim in owed.claims if claim.principal > 0]
    if not left:
        return []
    tariff = nl.collection_costs(
        principals=[claim.principal for claim in left], creditor_can_deduct_vat=case.client_can_deduct_vat
    )
    costs, vat = to_cents(tariff.collection_costs), to_cents(tariff.vat)
    return _charges(UUID(left[0].claim_id), "NL-BIK-1", from_on, costs=costs, vat=vat)


def charges_after_first_reminder(case: CaseAccount, *, from_on: date) -> list[Charge]:
    """The indemnity that the clause gives under the caps of XIX.4 CDE/WER, on what is open when the term ends; of
    several debts the lower of cap per debt and cap on the sum.
    """
    owed = position(case, as_of=from_on - timedelta(days=1))
    debts = [(case.claim(UUID(claim.claim_id)), claim.open) for claim in owed.claims if claim.open > 0]
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
    case: CaseAccount, *, sent_on: date, channel: Literal["post", "e_mail"], from_on: date
) -> tuple[Claim, ...]:
    """Claims with an agreed rate bear interest now, at most the legal maximum of the day on which the term ended;
    without an agreed rate the agency asks none.
    """
    term = be.reminder_term(sent_on=sent_on, channel=channel, creditor_is_sme=case.client_is_sme)
    ceiling = interest_rate(series="be_b2b", as_of=from_on).percent
    return tuple(
        replace(
            claim,
            interest=Interest(
                from_on=term.late_interest_from,
                percent_per_year=str(min(Decimal(claim.agreed_percent), ceiling)),
            ),
        )
        if claim.agreed_percent is not None and claim.interest is None
        else claim
        for claim in case.claims
    )


def _charges(claim_id: UUID, rule: str, on: date, *, costs: int, vat: int = 0) -> list[Charge]:
    charges: Sequence[Charge] = (
        Charge(claim_id=claim_id, kind="costs", amount_cents=costs, on=on, rule=rule),
        Charge(claim_id=claim_id, kind="vat", amount_cents=vat, on=on, rule="NL-VAT-1"),
    )
    return [charge for charge in charges if charge.amount_cents > 0]


def _amount(cents: int | None) -> Decimal | None:
    return None if cents is None else to_decimal(cents)
