"""What happens to the print batch of a day: letters join and leave until the cut-off, then it is printed."""

import json
from dataclasses import replace
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from common.decisions import Call, CallFinished, Decision, Due, Result
from common.errors import InvalidMessage
from common.messages import Message
from contracts.notifications import ConfirmLetter, PrintLetter, WithdrawLetter
from notifications.domain import (
    MOST_LETTERS,
    NEVER_LEFT,
    BatchLetter,
    BatchPlace,
    LetterToPrint,
    PrintBatch,
    PrintOrder,
    Stage,
    pause_after,
)


class LetterReturned(Message):
    """The printer's status file says that a letter came back."""

    key_field: ClassVar[str] = "batch_id"

    batch_id: UUID
    message_id: UUID
    reason: str
    returned_on: date


def add_letter(batch: PrintBatch | None, order: PrintLetter, now: datetime) -> Decision[PrintBatch]:
    """A letter joins, unless it was withdrawn already or the batch is closed or full."""
    batch = batch or PrintBatch()
    batch = replace(batch, place=BatchPlace(print_on=order.print_on, part=order.part))
    if batch.find(order.message_id) is not None:
        return Decision(batch)
    letter = BatchLetter(
        message_id=order.message_id,
        case_file_id=order.case_file_id,
        language=order.language,
        release_until=order.release_until,
        content=order.content,
    )
    if order.message_id in batch.withdrawn_early:
        return Decision(batch, send=[answer(letter, "withdrawn", "", now)])
    if batch.stage is not Stage.OPEN:
        return Decision(batch, send=[answer(letter, "closed", "", now)])
    if len(batch.letters) >= MOST_LETTERS:
        return Decision(batch, send=[answer(letter, "full", "", now)])
    return Decision(replace(batch, letters=(*batch.letters, letter)))


def withdraw_letter(batch: PrintBatch | None, order: WithdrawLetter, now: datetime) -> Decision[PrintBatch]:
    """A letter leaves the batch, as long as the batch has certainly not been printed."""
    batch = batch or PrintBatch()
    letter = batch.find(order.message_id)
    if letter is None:
        return Decision(replace(batch, withdrawn_early=(*batch.withdrawn_early, order.message_id)))
    if batch.stage not in {Stage.OPEN, Stage.WAITING}:
        return Decision(batch)  # too late: what was printed is confirmed as printed
    others = tuple(other for other in batch.letters if other is not letter)
    return Decision(replace(batch, letters=others), send=[answer(letter, "withdrawn", "", now)])


def close_batch(batch: PrintBatch, _due: Due, now: datetime) -> Decision[PrintBatch]:
    """The cut-off, or another try: letters whose time is over leave the batch, the others are printed."""
    place = batch.place
    assert place is not None, "a batch without a day is never due"
    if batch.stage is Stage.PRINTING:  # nobody knows whether it was written: ask for the very same again
        return order_print(batch, place, now)
    late = [letter for letter in batch.letters if now >= letter.release_until]
    told = [answer(letter, "expired", "", now) for letter in late]
    batch = replace(batch, letters=tuple(letter for letter in batch.letters if letter not in late))
    if not batch.letters:
        return Decision(replace(batch, stage=Stage.PRINTED, retry_at=None), send=told)
    decision = order_print(batch, place, now)
    return Decision(decision.state, send=told, calls=decision.calls)


def order_print(batch: PrintBatch, place: BatchPlace, now: datetime) -> Decision[PrintBatch]:
    """One call for the whole batch."""
    letters = [
        LetterToPrint(message_id=letter.message_id, language=letter.language, content=letter.content)
        for letter in batch.letters
        if letter.content is not None
    ]
    order = PrintOrder(
        batch_id=place.batch_id, name=place.name, print_on=place.print_on, created_at=now, letters=tuple(letters)
    )
    printing = replace(batch, stage=Stage.PRINTING, attempts=batch.attempts + 1, retry_at=None)
    return Decision(printing, calls=[Call(call_id=place.batch_id, channel="print", payload=order)])


def record_printing(batch: PrintBatch, outcome: CallFinished, now: datetime) -> Decision[PrintBatch]:
    """The batch was written, or was not. Each letter is told apart: one that could not be set harms no other."""
    if batch.stage is not Stage.PRINTING or batch.place is None:
        return Decision(batch)
    match outcome.result:
        case Result.ACCEPTED:
            return confirm_batch(batch, batch.place, outcome.detail, outcome.finished_at)
        case Result.FAILED if outcome.detail == NEVER_LEFT:
            return close_batch(replace(batch, stage=Stage.WAITING), Due(due_at=now), now)
        case Result.FAILED:
            return Decision(replace(batch, stage=Stage.WAITING, retry_at=now + pause_after(batch.attempts)))
        case Result.UNKNOWN | Result.REFUSED:  # asked again: a batch is written once however often it is ordered
            return Decision(replace(batch, retry_at=now + pause_after(batch.attempts)))


def confirm_batch(batch: PrintBatch, place: BatchPlace, detail: str, at: datetime) -> Decision[PrintBatch]:
    """Tell each letter's correspondence; the contents are kept no longer, but for what could not be set."""
    report = json.loads(detail)
    printed: dict[str, str] = report["printed"]
    faults: dict[str, str] = report["faults"]
    letters: list[BatchLetter] = []
    told: list[Message] = []
    for letter in batch.letters:
        digest = printed.get(str(letter.message_id))
        if digest is not None:
            letters.append(replace(letter, content=None))
            told.append(answer(letter, "printed", f"{place.name} sha256:{digest}", at))
        else:
            letters.append(replace(letter, fault=faults.get(str(letter.message_id), "left out")))
            told.append(answer(letter, "failed", f"{place.name}: could not be set", at))
    return Decision(replace(batch, stage=Stage.PRINTED, letters=tuple(letters), retry_at=None), send=told)


def report_returned(batch: PrintBatch, report: LetterReturned, now: datetime) -> Decision[PrintBatch]:
    """The printer says that a letter came back. Raises InvalidMessage for a letter that is not of this batch."""
    letter = batch.find(report.message_id)
    if letter is None:
        raise InvalidMessage("unknown_letter", "this batch has no such letter")
    return Decision(batch, send=[answer(letter, "returned", f"{report.returned_on}: {report.reason}", now)])


def answer(letter: BatchLetter, outcome: str, detail: str, at: datetime) -> ConfirmLetter:
    """What the batch did with a letter, for its correspondence."""
    return ConfirmLetter.model_validate(
        {
            "case_file_id": letter.case_file_id,
            "message_id": letter.message_id,
            "outcome": outcome,
            "detail": detail,
            "at": at,
        }
    )
