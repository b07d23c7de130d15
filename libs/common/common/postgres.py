"""Connections to PostgreSQL, with every limit written out."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import asyncpg
from asyncpg.pgproto.pgproto import UUID as CompiledUUID  # noqa: N811  a class

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection, Pool = asyncpg.Connection, asyncpg.Pool

T = TypeVar("T")
AWAY = (  # a server that is away, starts, ended the session, or has no connection or room left: asked again
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)
LONGEST_STATEMENT = "25s"
LONGEST_WAIT_FOR_LOCK = "10s"
LONGEST_SILENCE = "20s"  # of a process inside a transaction: one that sleeps there (a zombie) must let go of its locks
LONGEST_ANSWER_SECONDS = 30  # of a server that may be gone without a word: longer than its own statement timeout


async def open_pool(url: str, *, name: str, size: int = 8) -> Pool:
    """A pool for the run role of a service. A half-open connection must not hold a partition: statements and waits
    for locks end by themselves. Sessions keep no state of ours, so none is reset after use.
    """
    return await asyncpg.create_pool(
        url,
        reset=_leave_as_it_is,
        min_size=2,
        max_size=size,
        command_timeout=LONGEST_ANSWER_SECONDS,
        server_settings={
            "application_name": name,
            "statement_timeout": LONGEST_STATEMENT,
            "lock_timeout": LONGEST_WAIT_FOR_LOCK,
            "idle_in_transaction_session_timeout": LONGEST_SILENCE,
            "timezone": "UTC",
        },
    )


async def _leave_as_it_is(connection: asyncpg.Connection) -> None:
    """Saves a round trip a transaction. The driver has ended by now what was left open."""


async def meanwhile(statement: Coroutine[Any, Any, object], work: Callable[[], T]) -> T:
    """Work on while the database runs a statement; returns what the work gave, when both are done. Whatever ends the
    work, the statement has ended too: nothing else may be said on its connection before.
    """
    running = asyncio.ensure_future(statement)
    try:
        await asyncio.sleep(0)  # it begins,
        await asyncio.sleep(0)  # and its bytes leave
        return work()
    finally:
        await running


def read_id(text: str) -> UUID:
    """The UUID of a text, as the database's driver has them: equal to any other, several times faster to read, to hash
    and to write. Raises ValueError.
    """
    return CompiledUUID(text)
