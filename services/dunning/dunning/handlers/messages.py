"""What became of a message: it left and its term runs, or it goes by the next channel, or a person looks at it."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from common.decisions import Decision
from common.errors import InvalidMessage
from contracts.dunning import HoldReason, NoticeIssued
from contracts.notifications import MessageExpired, MessageFailed, MessageRecalled, MessageSent
from dunning.domain.case_file import CaseFile, MessageUnderWay, Notice
from dunning.domain.composer import House
from dunning.domain.jurisdictions import term_of
from dunning.domain.path import advanced, current_step, position_of, strategy_of, told_again
from dunning.domain.sending_times import law_of, local_day, review_of_term
from dunning.domain.strategies import Step
from dunning.handlers.deciding import decided, held, recalled
from dunning.handlers.steps import judge_and_send
from statutes.errors import RateNotVerified


def follow_sent(case_file: CaseFile, message: MessageSent, now: datetime) -> Decision[CaseFile]:
    """It left: the notice is issued, and its term runs from the day on which it was accepted or posted."""
    under_way = case_file.under_way
    if under_way is None or under_way.message_id != message.message_id:
        raise _unknown(message.message_id)
    step = _step_of(case_file, under_way)
    notice = Notice(
        notice_id=under_way.notice_id,
        message_id=message.message_id,
        step=step.name,
        notice_type=step.notice_type,
        medium=message.medium,
        sent_on=local_day(strategy_of(case_file), message.sent_at),
        asked_cents=under_way.asked_cents,
        is_void=under_way.is_superseded,
    )
    try:
        notice, law_unknown = _with_term(case_file, step, notice), None
    except RateNotVerified as refusal:
        law_unknown = refusal.message
    issued = NoticeIssued(
        case_file_id=case_file.case_file_id,
        notice_id=notice.notice_id,
        notice_type=notice.notice_type,
        channel=notice.medium,
        sent_on=notice.sent_on,
        term_ends_on=notice.term_ends_on,
        amount_cents=notice.asked_cents,
    )
    left = replace(case_file, under_way=None, notices=(*case_file.notices, notice))
    left = replace(left, version=left.version + 1) if notice.is_void else advanced(left)
    if law_unknown is not None:
        return held(left, now, reason=HoldReason.LAW_NOT_VERIFIED, basis=law_unknown, send=[issued])
    return decided(left, now, send=[issued])


def _step_of(case_file: CaseFile, under_way: MessageUnderWay) -> Step:
    """The step that sent a message. The file may be back at an earlier one since."""
    position = case_file.step if under_way.step is None else position_of(case_file, under_way.step)
    return strategy_of(case_file).steps[position]


def _with_term(case_file: CaseFile, step: Step, notice: Notice) -> Notice:
    if step.term is None:
        return notice
    strategy = strategy_of(case_file)
    term = term_of(step.term, law_of(strategy), medium=notice.medium, sent_on=notice.sent_on, mandate=case_file.mandate)
    return replace(
        notice,
        term_ends_on=term.ends_on,
        charges_from=term.charges_from,
        expires_at=review_of_term(strategy, term.charges_from),
    )


def follow_failed(case_file: CaseFile, message: MessageFailed, now: datetime, *, house: House) -> Decision[CaseFile]:
    """It will not arrive in this medium: the next one is tried at once; where none is left, the file is held. What was
    called back goes when its step is due again.
    """
    under_way, step = case_file.under_way, current_step(case_file)
    if under_way is None or under_way.message_id != message.message_id:
        return _follow_return(case_file, message, now)
    assert step is not None, "what was under way belongs to a step"
    failed = replace(
        case_file,
        under_way=None,
        version=case_file.version + 1,
        failed_media=(*case_file.failed_media, message.medium),
    )
    match message.reason:
        case "outcome_unknown":
            return held(failed, now, reason=HoldReason.OUTCOME_UNKNOWN, basis=str(message.message_id))
        case "rendering":
            return held(failed, now, reason=HoldReason.NO_CHANNEL, basis="rendering")
        case "bounced" | "invalid_address" | "returned" if failed.is_stopped or under_way.is_recalled:
            return decided(failed, now)
        case "bounced" | "invalid_address" | "returned":
            return judge_and_send(failed, step, now, house=house)


def _follow_return(case_file: CaseFile, message: MessageFailed, now: datetime) -> Decision[CaseFile]:
    """It came back after it had been accepted. Unless its term had passed, the notice has no effect and its step is
    taken again: an e-mail goes as a letter, a letter when a person has looked for the address.
    """
    notice = next((n for n in case_file.notices if n.message_id == message.message_id), None)
    if notice is None:
        raise _unknown(message.message_id)
    if message.medium == "sms" or notice.is_void:
        return decided(case_file, now)
    returned = case_file.with_notice(replace(notice, came_back=True))
    if notice.expired_at is None:
        returned = told_again(returned, position=position_of(returned, notice.step))
    if message.medium == "letter" or notice.expired_at is not None:
        return held(returned, now, reason=HoldReason.ADDRESS_UNKNOWN, basis=str(message.message_id))
    again, recalls = recalled(replace(returned, failed_media=(message.medium,)))
    return decided(again, now, send=recalls)


def follow_expired(case_file: CaseFile, message: MessageExpired, now: datetime) -> Decision[CaseFile]:
    """It could not leave in time: the step is judged again."""
    return _not_left(case_file, message.message_id, now)


def follow_recalled(case_file: CaseFile, message: MessageRecalled, now: datetime) -> Decision[CaseFile]:
    """It was called back before it left."""
    return _not_left(case_file, message.message_id, now)


def _not_left(case_file: CaseFile, message_id: UUID, now: datetime) -> Decision[CaseFile]:
    under_way = case_file.under_way
    if under_way is None or under_way.message_id != message_id:
        raise _unknown(message_id)
    return decided(replace(case_file, under_way=None, version=case_file.version + 1), now)


def _unknown(message_id: UUID) -> InvalidMessage:
    return InvalidMessage("unknown_message", f"this file sent no message {message_id} that could still leave")
