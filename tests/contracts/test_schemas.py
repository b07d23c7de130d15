"""Each service's sql/schema.sql is what its migrations make, and every named query of it fits."""

from collections.abc import Generator
from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest

from common.queries import load_queries, parse_queries
from local_stack.databases import ServiceDatabase
from testkit.schemas import SERVICES, migrated, schema_file, schema_of

QUERIES = [(service, name, text) for service in SERVICES for name, text in load_queries(service).texts.items()]
PROOFS = parse_queries((files("ledger") / "sql" / "proofs.sql").read_text("utf-8")).texts
QUERIES += [("ledger", name, text) for name, text in PROOFS.items()]


@pytest.fixture(scope="module")
def databases(postgres: str, run_dir: Path) -> Generator[dict[str, ServiceDatabase]]:
    opened = {service: migrated(postgres, service, state_dir=run_dir) for service in SERVICES}
    yield {service: database.__enter__() for service, database in opened.items()}
    for database in opened.values():
        database.__exit__(None, None, None)


@pytest.mark.parametrize("service", SERVICES)
def test_the_schema_file_is_what_the_migrations_make(
    postgres: str, databases: dict[str, ServiceDatabase], service: str
):
    made = schema_of(postgres, databases[service])
    assert "CREATE TABLE public.outbox (" in made
    written = schema_file(service).read_text("utf-8")
    assert written == made, f"rewrite it: python -m testkit.schemas {service}"


@pytest.mark.parametrize("service", SERVICES)
def test_the_schema_text_does_not_depend_on_the_day(databases: dict[str, ServiceDatabase], postgres: str, service: str):
    assert "_20" not in schema_of(postgres, databases[service])


@pytest.mark.parametrize(("service", "name", "text"), QUERIES, ids=[f"{s}-{n}" for s, n, _ in QUERIES])
async def test_every_named_query_prepares(databases: dict[str, ServiceDatabase], service: str, name: str, text: str):
    connection = await asyncpg.connect(databases[service].url)
    try:
        await connection.prepare(text)
    finally:
        await connection.close()


def test_every_service_has_named_queries():
    assert {service for service, _, _ in QUERIES} == set(SERVICES)
