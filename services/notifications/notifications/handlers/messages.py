"""What happens to the messages of a case file: each leaves once, before `release_until`, unless it was recalled."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from common.decisions import Call, CallFinished, Decision, Due, Result, Row
from common.errors import InvalidMessage
from common.messages import Event, Message
from contracts.notifications import (
    ConfirmLetter,
    Content,
    Medium,
    MessageExpired,
    MessageFailed,
    MessageRecalled,
    MessageSent,
    PrintLetter,
    RecallMessage,
    SendMessage,
    WithdrawLetter,
)
from notifications.domain import (
    FINAL,
    NEVER_LEFT,
    BatchPlace,
    Correspondence,
    Delivery,
    OutgoingMessage,
    Status,
    can_reach,
    next_batch,
)

CHANNELS: dict[Medium, str] = {"email": "smtp", "sms": "twilio"}
REASONS = frozenset({"bounced", "invalid_address", "rendering"})


@dataclass(frozen=True)
class DeliveryRow(Row):
    """One line of the register of deliveries: what became of a message, with its proof."""

    message_id: UUID
    case_file_id: UUID
    medium: Medium
    outcome: str
    proof: str
    at: datetime


def send_message(
    correspondence: Correspondence | None, command: SendMessage, now: datetime
) -> Decision[Correspondence]:
    """Release a message at once, or tell why it will not leave. The same message again changes nothing."""
    correspondence = correspondence or Correspondence(case_file_id=command.case_file_id)
    if correspondence.find(command.message_id) is not None:
        return Decision(correspondence)
    try:
        content = command.content.unpack(Content)
    except ValidationError as fault:
        raise InvalidMessage("content", f"{fault.error_count()} faults in the content") from None
    message = OutgoingMessage(
        message_id=command.message_id,
        medium=command.medium,
        language=command.language,
        release_until=command.release_until,
        status=Status.WAITING,
        content=command.content,
        is_recalled=command.message_id in correspondence.recalled_early,
    )
    if message.may_leave(now) and not can_reach(content, message.medium):
        return fail(correspondence, message, reason="invalid_address", detail="no address", now=now)
    return release(correspondence, message, now)


def recall_message(
    correspondence: Correspondence | None, command: RecallMessage, now: datetime
) -> Decision[Correspondence]:
    """Keep a message from leaving. What is being sent may have left: its outcome decides. A recall that comes first is
    remembered.
    """
    correspondence = correspondence or Correspondence(case_file_id=command.case_file_id)
    message = correspondence.find(command.message_id)
    if message is None:
        early = (*(m for m in correspondence.recalled_early if m != command.message_id), command.message_id)
        return Decision(replace(correspondence, recalled_early=early))
    if message.status in FINAL or message.is_recalled:
        return Decision(correspondence)
    message = replace(message, is_recalled=True)
    if message.status is Status.WAITING:
        return release(correspondence, message, now)
    send: list[Message] = []
    if message.place is not None:
        send.append(
            WithdrawLetter(
                batch_id=message.place.batch_id,
                case_file_id=correspondence.case_file_id,
                message_id=message.message_id,
            )
        )
    return Decision(correspondence.with_message(message), send=send)


def take_due_messages(correspondence: Correspondence, _due: Due, now: datetime) -> Decision[Correspondence]:
    """Try again what waited long enough; what may not leave any more expires."""
    decision = Decision(correspondence)
    for message in correspondence.messages:
        if message.status is Status.WAITING and message.retry_at is not None:
            if message.retry_at > now and message.may_leave(now):
                continue
            decision = joined(decision, release(decision.state, message, now))
    return decision


def record_outcome(correspondence: Correspondence, outcome: CallFinished, now: datetime) -> Decision[Correspondence]:
    """A receiver answered about an e-mail or SMS; its call has the id of the message."""
    message = correspondence.find(outcome.call_id)
    if message is None or message.status is not Status.SENDING:
        return Decision(correspondence)
    match outcome.result:
        case Result.ACCEPTED:
            return succeed(correspondence, message, proof=outcome.detail, at=outcome.finished_at)
        case Result.REFUSED:
            reason = outcome.detail.partition(":")[0]
            reason = reason if reason in REASONS else "bounced"
            return fail(correspondence, message, reason=reason, detail=outcome.detail, now=now)
        case Result.UNKNOWN:
            return fail(correspondence, message, reason="outcome_unknown", detail=outcome.detail, now=now)
        case Result.FAILED if outcome.detail == NEVER_LEFT or not message.may_leave(now):
            return release(correspondence, message, now)
        case Result.FAILED:
            return Decision(correspondence.with_message(message.put_off(now)))


def confirm_letter(correspondence: Correspondence, answer: ConfirmLetter, now: datetime) -> Decision[Correspondence]:
    """The print batch told what it did with a letter."""
    message = correspondence.find(answer.message_id)
    expected = Status.SENT if answer.outcome == "returned" else Status.PRINTING
    if message is None or message.status is not expected:
        return Decision(correspondence)
    match answer.outcome:
        case "printed":
            decision = succeed(correspondence, message, proof=answer.detail, at=answer.at)
        case "withdrawn":
            decision = recall(correspondence, message, now)
        case "expired":
            decision = expire(correspondence, message, now)
        case "failed":
            decision = fail(correspondence, message, reason="rendering", detail=answer.detail, now=now)
        case "returned":
            decision = fail(correspondence, message, reason="returned", detail=answer.detail, now=now)
        case "full":
            decision = join_batch(correspondence, message, now, full=message.place)
        case "closed":
            decision = join_batch(correspondence, message, now, closed=message.place)
    return decision


def release(correspondence: Correspondence, message: OutgoingMessage, now: datetime) -> Decision[Correspondence]:
    """Let a message leave now, unless it was recalled or its time is over."""
    if message.is_recalled:
        return recall(correspondence, message, now)
    if not message.may_leave(now):
        return expire(correspondence, message, now)
    if message.medium == "letter":
        return join_batch(correspondence, message, now)
    assert message.content is not None, f"{message.status} without content"
    delivery = Delivery(
        message_id=message.message_id, language=message.language, released_at=now, content=message.content
    )
    sending = replace(message, status=Status.SENDING, attempts=message.attempts + 1, retry_at=None)
    call = Call(call_id=message.message_id, channel=CHANNELS[message.medium], payload=delivery)
    return Decision(correspondence.with_message(sending), calls=[call])


def join_batch(
    correspondence: Correspondence,
    message: OutgoingMessage,
    now: datetime,
    *,
    full: BatchPlace | None = None,
    closed: BatchPlace | None = None,
) -> Decision[Correspondence]:
    """Put a letter into the next print batch, unless it was recalled or that one is printed too late."""
    if message.is_recalled:
        return recall(correspondence, message, now)
    place = next_batch(now, full=full, closed=closed)
    if not message.may_leave(place.cut_off_at):
        return expire(correspondence, message, now)
    assert message.content is not None, f"{message.status} without content"
    order = PrintLetter(
        batch_id=place.batch_id,
        print_on=place.print_on,
        part=place.part,
        cut_off_at=place.cut_off_at,
        case_file_id=correspondence.case_file_id,
        message_id=message.message_id,
        language=message.language,
        release_until=message.release_until,
        content=message.content,
    )
    return Decision(
        correspondence.with_message(replace(message, status=Status.PRINTING, place=place, retry_at=None)), send=[order]
    )


def succeed(
    correspondence: Correspondence, message: OutgoingMessage, *, proof: str, at: datetime
) -> Decision[Correspondence]:
    """Its receiver took it."""
    event = MessageSent(
        case_file_id=correspondence.case_file_id,
        message_id=message.message_id,
        medium=message.medium,
        sent_at=at,
        proof=proof,
    )
    return finish(correspondence, message, Status.SENT, proof=proof, at=at, event=event)


def recall(correspondence: Correspondence, message: OutgoingMessage, now: datetime) -> Decision[Correspondence]:
    """It does not leave: it was recalled in time."""
    event = MessageRecalled(
        case_file_id=correspondence.case_file_id, message_id=message.message_id, medium=message.medium
    )
    return finish(correspondence, message, Status.RECALLED, proof="", at=now, event=event)


def expire(correspondence: Correspondence, message: OutgoingMessage, now: datetime) -> Decision[Correspondence]:
    """It may not leave any more; who ordered it judges again."""
    event = MessageExpired(
        case_file_id=correspondence.case_file_id, message_id=message.message_id, medium=message.medium
    )
    return finish(correspondence, message, Status.EXPIRED, proof="", at=now, event=event)


def fail(
    correspondence: Correspondence, message: OutgoingMessage, *, reason: str, detail: str, now: datetime
) -> Decision[Correspondence]:
    """It will not arrive by this medium."""
    event = MessageFailed.model_validate(
        {
            "case_file_id": correspondence.case_file_id,
            "message_id": message.message_id,
            "medium": message.medium,
            "reason": reason,
            "detail": detail,
            "failed_at": now,
        }
    )
    return finish(correspondence, message, Status.FAILED, proof=f"{reason}: {detail}", at=now, event=event)


def finish(
    correspondence: Correspondence, message: OutgoingMessage, status: Status, *, proof: str, at: datetime, event: Event
) -> Decision[Correspondence]:
    """A message comes to its end: told, and written into the register."""
    row = DeliveryRow(
        message_id=message.message_id,
        case_file_id=correspondence.case_file_id,
        medium=message.medium,
        outcome=status,
        proof=proof,
        at=at,
    )
    return Decision(correspondence.with_message(message.ended(status)), send=[event], append=[row])


def joined(first: Decision[Correspondence], then: Decision[Correspondence]) -> Decision[Correspondence]:
    """Two decisions about one correspondence, the second taken on the state of the first."""
    return Decision(
        then.state,
        send=[*first.send, *then.send],
        append=[*first.append, *then.append],
        calls=[*first.calls, *then.calls],
    )
