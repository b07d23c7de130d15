"""The one place that knows the time: the system's, or a simulated one that is stepped by a driver.

Each database has at most one row in `clock`. Without it time is the system's; with it, time stands still until the
driver moves the row and notifies channel `clock`. Every transaction reads it once, at its start.
"""

from datetime import UTC, datetime

from common.postgres import Connection

NOW = "SELECT now FROM clock"


def system_now() -> datetime:
    """The system's time, in UTC."""
    return datetime.now(UTC)


async def read_now(connection: Connection) -> datetime:
    """The time of this transaction."""
    stepped = await connection.fetchval(NOW)
    return stepped if stepped is not None else system_now()


async def is_stepped(connection: Connection) -> bool:
    """Whether a driver steps the time here."""
    return await connection.fetchval(NOW) is not None
