"""Plain SQL migrations, forward only: the plumbing's first, then the service's own.

`python -m common.migrate SERVICE` with OWNER_DATABASE_URL of the owner role. What is applied is recorded with its
SHA-256: a migration that was changed afterwards is an error that names it.
"""

import asyncio
import hashlib
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import asyncpg

from common.clock import system_now

FILE = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
ONE_AT_A_TIME = 7_204_001  # advisory lock
KEEP_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One file."""

    source: str  # `common` or the service
    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_of(package: str) -> list[Migration]:
    """A package's migrations in order. Raises ValueError for a name that is not NNNN_verb_noun.sql, or a gap."""
    found: list[Migration] = []
    for path in sorted((files(package) / "sql" / "migrations").iterdir(), key=lambda p: p.name):
        match = FILE.match(path.name)
        if match is None:
            raise ValueError(f"{package}: {path.name} is not named NNNN_verb_noun.sql")
        found.append(
            Migration(source=package, number=int(match[1]), name=path.name, sql=path.read_text(encoding="utf-8"))
        )
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"{package}: migrations are not numbered 0001, 0002, ... without a gap")
    return found


async def migrate(url: str, *, service: str, run_role: str | None = None) -> list[str]:
    """Apply what is missing, each in a transaction; returns the names applied. The run role may read and write rows
    and can drop or disable nothing.
    """
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", ONE_AT_A_TIME)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (source text, number integer, name text NOT NULL,"
            " sha256 text NOT NULL, applied_at timestamptz NOT NULL, PRIMARY KEY (source, number))"
        )
        applied = await _apply(connection, [*migrations_of("common"), *migrations_of(service)])
        if run_role and await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", run_role):
            await _grant(connection, run_role)
        await connection.execute("SELECT keep_partitions($1, $2)", system_now().date(), KEEP_DAYS)
        return applied
    finally:
        await connection.close()


async def _apply(connection: asyncpg.Connection, wanted: Sequence[Migration]) -> list[str]:
    rows = await connection.fetch("SELECT source, number, sha256 FROM migration")
    done = {(row["source"], row["number"]): row["sha256"] for row in rows}
    applied: list[str] = []
    for one in wanted:
        digest = done.get((one.source, one.number))
        if digest is None:
            async with connection.transaction():
                await connection.execute(one.sql)
                await connection.execute(
                    "INSERT INTO migration (source, number, name, sha256, applied_at) VALUES ($1, $2, $3, $4, $5)",
                    one.source, one.number, one.name, one.digest, system_now(),
                )  # fmt: skip
            applied.append(f"{one.source}/{one.name}")
        elif digest != one.digest:
            raise ValueError(f"{one.source}/{one.name} was changed after it had been applied: write a new migration")
    return applied


async def _grant(connection: asyncpg.Connection, run_role: str) -> None:
    role = '"' + run_role.replace('"', '""') + '"'
    await connection.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    await connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
    await connection.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
    await connection.execute(f"REVOKE INSERT, UPDATE, DELETE ON migration FROM {role}")


def main() -> None:
    """Command line: the service's name; the owner's address in OWNER_DATABASE_URL."""
    service = sys.argv[1]
    applied = asyncio.run(migrate(os.environ["OWNER_DATABASE_URL"], service=service, run_role=service))
    sys.stdout.write("".join(f"{name}\n" for name in applied))


if __name__ == "__main__":
    main()
