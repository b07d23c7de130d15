from contextlib import asynccontextmanager

import pytest

from local_stack.kafka import KafkaPorts
from testkit.chaos import a_world
from testkit.cluster import SmallKafka


@pytest.fixture
def toy_world(tmp_path):
    """`async with toy_world(bootstrap, database_url, seed=1) as world`: a fed world without processes yet."""

    @asynccontextmanager
    async def make(bootstrap, database_url, *, seed=1, **settings):
        async with (
            a_world(seed=seed, bootstrap=bootstrap, database_url=database_url, folder=tmp_path, **settings) as world,
            world.fed(),
        ):
            yield world

    return make


@pytest.fixture
def broker(run_dir, tmp_path, free_ports):
    """A broker of the test's own, whose power it may cut."""
    ports = KafkaPorts(*(free_ports.pick(name) for name in ("Kafka", "controller", "partners")))
    server = SmallKafka(run_dir / f"own-{tmp_path.name}", ports, for_tests=True)
    server.start()
    yield server
    server.erase()


@pytest.fixture
def closes(conserved):
    """Settle, tell the conservation line, and hold the account to it."""

    async def check(world):
        tally = await world.settle()
        conserved(f"{world.folder.name}: {tally.line()} {dict(world.injected)}")
        assert not tally.faults, tally.faults[:20]
        assert tally.applied
        assert tally.parked
        return tally

    return check
