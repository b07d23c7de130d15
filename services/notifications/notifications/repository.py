"""The register of deliveries."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.postgres import Connection, Pool
from common.queries import load_queries
from notifications.handlers.messages import DeliveryRow

QUERIES = load_queries("notifications")


async def insert_deliveries(connection: Connection, rows: Sequence[DeliveryRow], now: datetime) -> None:
    """Write what became of messages. A line already written stays."""
    await connection.execute(
        QUERIES.insert_deliveries,
        [row.message_id for row in rows],
        [row.case_file_id for row in rows],
        [row.medium for row in rows],
        [row.outcome for row in rows],
        [row.proof for row in rows],
        [row.at for row in rows],
        now,
    )


async def select_may_leave(pool: Pool, message_id: UUID, *, now: datetime) -> bool:
    """Whether the call of a message may be made at this moment: it is still open, in time, and not recalled. `now` is
    the system's time, and a simulated one goes before it.
    """
    return bool(await pool.fetchval(QUERIES.select_may_leave, message_id, now))
