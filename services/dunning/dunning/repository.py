"""dunning's own queries: receipts written, and case files found by the token of a notice."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from common.messages import Message
from common.postgres import Connection
from common.queries import load_queries
from contracts.dunning import FileDispute
from dunning import metrics
from dunning.domain.disputes import DisputeByToken
from dunning.domain.holds import ReleaseHold
from dunning.domain.receipts import DecisionReceipt

QUERIES = load_queries("dunning")


async def insert_receipts(connection: Connection, receipts: Sequence[DecisionReceipt], now: datetime) -> None:
    """Append the receipts of a batch by one statement."""
    del now  # each receipt says when it was decided
    await connection.execute(
        QUERIES.insert_receipts,
        [receipt.case_file_id for receipt in receipts],
        [receipt.decided_at for receipt in receipts],
        [receipt.decision.value for receipt in receipts],
        [receipt.outcome for receipt in receipts],
        [json.dumps(receipt.rule_ids) for receipt in receipts],
        [json.dumps(receipt.inputs) for receipt in receipts],
    )
    for receipt in receipts:
        metrics.DECISIONS.labels(receipt.decision.value, receipt.outcome).inc()


async def locate_disputed_case_files(
    connection: Connection, messages: Sequence[Message]
) -> list[list[tuple[UUID, Message]]]:
    """The case file of each token, with the dispute as the command about it; nothing for an unknown token."""
    disputes = cast("Sequence[DisputeByToken]", messages)
    rows = await connection.fetch(QUERIES.locate_case_files_by_token, [dispute.token for dispute in disputes])
    found: dict[str, UUID] = {row["token"]: row["case_file_id"] for row in rows}
    return [
        [(found[dispute.token], _command(found[dispute.token], dispute))] if dispute.token in found else []
        for dispute in disputes
    ]


async def locate_known_case_files(
    connection: Connection, messages: Sequence[Message]
) -> list[list[tuple[UUID, Message]]]:
    """The case file that each release names; nothing when there is none, so that a typing error waits for nobody."""
    releases = cast("Sequence[ReleaseHold]", messages)
    rows = await connection.fetch(QUERIES.select_known_case_files, [release.case_file_id for release in releases])
    known: set[UUID] = {row["case_file_id"] for row in rows}
    return [[(release.case_file_id, release)] if release.case_file_id in known else [] for release in releases]


def _command(case_file_id: UUID, dispute: DisputeByToken) -> FileDispute:
    return FileDispute(
        case_file_id=case_file_id, dispute_id=dispute.dispute_id, reason=dispute.reason, text=dispute.text
    )
