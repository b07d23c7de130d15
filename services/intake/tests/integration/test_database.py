"""Intake's named queries, against the real database."""

import asyncio

import pytest
from intake_world import Backend

from intake.repository import QUERIES


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
