"""Connections to PostgreSQL, with every limit written out."""

from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection, Pool = asyncpg.Connection, asyncpg.Pool

LONGEST_STATEMENT = "25s"
LONGEST_WAIT_FOR_LOCK = "10s"
LONGEST_SILENCE = "20s"  # of a process inside a transaction: one that sleeps there (a zombie) must let go of its locks
LONGEST_ANSWER_SECONDS = 30  # of a server that may be gone without a word: longer than its own statement timeout


async def open_pool(url: str, *, name: str, size: int = 8) -> Pool:
    """A pool for the run role of a service. A half-open connection must not hold a partition: statements and waits
    for locks end by themselves.
    """
    return await asyncpg.create_pool(
        url,
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
