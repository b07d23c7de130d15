"""Intake's schema and its named queries, against the real database."""

import asyncio
from importlib.resources import files

import asyncpg
import pytest
from intake_world import Backend

from intake.repository import QUERIES
from testkit.plugin import MakeDatabase

SHAPE = """
SELECT 'column', table_name || '.' || column_name, data_type || coalesce(column_default, '') || is_nullable
  FROM information_schema.columns WHERE table_name = ANY($1)
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE tablename = ANY($1)
UNION ALL SELECT 'sequence', sequencename, min_value || ' ' || max_value || ' ' || start_value FROM pg_sequences
UNION ALL SELECT 'options', relname, reloptions::text FROM pg_class WHERE relname = ANY($1)
UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
  WHERE conrelid::regclass::text = ANY($1)
ORDER BY 1, 2
"""
OURS = ["client", "case_file", "claim"]


async def test_the_schema_is_what_the_migrations_come_to(backend: Backend, database: MakeDatabase):
    connection = await asyncpg.connect(database("schema"))
    try:
        await connection.execute((files("intake") / "sql" / "schema.sql").read_text("utf-8"))
        written = await connection.fetch(SHAPE, OURS)
    finally:
        await connection.close()
    migrated = [
        row for row in await backend.pool.fetch(SHAPE, OURS) if row[0] != "sequence" or row[1] == "reference_number"
    ]
    assert written == migrated
    assert len(written) > 20


@pytest.mark.parametrize("name", sorted(QUERIES.texts))
async def test_every_named_query_prepares(backend: Backend, name: str):
    async with backend.pool.acquire() as connection:
        await connection.prepare(QUERIES.texts[name])


async def test_a_number_of_ten_digits_is_drawn_for_each_case_file_and_never_twice(backend: Backend):
    insert = (
        "INSERT INTO case_file (case_file_id) SELECT gen_random_uuid() FROM generate_series(1, 50)"
        " RETURNING reference_number"
    )
    drawn = await asyncio.gather(*(backend.pool.fetch(insert) for _ in range(4)))
    numbers = [row["reference_number"] for rows in drawn for row in rows]
    assert len(set(numbers)) == 200
    assert all(len(number) == 10 and number.isdecimal() for number in numbers)
