"""The containers' databases on a real server: the owner migrates, the role of a service can break nothing."""

import os
import subprocess
from pathlib import Path

import pytest

from common.migrate import migrate
from local_stack.postgres import BINARIES, Postgres, PostgresError, database_url, run_sql

SECRET = "it's one"  # noqa: S105  of this test's own server
SCRIPT = Path(__file__).parents[2] / "deploy/docker/create_databases.sh"


@pytest.fixture
def server(own_postgres: Postgres) -> str:
    """A server on which the script ran once, as it does on a container's first start."""
    host, port = own_postgres.url.rpartition("@")[2].split("/")[0].split(":")
    environment = {
        "PATH": f"{BINARIES}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": host,
        "PGPORT": port,
        "DATABASE_PASSWORD": SECRET,
    }
    subprocess.run([str(SCRIPT)], env=environment, check=True, capture_output=True)
    return own_postgres.url


def as_role(server: str, role: str, service: str) -> str:
    return database_url(server, f"quittance_{service}", user=role, password=SECRET)


async def test_the_owner_migrates_and_the_services_role_reads_writes_and_drops_nothing(server: str):
    applied = await migrate(as_role(server, "ledger_owner", "ledger"), service="ledger", run_role="ledger")
    assert applied

    running = as_role(server, "ledger", "ledger")
    assert run_sql(running, "SELECT count(*) FROM outbox") == [["0"]]
    for forbidden in ("DROP TABLE outbox", "CREATE TABLE public.mine (id integer)", "DELETE FROM migration"):
        with pytest.raises(PostgresError, match=r"must be owner|permission denied"):
            run_sql(running, forbidden)


async def test_no_service_enters_the_database_of_another(server: str):
    assert run_sql(as_role(server, "legal", "legal"), "SELECT 1") == [["1"]]
    with pytest.raises(PostgresError, match="permission denied for database"):
        run_sql(as_role(server, "legal", "ledger"), "SELECT 1")
