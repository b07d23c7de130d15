"""A debtor contests: the file stops at once and is read afterwards."""

from dataclasses import replace
from datetime import datetime

from common.decisions import Decision
from contracts.dunning import DisputeFiled, FileDispute, HoldReason
from dunning.domain.case_file import CaseFile
from dunning.domain.receipts import DecisionReceipt, Verdict
from dunning.handlers.deciding import held


def file_dispute(case_file: CaseFile, message: FileDispute, now: datetime) -> Decision[CaseFile]:
    """The dispute is told, the file is held on it, and what has not left is called back (BE-COL-7 § 4)."""
    answer = {"dispute_id": str(message.dispute_id), "held_at": now.isoformat()}
    if message.dispute_id in case_file.dispute_ids:
        return Decision(case_file, answer=answer)
    filed = DisputeFiled(
        case_file_id=case_file.case_file_id,
        dispute_id=message.dispute_id,
        reason=message.reason,
        text=message.text,
        filed_at=now,
    )
    receipt = DecisionReceipt(
        case_file_id=case_file.case_file_id,
        decided_at=now,
        decision=Verdict.HOLD,
        outcome="dispute",
        rule_ids=("BE-COL-7",),
        inputs={"dispute_id": str(message.dispute_id), "reason": message.reason},
    )
    return held(
        replace(case_file, dispute_ids=(*case_file.dispute_ids, message.dispute_id), contact_asked=False),
        now,
        reason=HoldReason.DISPUTE,
        basis=str(message.dispute_id),
        send=[filed],
        append=[receipt],
        answer=answer,
    )
