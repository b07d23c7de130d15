"""A service that only says: input for a toy world, through an outbox and a relay, so that it can be sent again."""

import asyncio
import contextlib
import json
import zlib
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from common.clock import system_now
from common.messages import Message
from common.migrate import migrations_of
from common.outbox import SEND_AGAIN, SHARDS
from common.postgres import Pool
from common.relay import Relay
from testkit.chaos import REQUESTS, World

Said = tuple[Message, UUID, bytes | None]  # the last one: other bytes than the message's own
PAUSE_SECONDS = 0.3
LONGEST_BACKLOG_SECONDS = 180
SAY = (
    "INSERT INTO outbox (shard, id, topic, key, payload, headers, subject, created_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
)
BATCH_SINCE = """
SELECT min(xact_start)
  FROM pg_stat_activity
 WHERE datname = current_database()
   AND application_name = 'sender relay'
"""


class Sender:
    """Says a world's input from a database of its own, by the way on which the world's processes speak."""

    def __init__(self, world: World, database_url: str) -> None:
        self.world, self.database_url = world, database_url
        self.pool: Pool
        bootstrap = (world.toy_bootstrap or world.bootstrap).split(",")
        self.relay = Relay(service="sender", database_url=database_url, bootstrap=bootstrap, prefix=world.prefix)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncGenerator["Sender"]:
        """Input keeps coming until `finish`, or the end of the block."""
        async with asyncpg.create_pool(self.database_url, min_size=1, max_size=3) as self.pool:
            for migration in migrations_of("common"):
                await self.pool.execute(migration.sql)
            tasks = [asyncio.create_task(self.relay.run()), asyncio.create_task(self._write())]
            try:
                yield self
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def finish(self) -> None:
        """Say nothing new, and wait until the broker has everything. Raises TimeoutError when it does not take it."""
        self.world.stop_feeding.set()
        async with asyncio.timeout(LONGEST_BACKLOG_SECONDS):
            while await self.pool.fetchval("SELECT count(*) FROM outbox"):  # noqa: ASYNC110  a table tells nobody
                await asyncio.sleep(0.1)

    async def say(self, said: Sequence[Said]) -> None:
        """Into the outbox."""
        rows = [
            (
                zlib.crc32(str(message.key()).encode()) % SHARDS,
                event_id,
                REQUESTS,
                str(message.key()).encode(),
                message.model_dump_json().encode() if value is None else value,
                json.dumps({"ce_id": str(event_id), "ce_type": message.type_name()}),
                message.subject(),
                system_now(),
            )
            for message, event_id, value in said
        ]
        await self.pool.executemany(SAY, rows)

    async def said(self) -> set[UUID]:
        """The ids of everything that it ever said, and the broker has or had."""
        return {row["id"] for row in await self.pool.fetch("SELECT id FROM outbox_sent")}

    async def send_again(self, since: datetime) -> int:
        """As `outbox resend` does; returns how many messages."""
        return int(await self.pool.fetchval(SEND_AGAIN, since))

    async def batch_seconds(self) -> float:
        """How long the relay's open transaction lasts by now."""
        since: datetime | None = await self.pool.fetchval(BATCH_SINCE)
        return 0 if since is None else (system_now() - since).total_seconds()

    async def _write(self) -> None:
        while not self.world.stop_feeding.is_set():
            await self.say(self.world.burst())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.world.stop_feeding.wait(), PAUSE_SECONDS)
