"""A case file goes on: its term passes, its next step is due, its debtor may be contacted."""

from dataclasses import replace
from datetime import datetime
from typing import Literal, cast

from common.decisions import Decision, Due
from common.messages import Personal
from contracts.dunning import AmicablePhaseEnded, AskContact, GrantContact, HoldReason, NoticeTermExpired, RefuseContact
from contracts.legal import MandateProcedure
from contracts.notifications import SendMessage
from dunning.domain.balances import balance_of
from dunning.domain.case_file import CaseFile, Ended, MessageUnderWay, Notice
from dunning.domain.composer import House, compose, payment_reference
from dunning.domain.gate import Judgement, judge, judge_judicial_phase
from dunning.domain.path import advanced, contact_of, current_step, message_id_of, notice_id_of, put_off, strategy_of
from dunning.domain.receipts import DecisionReceipt, Verdict
from dunning.domain.sending_times import local_day, release_until
from dunning.domain.strategies import Step
from dunning.handlers.deciding import decided, held
from statutes.errors import RateNotVerified


def take_due_step(case_file: CaseFile, message: Due, now: datetime, *, house: House) -> Decision[CaseFile]:
    """The instant of `next_due_at` has come: a term passed, or the next step may ask for its contact."""
    del message
    passed = [notice for notice in case_file.notices if notice.term_runs and _has_come(notice.expires_at, now)]
    if passed:
        return expire_terms(case_file, passed, now)
    if case_file.is_stopped or not _has_come(case_file.next_step_at, now):
        return decided(case_file, now)
    step = current_step(case_file)
    if step is None:
        return mandate_procedure(case_file, now)
    judgement = judge(case_file, step, now, has_agency=house.agency is not None)
    if judgement.verdict is not Verdict.SEND:
        return follow_judgement(case_file, judgement, now)
    ask = AskContact(
        debtor_id=case_file.debtor.debtor_id,
        case_file_id=case_file.case_file_id,
        step=contact_of(case_file, step),
        version=case_file.version,
        contact_on=local_day(strategy_of(case_file), now),
    )
    return decided(replace(case_file, contact_asked=True), now, send=[ask])


def _has_come(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


def expire_terms(case_file: CaseFile, passed: list[Notice], now: datetime) -> Decision[CaseFile]:
    """Terms that passed unpaid: the ledger is told, and answers with what may be claimed now."""
    told: list[NoticeTermExpired] = []
    for notice in passed:
        assert notice.charges_from is not None, "a term has its next day"
        case_file = case_file.with_notice(replace(notice, expired_at=now))
        told.append(
            NoticeTermExpired(
                case_file_id=case_file.case_file_id,
                notice_id=notice.notice_id,
                notice_type=notice.notice_type,
                channel=cast("Literal['email', 'letter']", notice.medium),  # an SMS has no term
                sent_on=notice.sent_on,
                charges_from=notice.charges_from,
            )
        )
    return decided(case_file, now, send=told)


def send_when_granted(case_file: CaseFile, message: GrantContact, now: datetime, *, house: House) -> Decision[CaseFile]:
    """The debtor may be contacted: the gate judges once more, and the notice goes or not."""
    step = current_step(case_file)
    if step is None or not _is_for_now(case_file, step, message):
        return decided(case_file, now)
    return judge_and_send(replace(case_file, contact_asked=False), step, now, house=house)


def put_off_contact(case_file: CaseFile, message: RefuseContact, now: datetime) -> Decision[CaseFile]:
    """The debtor was contacted often enough: the step waits."""
    step = current_step(case_file)
    if step is None or not _is_for_now(case_file, step, message):
        return decided(case_file, now)
    receipt = DecisionReceipt(
        case_file_id=case_file.case_file_id,
        decided_at=now,
        decision=Verdict.SKIP,
        outcome="contact_frequency",
        rule_ids=(message.rule,),
        inputs={"step": step.name, "version": case_file.version, "until_on": message.until_on.isoformat()},
    )
    waiting = replace(case_file, contact_asked=False, not_before_on=message.until_on)
    return decided(waiting, now, append=[receipt])


def _is_for_now(case_file: CaseFile, step: Step, message: GrantContact | RefuseContact) -> bool:
    return case_file.contact_asked and (message.step, message.version) == (
        contact_of(case_file, step),
        case_file.version,
    )


def judge_and_send(case_file: CaseFile, step: Step, now: datetime, *, house: House) -> Decision[CaseFile]:
    """The gate at the last moment, and the message that it lets through."""
    judgement = judge(case_file, step, now, has_agency=house.agency is not None)
    if judgement.verdict is not Verdict.SEND:
        return follow_judgement(case_file, judgement, now)
    assert judgement.medium is not None, "what is sent has a channel"
    assert judgement.owed is not None, "what is sent states a balance"
    try:
        content = compose(case_file, step, medium=judgement.medium, owed=judgement.owed, house=house)
    except RateNotVerified as refusal:  # a term that ends where the calendar is not known
        return held(case_file, now, reason=HoldReason.LAW_NOT_VERIFIED, basis=refusal.message)
    balance = balance_of(judgement.owed)
    under_way = MessageUnderWay(
        message_id=message_id_of(case_file, step),
        notice_id=notice_id_of(case_file, step),
        medium=judgement.medium,
        asked_cents=balance.open_cents,
        step=step.name,
    )
    command = SendMessage(
        case_file_id=case_file.case_file_id,
        message_id=under_way.message_id,
        medium=judgement.medium,
        language=case_file.debtor.language,
        release_until=release_until(strategy_of(case_file), judgement.medium, now),
        content=Personal.pack(content),
    )
    sending = replace(case_file, under_way=under_way)
    return decided(sending, now, send=[command], append=[judgement.receipt(case_file, now)])


def follow_judgement(case_file: CaseFile, judgement: Judgement, now: datetime) -> Decision[CaseFile]:
    """What the gate did not let through: held, passed over, or put off to another day."""
    receipt = judgement.receipt(case_file, now)
    match judgement.verdict:
        case Verdict.HOLD:
            assert judgement.hold_reason is not None, "a hold has its reason"
            basis = judgement.outcome
            return held(case_file, now, reason=judgement.hold_reason, basis=basis, append=[receipt])
        case Verdict.SKIP if case_file.is_stopped:
            return decided(case_file, now, append=[receipt])
        case Verdict.SKIP if judgement.passes_over:
            return decided(advanced(case_file), now, append=[receipt])
        case Verdict.SKIP | Verdict.SEND:
            return decided(put_off(case_file, now), now, append=[receipt])


def mandate_procedure(case_file: CaseFile, now: datetime) -> Decision[CaseFile]:
    """The amicable phase ended unpaid: the judicial phase gets all it needs, when the mandate allows it beforehand."""
    judgement = judge_judicial_phase(case_file, now)
    if judgement.verdict is not Verdict.SEND:
        return follow_judgement(case_file, judgement, now)
    assert judgement.owed is not None, "the balance was judged"
    case_file_id = case_file.case_file_id
    mandate = MandateProcedure(
        case_file_id=case_file_id,
        segment=case_file.segment,
        mandate=case_file.mandate,
        debtor=case_file.debtor,
        claims=tuple(claim.terms for claim in case_file.claims),
        balance=balance_of(judgement.owed),
        payment_reference=payment_reference(case_file),
        notices_sent=sum(not notice.is_void for notice in case_file.notices),
    )
    ended = AmicablePhaseEnded(case_file_id=case_file_id, outcome="judicial")
    over = replace(case_file, ended=Ended.JUDICIAL)
    return decided(over, now, send=[mandate, ended], append=[judgement.receipt(case_file, now)])
