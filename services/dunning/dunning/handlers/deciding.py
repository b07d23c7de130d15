"""How every fold of a case file ends: the next step planned from its facts, holds told, what has not left recalled."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from common.decisions import Decision, Row
from common.messages import Message
from contracts.dunning import HoldPlaced, HoldReason
from contracts.notifications import RecallMessage
from dunning.domain.case_file import CaseFile
from dunning.domain.path import next_step_at
from dunning.domain.receipts import DecisionReceipt, Verdict
from statutes.errors import RateNotVerified


def decided(
    case_file: CaseFile,
    now: datetime,
    *,
    send: Sequence[Message] = (),
    append: Sequence[Row] = (),
    answer: Mapping[str, Any] | None = None,
) -> Decision[CaseFile]:
    """The decision with its next step planned. A day that the law's tables do not know holds the file."""
    try:
        return Decision(replace(case_file, next_step_at=next_step_at(case_file, now)), send, append, answer=answer)
    except RateNotVerified as refusal:
        return held(
            case_file,
            now,
            reason=HoldReason.LAW_NOT_VERIFIED,
            basis=refusal.message,
            send=send,
            append=[*append, _planning_receipt(case_file, now, refusal)],
            answer=answer,
        )


def held(
    case_file: CaseFile,
    now: datetime,
    *,
    reason: HoldReason,
    basis: str,
    send: Sequence[Message] = (),
    append: Sequence[Row] = (),
    answer: Mapping[str, Any] | None = None,
) -> Decision[CaseFile]:
    """The decision to hold: told once, and what has not left is recalled."""
    on_hold = case_file.with_hold(reason, basis=basis, at=now)
    if on_hold is case_file:
        return Decision(replace(case_file, next_step_at=None), send, append, answer=answer)
    placed = HoldPlaced(case_file_id=case_file.case_file_id, reason=reason, basis=basis, placed_at=now)
    stopped, recalls = recalled(on_hold)
    return Decision(replace(stopped, next_step_at=None), [*send, placed, *recalls], append, answer=answer)


def recalled(case_file: CaseFile) -> tuple[CaseFile, list[RecallMessage]]:
    """The file with what is under way called back, once."""
    under_way = case_file.under_way
    if under_way is None or under_way.is_recalled:
        return case_file, []
    recall = RecallMessage(case_file_id=case_file.case_file_id, message_id=under_way.message_id)
    return replace(case_file, under_way=replace(under_way, is_recalled=True)), [recall]


def _planning_receipt(case_file: CaseFile, now: datetime, refusal: RateNotVerified) -> DecisionReceipt:
    return DecisionReceipt(
        case_file_id=case_file.case_file_id,
        decided_at=now,
        decision=Verdict.HOLD,
        outcome="law_not_verified",
        rule_ids=(),
        inputs={"step": case_file.step, "law": refusal.message},
    )
