"""Builders of case accounts: opened, with claims, with notices that expired, with payments."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid5

from common.messages import Personal
from contracts.dunning import NoticeTermExpired
from contracts.intake import CaseFileOpened, ClaimAccepted, MandateGranted
from contracts.values import Address, ClaimTerms, Creditor, DebtorContact, DebtorFacts, Mandate, Segment
from ledger import handlers
from ledger.handlers.case_accounts import MatchedReceipt

CASE = UUID("11111111-1111-4111-8111-111111111111")
CLIENT = UUID("22222222-2222-4222-8222-222222222222")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def opened(country="NL", consumer=True):
    address = Address(street="Kade", house_number="1", postcode="1011 AB", city="Amsterdam", country=country)
    creditor = Creditor(
        client_id=CLIENT, name="Fietsen B.V.", address=address, email="a@b.example", phone="+31201234567",
        enterprise_number="12345678", country=country, is_sme=True, can_deduct_vat=True,
    )  # fmt: skip
    event = CaseFileOpened(
        case_file_id=CASE,
        reference_number="0000000042",
        segment=Segment.NL_CONSUMER,
        mandate=Mandate(creditor=creditor, judicial_phase_approved=True, payout_rhythm="daily"),
        debtor=DebtorFacts(
            debtor_id=uuid5(CASE, "d"), is_natural_person=consumer, acts_as_consumer=consumer, country=country,
            language="nl", contact=Personal.pack(DebtorContact(name="Jan")),
        ),
    )  # fmt: skip
    return handlers.open_case_account(None, event, NOW).state


def with_claim(case, principal, *, due_on=date(2026, 1, 31), commercial=False, name="a", rate=None, clause=None,
               contract_on=date(2026, 1, 1)):  # fmt: skip
    terms = ClaimTerms(
        claim_id=uuid5(CASE, name), client_reference=name, invoice_number=name, invoice_on=date(2026, 1, 1),
        due_on=due_on, contract_on=contract_on, description="fiets", principal_cents=principal,
        is_commercial_contract=commercial, agreed_percent_per_year=rate, indemnity_clause=clause,
    )  # fmt: skip
    return handlers.book_claim(case, ClaimAccepted(case_file_id=CASE, terms=terms), NOW)


def expired(case, notice_type, charges_from, sent_on=date(2026, 3, 2)):
    event = NoticeTermExpired(
        case_file_id=CASE, notice_id=uuid5(CASE, notice_type), notice_type=notice_type, channel="email",
        sent_on=sent_on, charges_from=charges_from,
    )  # fmt: skip
    return handlers.charge_after_notice(case, event, NOW)


def paid(case, cents, on, name="p", *, now=NOW):
    receipt = MatchedReceipt(
        payment_id=uuid5(CASE, name), trust_account_id=CASE, country=case.country, amount_cents=cents, value_on=on,
        booked_on=on, references=(), case_file_id=CASE,
    )  # fmt: skip
    return handlers.match_receipt(case, receipt, now)


def one(decision, kind):
    found = [message for message in decision.send if isinstance(message, kind)]
    assert len(found) == 1, [type(m).__name__ for m in decision.send]
    return found[0]


def opened_for(iban):
    """The mandate of a client whose money goes to this account."""
    address = Address(street="Kade", house_number="1", postcode="1011 AB", city="Amsterdam", country="NL")
    creditor = Creditor(
        client_id=CLIENT, name="Fietsen B.V.", address=address, email="a@b.example", phone="+31201234567",
        enterprise_number="12345678", country="NL", is_sme=True, can_deduct_vat=True,
    )  # fmt: skip
    mandate = Mandate(creditor=creditor, judicial_phase_approved=True, payout_rhythm="daily")
    return MandateGranted(
        client_id=CLIENT, mandate=mandate, payout_account=Personal.of(iban), payout_name="Fietsen B.V."
    )
