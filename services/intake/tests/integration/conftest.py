"""Intake's own database with its migrations, the real runner on it, and the real application over ASGI."""

import asyncio
import hashlib
import secrets
import sys
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from common.calls import Caller
from common.migrate import migrate
from common.postgres import open_pool
from common.runner import Runner
from contracts.registry import CATALOGUE
from intake.consumers import CONSUMERS
from intake.http import make_http
from intake.settings import Settings
from local_stack.postgres import database_url, identifier, run_sql
from testkit.plugin import MakeDatabase

sys.path.insert(0, str(Path(__file__).parent))

from intake_world import OPERATOR_KEY, Backend, Registered, register

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def migrated(postgres: str) -> Generator[str]:
    """Migrated once, copied for each test."""
    name = f"t{secrets.token_hex(5)}_intake_migrated"
    run_sql(postgres, f"CREATE DATABASE {identifier(name)}")
    url = database_url(postgres, name)
    asyncio.run(migrate(url, service="intake"))
    yield url
    run_sql(postgres, f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")


@pytest.fixture
async def backend(database: MakeDatabase, migrated: str, tmp_path: Path) -> AsyncGenerator[Backend]:
    url = database("intake", template=migrated)
    pool = await open_pool(url, name="intake")
    settings = Settings(
        database_url=url,
        instance="intake-0",
        http_port=1,
        watch_folder=tmp_path / "watched",
        operator_key_sha256=hashlib.sha256(OPERATOR_KEY.encode()).hexdigest(),
    )
    runner = Runner(
        service="intake", instance="intake-0", pool=pool, catalogue=CATALOGUE, consumers=CONSUMERS, caller=Caller({})
    )
    made = Backend(runner=runner, pool=pool, settings=settings)
    await made.set_clock(NOW)
    yield made
    made.blocking.close()
    await pool.close()


@pytest.fixture
async def http(backend: Backend) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=make_http(backend, backend.settings), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
        yield client


@pytest.fixture
async def client(http: httpx.AsyncClient) -> Registered:
    return await register(http)
