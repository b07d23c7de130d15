"""Grafana can see when the law's data runs out."""

import asyncio
from datetime import UTC, date, datetime, time
from types import SimpleNamespace

import pytest
from prometheus_client import REGISTRY

from common.postgres import open_pool
from dunning import app
from statutes.verification import verification

FIRST_TO_END = verification(as_of=date(2026, 3, 2))[0]


def days_left(table: str) -> float | None:
    return REGISTRY.get_sample_value("quittance_law_days_left", {"table": table})


@pytest.fixture
async def pool(database):
    pool = await open_pool(database("law"), name="test")
    await pool.execute("CREATE TABLE clock (only_one boolean PRIMARY KEY DEFAULT TRUE, now timestamptz NOT NULL)")
    yield pool
    await pool.close()


async def shown(table: str, days: int) -> None:
    """Wait until the watch shows it; a minute guards against one that never does."""
    async with asyncio.timeout(60):
        while days_left(table) != days:  # noqa: ASYNC110  a gauge tells nobody
            await asyncio.sleep(0.01)


@pytest.fixture
async def watching(pool, monkeypatch):
    monkeypatch.setattr(app, "LOOK_AT_LAW_SECONDS", 0.01)
    watch = asyncio.create_task(app.watch_law(SimpleNamespace(pool=pool)))
    yield watch
    watch.cancel()


async def test_the_days_left_follow_the_clock_of_the_platform_and_go_below_zero(pool, watching):
    last_day = datetime.combine(FIRST_TO_END.verified_until, time.min, UTC)

    await pool.execute("INSERT INTO clock (now) VALUES ($1)", last_day)
    await shown(FIRST_TO_END.key, 0)

    await pool.execute("UPDATE clock SET now = now + interval '3 days'")
    await shown(FIRST_TO_END.key, -3)


async def test_a_database_that_is_away_for_a_while_does_not_end_the_watch(pool, watching):
    await pool.execute("ALTER TABLE clock RENAME TO clock_away")
    await asyncio.sleep(0.1)
    assert not watching.done()

    await pool.execute("ALTER TABLE clock_away RENAME TO clock")
    await pool.execute("INSERT INTO clock (now) VALUES ($1)", datetime(2026, 3, 2, tzinfo=UTC))
    await shown(FIRST_TO_END.key, FIRST_TO_END.days_left)
