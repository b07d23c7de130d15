"""Two owners of one partition park the same records: whoever comes second waits, and nobody deadlocks."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from testkit import toy
from testkit.simulation import Severity, Simulation

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def park_twice_at_once(seed):
    simulation = Simulation(seed, now=NOW, severity=Severity(most=0))
    service = simulation.add("toy", catalogue=toy.CATALOGUE, topics=["toy.requests.v1"], consumers=toy.CONSUMERS)
    for number in range(12):
        key = str(UUID(int=number)).encode()
        headers = [("ce_id", key), ("ce_type", toy.AddToCounter.type_name().encode())]
        simulation.broker.append("toy.requests.v1", key, b"{", headers)
    while service.consumer.is_behind():
        await service.consume("zombie_overlaps")
    return service, simulation


@pytest.mark.parametrize("start", range(0, 60, 20))
def test_owners_that_overlap_park_in_one_order_and_each_record_once(start):
    for seed in range(start, start + 20):
        service, simulation = asyncio.run(park_twice_at_once(seed))
        assert len(service.store.rows("dead_letter")) == 12
        assert simulation.faults["zombie_overlaps"]
