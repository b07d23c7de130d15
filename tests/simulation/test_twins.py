"""The twins of the named queries answer as PostgreSQL does, over the rows that a life of the chain has left."""

import json
from itertools import groupby, product
from uuid import UUID

import asyncpg
import chain_books
import chain_queries
import pytest
from chain import Life
from chain_checks import existing

from common.migrate import migrate
from dunning.repository import QUERIES as DUNNING
from intake.repository import QUERIES as INTAKE
from ledger.repository import QUERIES as LEDGER
from legal.repository import QUERIES as LEGAL
from testkit.simulation_store import SimTransaction

STRANGER = UUID(int=1)
SEEDS = (0, 9)


@pytest.fixture(params=SEEDS)
async def life(request):
    return await Life(request.param, is_hurried=bool(request.param % 2)).live()


@pytest.fixture
async def real(life, database, request):
    """The real database of a service, with the rows of the things that the life left in it."""
    connections = []

    async def make(name):
        url = database(name)
        await migrate(url, service=name)
        connections.append(connection := await asyncpg.connect(url))
        for thing in life.services[name].things:
            columns = ("state", *thing.extra_columns)
            names, places = ", ".join(columns), ", ".join(f"${n}" for n in range(2, len(columns) + 2))
            for row in life.services[name].store.rows(thing.name):
                await connection.execute(
                    f"INSERT INTO {thing.name} ({thing.name}_id, {names}) VALUES ($1, {places})",  # noqa: S608
                    row["key"],
                    *(row[column] for column in columns),
                )
        return connection

    yield make
    for connection in connections:
        await connection.close()


async def answer_of(life, service, twins, sql, *arguments):
    transaction = SimTransaction(life.services[service].store)
    try:
        found = twins[sql](transaction, arguments)
        return found if isinstance(found, list) else await found
    finally:
        transaction.end(commit=False)


def comparable(rows):
    return [{n: json.loads(v) if n == "mandate" and v else v for n, v in dict(row).items()} for row in rows]


def in_any_order(rows):
    return sorted(map(str, comparable(rows)))


async def test_claims_are_placed_alike(life, real):
    connection, store = await real("intake"), life.services["intake"].store
    for row in store.rows("claim"):
        await connection.execute(
            "INSERT INTO claim (claim_id, case_file_id) VALUES ($1, $2)", row["claim_id"], row["case_file_id"]
        )
    clients = [*store.tables["client"], STRANGER]
    debtors = [*life.world.by_id, STRANGER]
    claims = [*(row["claim_id"] for row in store.rows("claim")), STRANGER]
    asked = list(zip(*product(clients, debtors, claims), strict=True))
    rows = await connection.fetch(INTAKE.locate_case_files, *asked)
    twin = await answer_of(life, "intake", chain_queries.TWINS["intake"], INTAKE.locate_case_files, *asked)
    assert comparable(rows) == [one | {"is_closed": bool(one["is_closed"])} for one in comparable(twin)]
    assert len({one["case_file_id"] for one in twin}) > 2


def handoff_of(row):
    return json.loads(row["state"])["handoff"]["handoff_id"] if row["state"] and '"handoff_id"' in row["state"] else "-"


@pytest.mark.parametrize(
    ("service", "table", "sql", "named"),
    [
        ("dunning", "case_file", DUNNING.locate_case_files_by_token, lambda row: row["token"]),
        ("legal", "procedure", LEGAL.select_procedures_by_handoff, handoff_of),
    ],
)
async def test_a_case_file_is_found_alike_by_its_token_or_handoff(life, real, service, table, sql, named):
    connection = await real(service)
    asked = [*sorted({named(row) for row in life.services[service].store.rows(table)}), "unknown"]
    twin = await answer_of(life, service, chain_queries.TWINS[service], sql, asked)
    assert in_any_order(await connection.fetch(sql, asked)) == in_any_order(twin)
    assert twin


async def test_the_books_post_and_reconcile_alike(life, real):
    connection, store = await real("ledger"), life.services["ledger"].store
    tables = store.tables
    journals = sorted(tables["journal"].values(), key=lambda journal: journal["recorded_at"])
    for recorded_at, of_it in groupby(journals, key=lambda journal: journal["recorded_at"]):
        batch = sorted(of_it, key=lambda journal: journal["key"])  # the floors hold for a batch, not for each journal
        lines = [
            (n, ordinal, row["code"], row["cents"])
            for n, journal in enumerate(batch, start=1)
            for (key, ordinal), row in sorted(tables["line"].items())
            if key == journal["key"]
        ]
        for entity_id in (1, 2):
            codes = [code for n, _, code, _ in lines if batch[n - 1]["entity_id"] == entity_id]
            await connection.execute(LEDGER.open_ledger_accounts, entity_id, codes, recorded_at)
        arguments = (
            *([journal[name] for journal in batch] for name in chain_books.JOURNAL),
            *(list(column) for column in zip(*lines, strict=True)),
            recorded_at,
        )
        assert all((await connection.fetchrow(LEDGER.post_journals, *arguments))["is_new"])
    again = await connection.fetchrow(LEDGER.post_journals, *arguments)
    twin = await answer_of(life, "ledger", chain_books.TWINS, LEDGER.post_journals, *arguments)
    assert again["is_new"] == twin[0]["is_new"]
    assert not any(again["is_new"])
    other = (*arguments[:2], [b"\0" * 32 for _ in batch], *arguments[3:])
    with pytest.raises(asyncpg.PostgresError) as real_refusal:
        await connection.fetchrow(LEDGER.post_journals, *other)
    with pytest.raises(asyncpg.PostgresError) as twin_refusal:
        await answer_of(life, "ledger", chain_books.TWINS, LEDGER.post_journals, *other)
    assert real_refusal.value.sqlstate == twin_refusal.value.sqlstate == "LG004"
    balances = await connection.fetch(
        "SELECT a.code, b.posted_cents FROM ledger.balance AS b"
        " JOIN ledger.ledger_account AS a ON a.id = b.ledger_account_id"
    )
    moved = {code: row["posted_cents"] for code, row in tables["balance"].items()}
    assert {row["code"]: row["posted_cents"] for row in balances} == moved
    for state in existing(life.services["ledger"], "trust_account").values():
        asked = (STRANGER, f"BANK:{state['iban']}", life.simulation.now.date(), 123, life.simulation.now)
        row = await connection.fetchrow(LEDGER.reconcile_statement, *asked)
        assert comparable([row]) == await answer_of(
            life, "ledger", chain_books.TWINS, LEDGER.reconcile_statement, *asked
        )
        await connection.execute("DELETE FROM ledger.reconciliation")


async def test_receipts_are_remembered_and_taken_back_alike(life, real):
    connection, rows = await real("ledger"), life.services["ledger"].store.rows("receipt")
    columns = ("payment_id", "trust_account_id", "amount_cents", "marks", "stated_references")
    kept = [[row[column] for row in rows] for column in columns]
    await connection.execute(LEDGER.insert_receipts, *kept[:3], *(list(map(json.dumps, texts)) for texts in kept[3:]))
    returned = {row["payment_id"]: row["returned_by"] for row in rows if row["returned_by"] is not None}
    await connection.execute(LEDGER.mark_receipts_returned, list(returned), list(returned.values()))
    marks = sorted({mark for row in rows for mark in row["marks"]})
    for asked in (marks, [*marks[:1], "end_to_end:unknown"], []):
        twin = await answer_of(life, "ledger", chain_books.TWINS, LEDGER.select_receipts_by_mark, asked)
        found = await connection.fetch(LEDGER.select_receipts_by_mark, asked)
        assert in_any_order(found) == in_any_order(twin)
    assert rows
