"""The ledger's own rules, held by the database itself, against a real PostgreSQL."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from uuid import UUID, uuid4

import asyncpg
import pytest

from common.postgres import AWAY
from common.queries import parse_queries
from ledger.domain import chart
from ledger.domain.journals import (
    Journal,
    JournalKind,
    Line,
    journal_key,
    ledger_accounts_of,
    post_batch_arguments,
    reversal_of,
    transfer,
)
from ledger.repository import QUERIES

ENTITY = 1
BANK = "BANK:NL02ABNA0123456789"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TODAY = NOW.date()
PROOFS = parse_queries((files("ledger") / "sql" / "proofs.sql").read_text("utf-8"))


def a_journal(
    *lines: Line,
    key: UUID | None = None,
    kind: JournalKind = JournalKind.RECEIPT,
    booked_on: date = TODAY,
    entity: int = ENTITY,
) -> Journal:
    return Journal(
        entity_id=entity,
        idempotency_key=key or uuid4(),
        kind=kind,
        booked_on=booked_on,
        value_on=booked_on,
        lines=lines,
    )


def a_receipt(case: str, cents: int, **facts: object) -> Journal:
    return a_journal(*transfer(debit=BANK, credit=case, amount_cents=cents), **facts)


async def post(
    connection: asyncpg.Connection, journals: Sequence[Journal], now: datetime = NOW
) -> tuple[list[int], list[bool]]:
    row = await connection.fetchrow(QUERIES.post_journals, *post_batch_arguments(journals, now))
    return row["journal_ids"], row["is_new"]


async def open_for(connection: asyncpg.Connection, journals: Sequence[Journal], entity: int = ENTITY) -> int:
    codes = ledger_accounts_of(journals)
    return await connection.fetchval("SELECT ledger.open_accounts($1, $2, $3)", entity, codes, NOW)


async def open_and_post(connection: asyncpg.Connection, journals: Sequence[Journal], now: datetime = NOW):
    await open_for(connection, journals)
    return await post(connection, journals, now)


async def posted(connection: asyncpg.Connection, code: str) -> int:
    return await connection.fetchval(
        "SELECT b.posted_cents FROM ledger.balance AS b JOIN ledger.ledger_account AS a ON a.id = b.ledger_account_id"
        " WHERE a.code = $1",
        code,
    )


async def failing_proofs(connection: asyncpg.Connection) -> dict[str, list[tuple]]:
    rows = {name: [tuple(row) for row in await connection.fetch(query)] for name, query in PROOFS.texts.items()}
    assert len(rows) == 8
    return {name: found for name, found in rows.items() if found}


def the_error(code: str) -> "pytest.RaisesExc[asyncpg.PostgresError]":
    """Expects the SQLSTATE, whatever Python class the driver gives it."""
    return pytest.raises(asyncpg.PostgresError, check=lambda error: error.sqlstate == code)


async def test_a_receipt_moves_the_case_and_the_bank(ledger: asyncpg.Connection):
    ids, is_new = await open_and_post(ledger, [a_receipt("CASE:1", 12_345)])
    assert len(ids) == 1
    assert is_new == [True]
    assert await posted(ledger, "CASE:1") == 12_345
    assert await ledger.fetchval("SELECT recorded_at FROM ledger.journal") == NOW
    assert await failing_proofs(ledger) == {}


async def test_a_journal_that_does_not_sum_to_zero_is_refused(ledger: asyncpg.Connection):
    crooked = a_journal(Line(ledger_account=BANK, amount_cents=100), Line(ledger_account="CASE:1", amount_cents=-99))
    await open_for(ledger, [crooked])
    with the_error("LG001"):
        await post(ledger, [crooked])
    assert await ledger.fetchval("SELECT count(*) FROM ledger.journal") == 0


async def test_two_crooked_journals_that_cancel_out_are_refused(ledger: asyncpg.Connection):
    over = a_journal(Line(ledger_account=BANK, amount_cents=100), Line(ledger_account="CASE:1", amount_cents=-99))
    under = a_journal(Line(ledger_account=BANK, amount_cents=99), Line(ledger_account="CASE:1", amount_cents=-100))
    await open_for(ledger, [over, under])
    with the_error("LG001"):
        await post(ledger, [over, under])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.line SET amount_cents = amount_cents * 2",
        "DELETE FROM ledger.line",
        "TRUNCATE ledger.line",
        "UPDATE ledger.journal SET value_on = value_on - 1",
        "DELETE FROM ledger.journal",
        "TRUNCATE ledger.journal CASCADE",
    ],
)
async def test_nothing_that_is_booked_can_be_changed_by_the_run_role_or_the_owner(
    ledger: asyncpg.Connection, owner: asyncpg.Connection, statement: str
):
    await open_and_post(ledger, [a_receipt("CASE:1", 100)])
    with the_error("42501"):
        await ledger.execute(statement)
    with the_error("LG002"):
        await owner.execute(statement)
    assert await posted(ledger, "CASE:1") == 100


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO ledger.line VALUES (1, 9, 1, 5, current_date)",
        "UPDATE ledger.balance SET posted_cents = 0",
        "UPDATE ledger.ledger_account SET floor_cents = NULL",
        "DELETE FROM ledger.period_lock",
        "ALTER TABLE ledger.line DISABLE TRIGGER ALL",
        "DROP TRIGGER line_zero_sum ON ledger.line",
        "SET session_replication_role = replica",
        "CREATE TABLE ledger.shadow ()",
    ],
)
async def test_the_run_role_writes_drops_and_disables_nothing(ledger: asyncpg.Connection, statement: str):
    with the_error("42501"):
        await ledger.execute(statement)


async def test_the_same_key_with_the_same_request_is_the_same_answer(ledger: asyncpg.Connection):
    receipt = a_receipt("CASE:1", 500)
    first, _ = await open_and_post(ledger, [receipt])
    again, is_new = await post(ledger, [a_receipt("CASE:1", 40), receipt])
    assert again[1] == first[0]
    assert is_new == [True, False]
    assert await posted(ledger, "CASE:1") == 540


async def test_the_same_key_with_another_request_is_refused(ledger: asyncpg.Connection):
    receipt = a_receipt("CASE:1", 500)
    await open_and_post(ledger, [receipt])
    with the_error("LG004"):
        await post(ledger, [a_receipt("CASE:1", 501, key=receipt.idempotency_key)])
    assert await posted(ledger, "CASE:1") == 500


async def test_the_same_key_twice_in_one_batch_is_refused(ledger: asyncpg.Connection):
    receipt = a_receipt("CASE:1", 500)
    await open_for(ledger, [receipt])
    with the_error("LG003"):
        await post(ledger, [receipt, receipt])


async def test_a_line_that_names_no_journal_of_the_batch_is_refused(ledger: asyncpg.Connection):
    receipt = a_receipt("CASE:1", 500)
    await open_for(ledger, [receipt])
    arguments = list(post_batch_arguments([receipt], NOW))
    arguments[9] = [1, 2]
    with the_error("LG003"):
        await ledger.fetchrow(QUERIES.post_journals, *arguments)


async def test_an_account_may_not_be_overdrawn(ledger: asyncpg.Connection):
    await open_and_post(ledger, [a_receipt("CASE:1", 500)])
    settle = a_journal(*transfer(debit="CASE:1", credit="CRED:7", amount_cents=501), kind=JournalKind.SETTLE)
    await open_for(ledger, [settle])
    with pytest.raises(asyncpg.CheckViolationError) as refusal:
        await post(ledger, [settle])
    assert refusal.value.constraint_name == "balance_floor"
    assert await posted(ledger, "CASE:1") == 500


async def test_an_unknown_account_is_refused(ledger: asyncpg.Connection):
    await open_and_post(ledger, [a_receipt("CASE:1", 500)])
    with the_error("LG006"):
        await post(ledger, [a_receipt("CASE:2", 500)])


async def test_a_journal_never_mixes_books_or_entities_and_has_two_lines(ledger: asyncpg.Connection):
    across_books = a_receipt("OUTSTANDING:1", 500)
    other_entity = a_receipt("CASE:1", 500, entity=2)
    await open_for(ledger, [across_books, other_entity])
    for journal in (across_books, other_entity, a_journal()):
        with the_error("LG006"):
            await post(ledger, [journal])


async def test_an_account_code_belongs_to_one_entity_and_a_known_kind(ledger: asyncpg.Connection):
    receipt = a_receipt("CASE:1", 500)
    assert await open_for(ledger, [receipt]) == 2
    assert await open_for(ledger, [receipt]) == 0
    with the_error("LG004"):
        await open_for(ledger, [receipt], entity=2)
    with the_error("LG006"):
        await ledger.execute("SELECT ledger.open_accounts(1, ARRAY['SLUSH:1'], $1)", NOW)


async def test_every_code_of_the_chart_opens_an_account_of_its_book(ledger: asyncpg.Connection):
    subject = UUID(int=1)
    trust = [chart.bank("NL02ABNA0123456789"), chart.own_cost(ENTITY), chart.top_up(ENTITY)]
    trust += [
        name(subject)
        for name in (
            chart.received,
            chart.due_to_client,
            chart.due_to_payer,
            chart.suspense,
            chart.in_transit,
            chart.unexplained_debit,
        )
    ]
    claim = [
        name(subject) for name in (chart.principal, chart.late_interest, chart.collection_costs, chart.outstanding)
    ]
    opened = "SELECT ledger.open_accounts($1, $2, $3)"
    assert await ledger.fetchval(opened, ENTITY, [*trust, *claim], NOW) == len(trust) + len(claim)
    books = dict(await ledger.fetch("SELECT code, book FROM ledger.ledger_account"))
    assert books == {**dict.fromkeys(trust, 1), **dict.fromkeys(claim, 2)}
    assert await failing_proofs(ledger) == {}


async def test_a_missing_balance_row_is_refused(ledger: asyncpg.Connection, superuser: asyncpg.Connection):
    receipt = a_receipt("CASE:1", 500)
    await open_for(ledger, [receipt])
    await superuser.execute("DELETE FROM ledger.balance")
    with the_error("LG007"):
        await post(ledger, [receipt])


async def test_a_closed_period_takes_no_journal_and_never_opens_again(ledger: asyncpg.Connection):
    await ledger.execute("SELECT ledger.close_period($1, $2)", ENTITY, TODAY)
    await ledger.execute("SELECT ledger.close_period($1, $2)", ENTITY, TODAY - timedelta(days=30))
    receipt = a_receipt("CASE:1", 500)
    await open_for(ledger, [receipt])
    with the_error("LG005"):
        await post(ledger, [receipt])
    await post(ledger, [a_receipt("CASE:1", 500, booked_on=TODAY + timedelta(days=1))])
    assert await posted(ledger, "CASE:1") == 500


async def test_recorded_time_never_runs_backward_for_an_entity(ledger: asyncpg.Connection):
    receipt = a_receipt("CASE:1", 500)
    await open_and_post(ledger, [receipt])
    with the_error("LT001"):
        await post(ledger, [a_receipt("CASE:1", 500)], now=NOW - timedelta(hours=1))
    await post(ledger, [receipt], now=NOW - timedelta(seconds=5))  # two consumers overlap by their transactions


async def test_a_reversal_mirrors_its_original_once(ledger: asyncpg.Connection):
    receipt = a_receipt("CASE:1", 500)
    await open_and_post(ledger, [receipt])
    reversal = reversal_of(receipt, booked_on=TODAY, reason="booked on the wrong case file")
    await post(ledger, [reversal])
    assert await posted(ledger, "CASE:1") == 0
    assert await failing_proofs(ledger) == {}
    second = replace(reversal, idempotency_key=uuid4())
    with pytest.raises(asyncpg.UniqueViolationError):
        await post(ledger, [a_receipt("CASE:1", 500), second])


async def test_a_reversal_of_an_unknown_journal_is_refused(ledger: asyncpg.Connection):
    receipt = a_receipt("CASE:1", 500)
    await open_for(ledger, [receipt])
    with the_error("LG006"):
        await post(ledger, [reversal_of(receipt, booked_on=TODAY, reason="never booked")])


async def test_a_reversal_that_does_not_mirror_is_refused(ledger: asyncpg.Connection):
    receipt = a_receipt("CASE:1", 500)
    await open_and_post(ledger, [receipt, a_receipt("CASE:1", 500)])
    reversal = reversal_of(receipt, booked_on=TODAY, reason="a slip")
    crooked = replace(reversal, lines=transfer(debit="CASE:1", credit=BANK, amount_cents=499))
    with the_error("LG006"):
        await post(ledger, [crooked])


async def race_to_withdraw(ledger: asyncpg.Connection, pool: asyncpg.Pool) -> int:
    """Sixteen connections wish for more than the 100,000 cents there are; answers what they got."""
    await open_and_post(ledger, [a_receipt("CASE:1", 100_000)])
    await ledger.execute("SELECT ledger.open_accounts($1, $2, $3)", ENTITY, ["CRED:7"], NOW)
    dice = random.Random(20260302)  # noqa: S311 - a seeded die
    amounts = [[dice.randint(1, 400) for _ in range(60)] for _ in range(16)]
    assert sum(map(sum, amounts)) > 100_000, "or the race proves nothing"

    async def withdraw(wishes: list[int]) -> int:
        taken = 0
        async with pool.acquire() as connection:
            for cents in wishes:
                lines = transfer(debit="CASE:1", credit="CRED:7", amount_cents=cents)
                try:
                    await post(connection, [a_journal(*lines, kind=JournalKind.SETTLE)])
                    taken += cents
                except asyncpg.CheckViolationError as refusal:
                    assert refusal.constraint_name == "balance_floor"  # noqa: PT017 - only some are refused
        return taken

    return sum(await asyncio.gather(*(withdraw(wishes) for wishes in amounts)))


async def test_a_race_of_sixteen_withdrawals_never_overdraws(ledger: asyncpg.Connection, pool: asyncpg.Pool):
    taken = await race_to_withdraw(ledger, pool)
    assert await posted(ledger, "CASE:1") == 100_000 - taken >= 0
    assert await posted(ledger, "CRED:7") == taken
    assert await failing_proofs(ledger) == {}


async def test_without_the_floor_the_same_race_overdraws(
    ledger: asyncpg.Connection, pool: asyncpg.Pool, owner: asyncpg.Connection
):
    await owner.execute("ALTER TABLE ledger.balance DROP CONSTRAINT balance_floor")
    assert await race_to_withdraw(ledger, pool) > 100_000
    assert await posted(ledger, "CASE:1") < 0
    assert "proof_trust_account_equals_obligations" in await failing_proofs(ledger)


async def test_without_the_zero_sum_trigger_a_proof_names_the_journal(
    ledger: asyncpg.Connection, owner: asyncpg.Connection
):
    await owner.execute("DROP TRIGGER line_zero_sum ON ledger.line")
    crooked = a_journal(Line(ledger_account=BANK, amount_cents=100), Line(ledger_account="CASE:1", amount_cents=-99))
    ids, _ = await open_and_post(ledger, [crooked])
    assert (await failing_proofs(ledger))["proof_p1_journal_sums_to_zero"] == [(ids[0],)]


async def test_a_posting_whose_connection_dies_before_the_commit_leaves_nothing_and_is_retried(
    ledger: asyncpg.Connection, pool: asyncpg.Pool, superuser: asyncpg.Connection
):
    receipt = a_receipt("CASE:1", 500)
    await open_for(ledger, [receipt])
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await post(connection, [receipt])
        pid = connection.get_server_pid()
        assert await superuser.fetchval("SELECT pg_terminate_backend($1, 30000)", pid), (
            "it must be gone before the commit"
        )
        with pytest.raises((asyncpg.PostgresError, *AWAY)):
            await transaction.commit()
    assert await posted(ledger, "CASE:1") == 0
    _, is_new = await post(ledger, [receipt])
    assert is_new == [True]
    assert await posted(ledger, "CASE:1") == 500


async def test_twelve_clients_with_the_same_batch_post_it_once(ledger: asyncpg.Connection, pool: asyncpg.Pool):
    batch = sorted((a_receipt(f"CASE:{n}", n) for n in range(1, 51)), key=lambda journal: journal.idempotency_key)
    await open_for(ledger, batch)

    async def send() -> tuple[list[int], list[bool]]:
        async with pool.acquire() as connection:
            return await post(connection, batch)

    answers = await asyncio.gather(*(send() for _ in range(12)))
    assert sum(is_new == [True] * 50 for _, is_new in answers) == 1
    assert sum(is_new == [False] * 50 for _, is_new in answers) == 11
    assert len({tuple(ids) for ids, _ in answers}) == 1
    assert await posted(ledger, "CASE:50") == 50
    assert await failing_proofs(ledger) == {}


async def test_overlapping_batches_of_many_writers_never_deadlock(ledger: asyncpg.Connection, pool: asyncpg.Pool):
    cases = [f"CASE:{n}" for n in range(30)]
    codes = [*cases, "CRED:7", BANK]

    async def write(seed: int) -> None:
        dice = random.Random(seed)  # noqa: S311 - a seeded die
        async with pool.acquire() as connection:
            for _ in range(15):
                some = dice.sample(cases, 12)
                async with connection.transaction():
                    await connection.execute("SELECT ledger.open_accounts($1, $2, $3)", ENTITY, codes, NOW)
                    await post(connection, [a_receipt(case, dice.randint(1, 900)) for case in some])

    await asyncio.gather(*(write(seed) for seed in range(16)))
    assert await ledger.fetchval("SELECT count(*) FROM ledger.journal") == 16 * 15 * 12
    assert await failing_proofs(ledger) == {}


def a_random_journal(dice: random.Random, known: list[Journal], free: dict[str, int]) -> Journal:
    case = f"CASE:{dice.randint(1, 8)}"
    cents = dice.randint(1, 5_000)
    if known and dice.random() < 0.1:
        return reversal_of(known.pop(dice.randrange(len(known))), booked_on=TODAY, reason="a slip")
    if free.get(case, 0) >= cents and dice.random() < 0.5:
        free[case] -= cents
        other = f"CRED:{dice.randint(1, 2)}"
        return a_journal(*transfer(debit=case, credit=other, amount_cents=cents), kind=JournalKind.SETTLE)
    if dice.random() < 0.3:
        charge = transfer(debit=f"COSTS:{case[5:]}", credit=f"OUTSTANDING:{case[5:]}", amount_cents=cents)
        known.append(a_journal(*charge, kind=JournalKind.CHARGE))
        return known[-1]
    free[case] = free.get(case, 0) + cents
    return a_receipt(case, cents)


@pytest.mark.parametrize("size", [1, 7, 250])
async def test_all_proofs_hold_after_random_journals_in_batches_of_any_size(ledger: asyncpg.Connection, size: int):
    dice, known, free = random.Random(42), [], {}  # noqa: S311 - a seeded die
    journals = [a_random_journal(dice, known, free) for _ in range(250)]
    await open_for(ledger, journals)
    for start in range(0, len(journals), size):
        # a reversal names a journal that is known already: post the originals of a batch before their reversals
        batch = journals[start : start + size]
        for part in ([j for j in batch if not j.reverses], [j for j in batch if j.reverses]):
            if part:
                await post(ledger, part, NOW + timedelta(seconds=start))
    assert await failing_proofs(ledger) == {}
    for case, cents in free.items():
        assert await posted(ledger, case) == cents


DAMAGE = {
    "proof_p1_journal_sums_to_zero": "UPDATE ledger.line SET amount_cents = 1 WHERE ordinal = 1 AND journal_id = 1",
    "proof_p2_balance_equals_lines": "UPDATE ledger.balance SET posted_cents = posted_cents + 1",
    "proof_p3_reserved_equals_reservations": "UPDATE ledger.balance SET reserved_cents = 1",
    "proof_p4_journal_never_mixes": "UPDATE ledger.journal SET entity_id = 9",
    "proof_p5_reversal_mirrors_original": "UPDATE ledger.journal SET reverses_id = 1, reason = 'x' WHERE id = 2",
    "proof_p6_balance_copies_account": "UPDATE ledger.balance SET floor_cents = NULL",
    "proof_global_sum_is_zero": "DELETE FROM ledger.line WHERE journal_id = 1 AND ordinal = 1",
    "proof_trust_account_equals_obligations": "UPDATE ledger.balance SET posted_cents = posted_cents + 1",
}


@pytest.mark.parametrize("proof", DAMAGE)
async def test_each_proof_notices_the_damage_it_is_for(
    ledger: asyncpg.Connection, superuser: asyncpg.Connection, proof: str
):
    await open_and_post(ledger, [a_receipt("CASE:1", 500), a_receipt("CASE:2", 700)])
    await superuser.execute("SET session_replication_role = replica")
    await superuser.execute(DAMAGE[proof])
    assert proof in await failing_proofs(ledger)


async def test_reserved_money_cannot_be_paid_out_twice(ledger: asyncpg.Connection):
    await open_and_post(ledger, [a_receipt("CRED:7", 1_000)])
    first, key, until = uuid4(), uuid4(), NOW + timedelta(days=1)
    reserve = "SELECT ledger.reserve($1, $2, 'CRED:7', $3, $4)"
    assert await ledger.fetchval(reserve, first, key, 800, until) is True
    assert await ledger.fetchval(reserve, first, key, 800, until) is False
    with the_error("LG004"):
        await ledger.fetchval(reserve, first, key, 801, until)
    with the_error("23514"):
        await ledger.fetchval(reserve, uuid4(), uuid4(), 201, until)
    payout = a_journal(*transfer(debit="CRED:7", credit="INTRANSIT:1", amount_cents=800), kind=JournalKind.PAYOUT_SENT)
    await open_for(ledger, [payout])
    async with ledger.transaction():
        await ledger.execute("SELECT ledger.release($1, 800, 'posted', $2)", first, NOW)
        await post(ledger, [payout])
    with the_error("LG008"):
        await ledger.execute("SELECT ledger.release($1, 800, 'voided', $2)", first, NOW)
    assert await posted(ledger, "CRED:7") == 200
    assert await failing_proofs(ledger) == {}


async def test_an_expired_reservation_is_not_posted_but_expires(ledger: asyncpg.Connection):
    await open_and_post(ledger, [a_receipt("CRED:7", 1_000)])
    held = uuid4()
    await ledger.fetchval("SELECT ledger.reserve($1, $2, 'CRED:7', 800, $3)", held, uuid4(), NOW)
    with the_error("LG008"):
        await ledger.execute("SELECT ledger.release($1, 800, 'posted', $2)", held, NOW)
    await ledger.execute("SELECT ledger.release($1, 800, 'expired', $2)", held, NOW)
    assert await failing_proofs(ledger) == {}


async def test_a_statement_reconciles_with_the_ledger_and_with_what_is_owed(ledger: asyncpg.Connection):
    paid_out = a_journal(
        *transfer(debit="CRED:7", credit="INTRANSIT:1", amount_cents=300), kind=JournalKind.PAYOUT_SENT
    )
    await open_and_post(ledger, [a_receipt("CASE:1", 500), a_receipt("CRED:7", 700)])
    await open_and_post(ledger, [paid_out])
    statement = uuid4()
    reconcile = "SELECT * FROM ledger.reconcile($1, $2, $3, $4, $5)"
    row = await ledger.fetchrow(reconcile, statement, BANK, TODAY, 1_200, NOW)
    assert (row["bank_cents"], row["in_transit_cents"], row["obligation_cents"]) == (1_200, 300, 900)
    assert (row["bank_difference_cents"], row["trust_difference_cents"]) == (0, 0)
    again = await ledger.fetchrow(reconcile, statement, BANK, TODAY, 9_999, NOW)
    assert again == row
    wrong = await ledger.fetchrow(reconcile, uuid4(), BANK, TODAY, 1_201, NOW)
    assert (wrong["bank_difference_cents"], wrong["trust_difference_cents"]) == (1, 1)


def test_a_key_depends_on_each_fact_and_on_nothing_else():
    key = journal_key(JournalKind.RECEIPT, 1, "a", "b")
    assert key == journal_key(JournalKind.RECEIPT, 1, "a", "b")
    others = {
        journal_key(JournalKind.MATCH, 1, "a", "b"),
        journal_key(JournalKind.RECEIPT, 2, "a", "b"),
        journal_key(JournalKind.RECEIPT, 1, "a|b"),
        journal_key(JournalKind.RECEIPT, 1, "ab"),
    }
    assert len(others) == 4
    assert key not in others
