"""The account of a case file: what is owed, charged and paid."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import contracts.ledger as says
from common.decisions import Decision
from common.errors import InvalidMessage
from common.messages import Message
from contracts.dunning import NoticeTermExpired
from contracts.intake import CaseFileOpened, ClaimAccepted
from contracts.ledger import (
    BookReceipt,
    CaseFilePaid,
    CostCharged,
    CostLowered,
    CreditClient,
    DebitClient,
    PaymentAllocated,
    PaymentReversed,
    ReverseReceipt,
)
from contracts.legal import Balance
from ledger.domain import charging
from ledger.domain.case_account import (
    BUCKETS,
    CaseAccount,
    Charge,
    Claim,
    Clause,
    ExpiredTerm,
    Payment,
    balance_of,
    law_or_desk,
    position,
)
from ledger.domain.covering import (
    TERMS_THAT_CHARGE,
    Covering,
    LoweredCosts,
    claims_to_charge,
    cover,
    join,
    with_expired_term,
)
from ledger.domain.journals import Booking
from ledger.domain.matching import (
    charge_journals,
    correction_journals,
    join_journals,
    match_journals,
    notice_journals,
    principal_journal,
    return_journals,
)
from ledger.domain.reversing import uncover

LOCAL = ZoneInfo("Europe/Amsterdam")


def open_case_account(case_account: CaseAccount | None, event: CaseFileOpened, now: datetime) -> Decision[CaseAccount]:
    """A case file has an account from its first moment."""
    if case_account is not None:
        return Decision(case_account)
    creditor = event.mandate.creditor
    return Decision(
        CaseAccount(
            client_id=creditor.client_id,
            country=event.debtor.country,
            acts_as_consumer=event.debtor.acts_as_consumer,
            client_is_sme=creditor.is_sme,
            client_can_deduct_vat=creditor.can_deduct_vat,
            reference_number=event.reference_number,
        )
    )


def book_claim(case_account: CaseAccount, event: ClaimAccepted, now: datetime) -> Decision[CaseAccount]:
    """A claim's principal enters the books; between enterprises the costs of the law come with it."""
    terms = event.terms
    if any(claim.claim_id == terms.claim_id for claim in case_account.claims):
        return Decision(case_account)
    clause = terms.indemnity_clause
    claim = Claim(
        claim_id=terms.claim_id,
        principal_cents=terms.principal_cents,
        due_on=terms.due_on,
        contract_on=terms.contract_on,
        is_commercial=terms.is_commercial_contract,
        agreed_percent=terms.agreed_percent_per_year,
        clause=clause
        and Clause(
            fixed_cents=clause.fixed_cents,
            percent=clause.percent,
            minimum_cents=clause.minimum_cents,
            maximum_cents=clause.maximum_cents,
        ),
        interest=None,
    )
    claim = replace(claim, interest=charging.interest_at_acceptance(case_account, claim))
    grown = replace(case_account, claims=(*case_account.claims, claim), paid_on=None)
    on = now.astimezone(LOCAL).date()
    with law_or_desk():
        charges = charging.charges_at_acceptance(grown, claim)
    grown = grown.with_charges(charges)
    journals = [
        principal_journal(event.case_file_id, grown, claim, on=on),
        *charge_journals(event.case_file_id, grown, charges, ground=f"acceptance|{claim.claim_id}", on=on),
    ]
    told: list[Message] = [_cost_charged(event.case_file_id, None, charges, [claim])]
    if case_account.payments:
        with law_or_desk():
            covering = join(case_account, grown, claim_id=claim.claim_id, booked_on=on)
            told += _covered_otherwise(event.case_file_id, case_account, covering, on=on)
        grown = covering.case_account
        journals += join_journals(event.case_file_id, covering, claim, on=on)
    return Decision(grown, told, [Booking(journal) for journal in journals])


def _covered_otherwise(case_file_id: UUID, before: CaseAccount, covering: Covering, *, on: date) -> list[Message]:
    """What became known after payments is covered by them: told anew as the last of them, with what changed by it."""
    if not covering.moved_anything:
        return []
    told = replace(covering, restated=tuple(share for share in covering.case_account.shares if share.kind == "payment"))
    last = before.payments[-1]
    return [
        *_costs_again(case_file_id, last.payment_id, told),
        *_allocated(case_file_id, last, before, told, on=on),
    ]


def charge_after_notice(case_account: CaseAccount, event: NoticeTermExpired, now: datetime) -> Decision[CaseAccount]:
    """The term of a notice passed unpaid: charge what the law now allows, and say so, also when it is nothing."""
    if event.notice_id in case_account.notices_answered:
        return Decision(case_account)
    answered = replace(case_account, notices_answered=(*case_account.notices_answered, event.notice_id))
    on = now.astimezone(LOCAL).date()
    with law_or_desk():
        brings_charges = event.notice_type in TERMS_THAT_CHARGE and answered.acts_as_consumer
        claim_ids = claims_to_charge(answered, as_of=event.charges_from) if brings_charges else ()
        if not claim_ids:
            return Decision(answered, [_cost_charged(event.case_file_id, event.notice_id, (), ())])
        term = ExpiredTerm(
            notice_id=event.notice_id,
            notice_type=event.notice_type,
            channel=event.channel,
            sent_on=event.sent_on,
            charges_from=event.charges_from,
            claim_ids=claim_ids,
        )
        covering = with_expired_term(answered, term, booked_on=on)
        again = _covered_otherwise(event.case_file_id, answered, covering, on=on)
    after = covering.case_account
    charges = [charge for charge in after.charges if charge.notice_id == event.notice_id]
    changed = [claim for claim, before in zip(after.claims, case_account.claims, strict=True) if claim != before]
    journals = [
        *notice_journals(event.case_file_id, after, charges),
        *correction_journals(event.case_file_id, covering, notice_id=event.notice_id, on=on),
    ]
    told = _cost_charged(event.case_file_id, event.notice_id, charges, changed)
    return Decision(after, [told, *again], [Booking(journal) for journal in journals])


def _cost_charged(
    case_file_id: UUID, notice_id: UUID | None, charges: Sequence[Charge], claims: Sequence[Claim]
) -> CostCharged:
    return CostCharged(
        case_file_id=case_file_id,
        notice_id=notice_id,
        charges=tuple(_said(charge) for charge in charges),
        interest=tuple(
            says.InterestTerms(
                claim_id=claim.claim_id,
                from_on=claim.interest.from_on,
                series=claim.interest.series,
                percent_per_year=claim.interest.percent_per_year,
            )
            for claim in claims
            if claim.interest is not None
        ),
    )


def _said(charge: Charge) -> says.Charge:
    return says.Charge(
        claim_id=charge.claim_id, kind=charge.kind, amount_cents=charge.amount_cents, on=charge.on, rule=charge.rule
    )


def match_receipt(case_account: CaseAccount, command: BookReceipt, now: datetime) -> Decision[CaseAccount]:
    """A receipt that names this case file covers what it covers by law; the client is credited at once."""
    if any(payment.payment_id == command.payment_id for payment in case_account.payments):
        raise InvalidMessage("matched_twice", "this payment is matched to the case file already")
    case_file_id = _case_file_of(command)
    with law_or_desk():
        covering = cover(
            case_account,
            payment_id=command.payment_id,
            amount_cents=command.amount_cents,
            value_on=command.value_on,
            booked_on=command.booked_on,
        )
        payment = covering.case_account.payments[-1]
        told = [*_allocated(case_file_id, payment, case_account, covering, on=now.astimezone(LOCAL).date())]
    send = [*(_cost_lowered(case_file_id, payment.payment_id, lowered) for lowered in covering.lowered), *told]
    journals = match_journals(
        case_file_id,
        covering,
        payment_id=command.payment_id,
        amount_cents=command.amount_cents,
        value_on=command.value_on,
        booked_on=command.booked_on,
    )
    return Decision(covering.case_account, send, [Booking(journal) for journal in journals])


def _allocated(
    case_file_id: UUID, payment: Payment, before: CaseAccount, covering: Covering, *, on: date
) -> Iterator[Message]:
    """What a payment covers, with what is owed on a day; what of it is the client's; and that all is paid, once."""
    balance = balance_of(position(covering.case_account, as_of=on))
    yield _payment_allocated(case_file_id, payment, covering, balance)
    yield from _client_messages(case_file_id, payment.payment_id, covering, value_on=payment.on)
    paid_on = covering.case_account.paid_on
    if paid_on is not None and before.paid_on is None:
        yield CaseFilePaid(case_file_id=case_file_id, payment_id=payment.payment_id, paid_on=paid_on)


def _client_messages(
    case_file_id: UUID, payment_id: UUID, covering: Covering, *, value_on: date, return_id: UUID | None = None
) -> list[Message]:
    """What is covered more is the client's; where others' payments proved too much, or the bank took one back, he gives
    that back.
    """
    kept = covering.parts.total()
    facts = {
        "client_id": covering.case_account.client_id,
        "case_file_id": case_file_id,
        "payment_id": payment_id,
        "country": covering.case_account.country,
        "amount_cents": abs(kept),
        "value_on": value_on,
    }
    if kept == 0:
        return []
    if kept > 0:
        return [CreditClient.model_validate(facts)]
    return [DebitClient.model_validate(facts | {"return_id": return_id})]


def _cost_lowered(case_file_id: UUID, payment_id: UUID, lowered: LoweredCosts) -> CostLowered:
    return CostLowered(
        case_file_id=case_file_id,
        notice_id=lowered.notice_id,
        payment_id=payment_id,
        reversed=tuple(_said(charge) for charge in lowered.reversed),
        charges=tuple(_said(charge) for charge in lowered.charges),
        without_interest=tuple(claim.claim_id for claim in lowered.without_interest),
    )


def _case_file_of(command: BookReceipt) -> UUID:
    assert isinstance(command, MatchedReceipt), "the repository found the case file"
    return command.case_file_id


class MatchedReceipt(BookReceipt):
    """A receipt with the case file that its reference names."""

    case_file_id: UUID


def _payment_allocated(case_file_id: UUID, payment: Payment, covering: Covering, balance: Balance) -> PaymentAllocated:
    return PaymentAllocated(
        case_file_id=case_file_id,
        payment_id=payment.payment_id,
        amount_cents=payment.amount_cents,
        value_on=payment.on,
        parts=_parts(covering),
        overpaid_cents=covering.overpaid_cents,
        written_off_cents=covering.written_off_cents,
        open_cents=covering.open_cents,
        all_shares=_all_shares(covering),
        balance=balance,
    )


def _parts(covering: Covering) -> tuple[says.AllocationPart, ...]:
    claims = sorted({claim_id for claim_id, _ in covering.parts}, key=str)
    return tuple(
        says.AllocationPart(
            claim_id=claim_id,
            costs_cents=covering.parts[claim_id, "costs"],
            vat_cents=covering.parts[claim_id, "vat"],
            late_interest_cents=covering.parts[claim_id, "late_interest"],
            principal_cents=covering.parts[claim_id, "principal"],
            indemnity_cents=covering.parts[claim_id, "indemnity"],
        )
        for claim_id in claims
        if any(covering.parts[claim_id, bucket] for bucket in BUCKETS)
    )


def _all_shares(covering: Covering) -> tuple[says.PaymentShare, ...]:
    return tuple(
        says.PaymentShare(
            payment_id=share.payment_id, claim_id=share.claim_id, amount_cents=share.amount_cents, value_on=share.on
        )
        for share in covering.restated
    )


class MatchedReversal(ReverseReceipt):
    """A receipt taken back, with the case file that its reference names."""

    case_file_id: UUID


def reverse_receipt(case_account: CaseAccount, command: ReverseReceipt, now: datetime) -> Decision[CaseAccount]:
    """The bank took a receipt back: it covers nothing any more, and the client gives back what he was credited."""
    assert isinstance(command, MatchedReversal), "the repository found the case file"
    with law_or_desk():
        covering = uncover(
            case_account,
            payment_id=command.payment_id,
            amount_cents=command.amount_cents,
            return_id=command.return_id,
            value_on=command.value_on,
            booked_on=command.booked_on,
        )
        balance = balance_of(position(covering.case_account, as_of=now.astimezone(LOCAL).date()))
    case_file_id = command.case_file_id
    told = PaymentReversed(
        case_file_id=case_file_id,
        payment_id=command.payment_id,
        amount_cents=command.amount_cents,
        value_on=command.value_on,
        parts=_parts(covering),
        overpaid_cents=covering.overpaid_cents,
        written_off_cents=covering.written_off_cents,
        open_cents=covering.open_cents,
        all_shares=_all_shares(covering),
        balance=balance,
    )
    journals = return_journals(
        case_file_id,
        covering,
        payment_id=command.payment_id,
        return_id=command.return_id,
        amount_cents=command.amount_cents,
        booked_on=command.booked_on,
    )
    send = [
        *_costs_again(case_file_id, command.payment_id, covering),
        told,
        *_client_messages(
            case_file_id, command.payment_id, covering, value_on=command.value_on, return_id=command.return_id
        ),
    ]
    return Decision(covering.case_account, send, [Booking(journal) for journal in journals])


def _costs_again(case_file_id: UUID, payment_id: UUID, covering: Covering) -> Iterator[Message]:
    """What a notice brings otherwise where a payment covers less: what it brought less for it counts again."""
    for lowered in covering.lowered:
        if lowered.reversed or lowered.without_interest:
            yield _cost_lowered(case_file_id, payment_id, replace(lowered, charges=()))
        if lowered.charges or lowered.with_interest:
            yield _cost_charged(case_file_id, lowered.notice_id, lowered.charges, lowered.with_interest)
