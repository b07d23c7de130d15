"""What operations see: depth and age of everything that waits, read from the database."""

from collections.abc import Sequence
from typing import Any

from common import metrics
from common.clock import read_now
from common.decisions import Thing
from common.postgres import Pool


async def sample(pool: Pool, *, service: str, things: Sequence[Thing[Any]]) -> None:
    """Read the gauges once."""
    async with pool.acquire() as connection:
        now = await read_now(connection)
        outbox = await connection.fetchrow("SELECT count(*) AS depth, min(created_at) AS oldest FROM outbox")
        waiting = await connection.fetchrow("SELECT count(*) AS depth, min(since) AS oldest FROM waiting")
        calls = await connection.fetchrow("SELECT count(*) AS depth, min(started_at) AS oldest FROM outside_call")
        assert outbox is not None
        assert waiting is not None
        assert calls is not None
        metrics.OUTBOX_DEPTH.labels(service).set(outbox["depth"])
        metrics.OUTBOX_AGE.labels(service).set((now - outbox["oldest"]).total_seconds() if outbox["oldest"] else 0)
        metrics.WAITING.labels(service).set(waiting["depth"])
        metrics.WAITING_AGE.labels(service).set((now - waiting["oldest"]).total_seconds() if waiting["oldest"] else 0)
        metrics.OUTSIDE_CALLS.labels(service).set(calls["depth"])
        metrics.OUTSIDE_CALL_AGE.labels(service).set((now - calls["oldest"]).total_seconds() if calls["oldest"] else 0)
        for gauge, query in (
            (metrics.STOPPED_SHARDS, "SELECT count(*) FROM outbox_stopped"),
            (metrics.OPEN_DEAD_LETTERS, "SELECT count(*) FROM dead_letter WHERE settled_at IS NULL"),
        ):
            gauge.labels(service).set(await connection.fetchval(query))
        for thing in things:
            earliest = await connection.fetchval(f"SELECT min(due_at) FROM {thing.name} WHERE due_at IS NOT NULL")  # noqa: S608
            late = (now - earliest).total_seconds() if earliest and earliest < now else 0
            metrics.ALARM_LATENESS.labels(service, thing.name).set(late)
    metrics.FIGURES_READ.labels(service).set_to_current_time()
