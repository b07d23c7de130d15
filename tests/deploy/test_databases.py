"""Two roles a service: one migrates, one runs and can drop or disable nothing."""

from pathlib import Path

import pytest

from local_stack.databases import Databases
from local_stack.postgres import PostgresError, run_sql

SERVICES = ("dunning", "legal")


@pytest.fixture
def databases(postgres: str, prefix: str, tmp_path: Path):
    made = Databases(postgres, prefix=prefix, state_dir=tmp_path)
    made.create(SERVICES)
    for service in SERVICES:
        run_sql(
            made.of(service).owner_url,
            f"CREATE TABLE claim (id int); GRANT SELECT, INSERT ON claim TO {service}",
        )
    yield made
    made.drop(SERVICES)


def test_a_service_reads_and_writes_its_own_database(databases: Databases):
    url = databases.of("dunning").url

    run_sql(url, "INSERT INTO claim VALUES (7)")

    assert run_sql(url, "SELECT id FROM claim") == [["7"]]


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE claim",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE claim DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "CREATE ROLE friend",
    ],
)
def test_the_role_that_runs_drops_makes_and_disables_nothing(databases: Databases, statement: str):
    with pytest.raises(PostgresError, match=r"must be owner|permission denied"):
        run_sql(databases.of("dunning").url, statement)


def test_no_service_comes_into_the_database_of_another(databases: Databases):
    theirs = databases.of("legal").url.replace("legal:", "dunning:", 1).replace("legal@", "dunning@", 1)

    with pytest.raises(PostgresError, match="permission denied for database"):
        run_sql(theirs, "SELECT 1")


def test_saying_it_twice_loses_nothing(databases: Databases, postgres: str, prefix: str, tmp_path: Path):
    run_sql(databases.of("dunning").url, "INSERT INTO claim VALUES (7)")

    again = Databases(postgres, prefix=prefix, state_dir=tmp_path)
    again.create(SERVICES)

    assert again.of("dunning") == databases.of("dunning")
    assert run_sql(again.of("dunning").url, "SELECT id FROM claim") == [["7"]]
