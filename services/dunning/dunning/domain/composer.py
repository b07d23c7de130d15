"""A notice as finished content: words, tables and how to pay. notifications adds no word to it."""

import base64
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from common.money import to_cents, to_decimal
from contracts.notifications import Block, Content, Medium, PaymentBlock, TextBlock
from contracts.values import Address, Language
from dunning.domain.agency import Agency
from dunning.domain.case_file import CaseFile, Notice
from dunning.domain.jurisdictions import announced_costs, term_of
from dunning.domain.path import strategy_of
from dunning.domain.sending_times import law_of
from dunning.domain.specification import claims_table, invoices_named, specification_table
from dunning.domain.strategies import Step
from dunning.domain.texts import CommonText, Flag, common_text, notice_text
from statutes import Statement, be
from statutes.explanation import written_amount, written_day
from statutes.references import epc_qr, iso11649

TOKEN_GROUP = 5


@dataclass(frozen=True, kw_only=True)
class House:
    """What notices need of the house: the agency's facts (null: nothing may be sent) and where debtors can dispute."""

    agency: Agency | None
    dispute_url: str


def written_token(token: str) -> str:
    """A token as notices print it: base32 in groups, easy to type."""
    text = base64.b32encode(bytes.fromhex(token)).decode().rstrip("=")
    return "-".join(text[at : at + TOKEN_GROUP] for at in range(0, len(text), TOKEN_GROUP))


def compose(case_file: CaseFile, step: Step, *, medium: Medium, owed: Statement, house: House) -> Content:
    """The finished notice of this step, for the balance of the day on which it is sent.

    Raises RateNotVerified when a term lies outside the verified calendar.
    """
    assert house.agency is not None, "the gate lets nothing through without the agency's facts"
    language = case_file.debtor.language
    agency, contact = house.agency, case_file.contact
    words = common_text(language)
    text = notice_text(step.text, language)
    values = _values(case_file, step, medium=medium, owed=owed, house=house, words=words)
    flags = _flags(case_file, medium=medium, owed=owed)
    blocks: list[Block] = []
    if medium != "sms":
        blocks.append(TextBlock(kind="paragraph", text=words.greeting.format_map(values)))
    for block in text.blocks:
        if not flags.issuperset(block.when):
            continue
        if block.payment:
            blocks.append(_payment(case_file, owed, agency, values["reference"]))
        elif block.table == "claims":
            blocks.append(claims_table(case_file, words, language))
        elif block.table == "specification":
            blocks.append(specification_table(case_file, owed, words, language))
        elif block.fragment is not None:
            blocks.append(TextBlock(kind="paragraph", text=words.fragments[block.fragment].format_map(values)))
        elif (sentence := block.words()) is not None:
            blocks.append(TextBlock(kind=sentence[0], text=sentence[1].format_map(values)))
    return Content(
        recipient_name=contact.name,
        email=contact.email,
        phone=contact.phone,
        address=contact.address,
        sender_name=agency.name,
        sender_email=agency.email,
        sender_lines=(*agency.address_lines, agency.phone, agency.email, agency.website),
        place_and_date=written_day(owed.as_of, language),
        subject=text.subject.format_map(values),
        blocks=tuple(blocks),
        footer=(agency.name, values["reference"]),
    )


def payment_reference(case_file: CaseFile) -> str:
    """The reference that the debtor's bank asks for."""
    return law_of(strategy_of(case_file)).payment_reference(case_file.reference_number)


def announced_indemnity(case_file: CaseFile, owed: Statement) -> Decimal:
    """What the clauses give when the reminder's term passes unpaid, under the legal maximum (BE-XIX-16 to -18)."""
    balances = {claim.claim_id: claim.principal for claim in owed.claims}
    wanted = Decimal(0)
    for claim in case_file.claims:
        clause = claim.terms.indemnity_clause
        if clause is None:
            continue
        minimum, maximum = clause.minimum_cents, clause.maximum_cents
        wanted += be.indemnity_claim(
            balance=balances[str(claim.terms.claim_id)],
            contract_on=claim.terms.contract_on,
            indemnity_clause=be.IndemnityClause(
                fixed=to_decimal(clause.fixed_cents),
                percent=Decimal(clause.percent),
                minimum=None if minimum is None else to_decimal(minimum),
                maximum=None if maximum is None else to_decimal(maximum),
            ),
        ).fixed_indemnity
    debts = tuple(be.RemindedDebt(claimed=balance) for balance in balances.values())
    return min(wanted, be.indemnity_cap(debts=debts).maximum)


def _values(
    case_file: CaseFile, step: Step, *, medium: Medium, owed: Statement, house: House, words: CommonText
) -> dict[str, str]:
    assert house.agency is not None, "checked by compose"
    language = case_file.debtor.language
    contact = case_file.contact
    principal = sum((claim.principal for claim in owed.claims), Decimal(0))
    notices = _notices_that_count(case_file)
    values = {
        **_agency_values(house.agency, case_file),
        **_creditor_values(case_file),
        **_law_values(case_file, step, medium=medium, owed=owed, language=language),
        "recipient": contact.name,
        "recipient_address": "" if contact.address is None else f", {_one_line(contact.address)}",
        "invoices": invoices_named(case_file, words, language),
        "amount": written_amount(owed.total_open, language),
        "amount_plain": f"EUR {owed.total_open:.2f}".replace(".", ","),
        "principal": written_amount(principal, language),
        "reference": payment_reference(case_file),
        "token": written_token(case_file.token),
        "dispute_url": house.dispute_url,
    }
    if notices:
        values["first_notice_on"] = written_day(notices[0].sent_on, language)
        values["last_notice_on"] = written_day(notices[-1].sent_on, language)
    return values


def _notices_that_count(case_file: CaseFile) -> list[Notice]:
    return [notice for notice in case_file.notices if notice.medium != "sms" and not notice.is_void]


def _agency_values(agency: Agency, case_file: CaseFile) -> dict[str, str]:
    where = strategy_of(case_file).trust_account
    return {
        "agency_name": agency.name,
        "agency_address": ", ".join(agency.address_lines),
        "agency_phone": agency.phone,
        "agency_email": agency.email,
        "complaints_address": agency.complaints_address,
        "kvk": agency.registration.kvk,
        "kbo": agency.registration.kbo,
        "justis": agency.registration.justis,
        "fod_economie": agency.registration.fod_economie,
        "supervisor": agency.supervisor[where],
        "iban": agency.trust_account[where].iban,
    }


def _creditor_values(case_file: CaseFile) -> dict[str, str]:
    creditor = case_file.mandate.creditor
    return {
        "creditor_name": creditor.name,
        "creditor_address": _one_line(creditor.address),
        "creditor_phone": creditor.phone,
        "creditor_email": creditor.email,
        "creditor_number": creditor.enterprise_number,
    }


def _law_values(
    case_file: CaseFile, step: Step, *, medium: Medium, owed: Statement, language: Language
) -> dict[str, str]:
    """The amounts and days that the law makes this notice state."""
    costs = announced_costs([claim.principal for claim in owed.claims], case_file.mandate)
    values = {
        "announced_costs": written_amount(costs.collection_costs_including_vat, language),
        "announced_costs_excluding_vat": written_amount(costs.collection_costs, language),
        "announced_vat": written_amount(costs.vat, language),
        "announced_indemnity": written_amount(announced_indemnity(case_file, owed), language),
    }
    if step.term is not None:
        rules = law_of(strategy_of(case_file))
        term = term_of(step.term, rules, medium=medium, sent_on=owed.as_of, mandate=case_file.mandate)
        values["term_ends_on"] = written_day(term.ends_on, language)
        starts_on = _term_starts_on(step, medium=medium, sent_on=owed.as_of)
        if starts_on is not None:
            values["term_starts_on"] = written_day(starts_on, language)
    return values


def _term_starts_on(step: Step, *, medium: Medium, sent_on: date) -> date | None:
    """Day 1 of a Belgian waiting term, which its notice names."""
    assert step.term is not None, "asked for steps with a term"
    match step.term.rule:
        case "reminder_term":
            channel = "post" if medium == "letter" else "e_mail"
            return be.reminder_term(sent_on=sent_on, channel=channel).term_starts_on
        case "notice_term":
            return be.notice_term(sent_on=sent_on).term_starts_on
        case "fourteen_day_term" | "agency_days":
            return None


def _flags(case_file: CaseFile, *, medium: Medium, owed: Statement) -> frozenset[Flag]:
    has_vat = bool(announced_costs([claim.principal for claim in owed.claims], case_file.mandate).vat)
    has_clause = announced_indemnity(case_file, owed) > 0
    flags: dict[Flag, bool] = {
        "nl": strategy_of(case_file).law == "nl",
        "be": strategy_of(case_file).law == "be",
        "consumer": case_file.debtor.acts_as_consumer,
        "by_email": medium == "email",
        "by_letter": medium == "letter",
        "has_costs": any(claim.costs > 0 for claim in owed.claims),
        "has_interest": any(claim.late_interest > 0 for claim in owed.claims),
        "has_first_notice": bool(_notices_that_count(case_file)),
        "announced_vat": has_vat,
        "no_announced_vat": not has_vat,
        "announced_indemnity": has_clause,
        "no_announced_indemnity": not has_clause,
    }
    return frozenset(flag for flag, holds in flags.items() if holds)


def _payment(case_file: CaseFile, owed: Statement, agency: Agency, reference: str) -> PaymentBlock:
    language = case_file.debtor.language
    words = common_text(language)
    strategy = strategy_of(case_file)
    trust_account = agency.trust_account[strategy.trust_account]
    creditor_reference = iso11649(reference=case_file.reference_number).creditor_reference
    labels = words.labels
    reference_label = {"nl": labels.reference_nl, "be": labels.reference_be}[strategy.law]
    return PaymentBlock(
        amount_cents=to_cents(owed.total_open),
        beneficiary=trust_account.holder,
        iban=trust_account.iban,
        reference=reference,
        qr_payload=epc_qr(
            name=trust_account.holder,
            iban=trust_account.iban,
            amount=owed.total_open,
            creditor_reference=creditor_reference,
        ).payload,
        labels=(labels.amount, labels.bank_account, labels.name, reference_label),
        qr_alternative=words.qr_alternative.format(amount=written_amount(owed.total_open, language)),
    )


def _one_line(address: Address) -> str:
    return f"{address.street} {address.house_number}, {address.postcode} {address.city}"
