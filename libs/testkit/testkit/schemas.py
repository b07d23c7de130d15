"""The schema of a service as its migrations make it; `python -m testkit.schemas SERVICE...` writes sql/schema.sql."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urlsplit

from local_stack.databases import Databases, ServiceDatabase
from local_stack.ports import LOOPBACK, Ports
from local_stack.postgres import BINARIES, database_url
from testkit.servers import a_postgres, run_folder

SERVICES = ("dunning", "intake", "ledger", "legal", "notifications")
DAY_PARTITIONS = "*_[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]"
NOISE = re.compile(
    r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*|CREATE SCHEMA public;)\n", re.MULTILINE
)
HEADER = """\
-- The tables of {service} as its migrations make them, the plumbing's and its own; partitions by day are left out.
-- Written by `python -m testkit.schemas {service}`; a test holds it to the migrations. Read it, never run it.

"""


@contextmanager
def migrated(server_url: str, service: str, *, state_dir: Path) -> Generator[ServiceDatabase]:
    """A fresh database with all migrations of a service, gone afterwards."""
    databases = Databases(server_url, prefix=f"t{secrets.token_hex(5)}_", state_dir=state_dir)
    databases.create([service])
    try:
        databases.migrate([service])
        yield databases.of(service)
    finally:
        databases.drop([service])


def schema_of(server_url: str, database: ServiceDatabase) -> str:
    """The schema of a migrated database as text: the same for the same migrations, on whatever day. Raises
    CalledProcessError with what pg_dump said.
    """
    parts = urlsplit(database_url(server_url, database.name))
    env = {
        "PATH": os.environ.get("PATH", ""),
        "PGHOST": parts.hostname or LOOPBACK,
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or "postgres"),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": database.name,
    }
    command = [str(BINARIES / "pg_dump"), "--schema-only", "--no-owner", "--no-privileges", "--no-comments"]
    command += ["--exclude-table", DAY_PARTITIONS]
    dump = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own command line
    body = re.sub(r"\n{3,}", "\n\n", NOISE.sub("", dump)).strip()
    return HEADER.format(service=database.service) + body + "\n"


def schema_file(service: str) -> Path:
    """Where the schema of a service stands in the repository."""
    return Path(str(files(service))) / "sql" / "schema.sql"


def write_schemas(services: Sequence[str], folder: Path) -> None:
    """Start a server of our own, and write the schema file of each service."""
    with run_folder(folder) as state_dir:
        server = a_postgres(state_dir, Ports())
        url = server.start()
        try:
            for service in services:
                with migrated(url, service, state_dir=state_dir) as database:
                    schema_file(service).write_text(schema_of(url, database), "utf-8")
        finally:
            server.stop()


if __name__ == "__main__":
    write_schemas(sys.argv[1:] or SERVICES, Path.cwd() / ".quittance" / "test")
