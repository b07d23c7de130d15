"""A database of its own a test: a copy of one that the ledger's migrations made, with its two roles."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from local_stack.databases import Databases, ServiceDatabase
from local_stack.postgres import database_url, identifier, run_sql


@pytest.fixture(scope="session")
def ledger_template(postgres: str, run_dir: Path) -> Iterator[ServiceDatabase]:
    databases = Databases(postgres, prefix=f"t{secrets.token_hex(5)}_", state_dir=run_dir)
    databases.create(["ledger"])
    databases.migrate(["ledger"])
    yield databases.of("ledger")
    databases.drop(["ledger"])


@pytest.fixture
def ledger_database(
    postgres: str, run_dir: Path, prefix: str, ledger_template: ServiceDatabase
) -> Iterator[ServiceDatabase]:
    databases = Databases(postgres, prefix=prefix, state_dir=run_dir)
    copy = databases.of("ledger")
    source = identifier(ledger_template.name)
    run_sql(postgres, f"CREATE DATABASE {identifier(copy.name)} OWNER ledger_owner TEMPLATE {source}")
    yield copy
    databases.drop(["ledger"])


@pytest.fixture
async def ledger(ledger_database: ServiceDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the run role."""
    connection = await asyncpg.connect(ledger_database.url)
    yield connection
    await connection.close()


@pytest.fixture
async def owner(ledger_database: ServiceDatabase) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(ledger_database.owner_url)
    yield connection
    await connection.close()


@pytest.fixture
async def superuser(postgres: str, ledger_database: ServiceDatabase) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url(postgres, ledger_database.name))
    yield connection
    await connection.close()


@pytest.fixture
async def pool(ledger_database: ServiceDatabase) -> AsyncIterator[asyncpg.Pool]:
    """Sixteen connections of the run role."""
    pool = await asyncpg.create_pool(ledger_database.url, min_size=16, max_size=16)
    yield pool
    await pool.close()
