"""Servers that are away, asleep, locked or out of reach for longer than their clients wait. All outages happen at once,
each to a world of its own, because most of an outage is waiting.
"""

import asyncio
import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import pytest

from local_stack.kafka import KafkaPorts
from local_stack.ports import Ports
from local_stack.postgres import database_url, run_sql
from testkit.chaos import REQUESTS, SAID, a_world
from testkit.cluster import Cluster, SmallKafka, members_of, put_to_sleep, wake
from testkit.faults import FaultProxy, Mode, ProxiedKafka
from testkit.sender import Sender
from testkit.small_volume import TABLE_SPACE, SmallVolumePostgres, may_mount

PROGRESS = "SELECT coalesce(sum(next_offset), 0) FROM progress"
LONGEST_STANDSTILL_SECONDS = 180
BALLAST = "INSERT INTO ballast SELECT repeat('x', 8000) FROM generate_series(1, $1::integer)"
FEW_CONNECTIONS = """
CREATE ROLE {role} LOGIN PASSWORD '{role}' CONNECTION LIMIT 15;
GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}
"""
SESSIONS_ENDED = """
SELECT count(pg_terminate_backend(pid))
  FROM pg_stat_activity
 WHERE usename = current_database()
   AND application_name <> 'stranger'
"""
POISON = "'invalid', 'zero', '23514'"  # no JSON; refused by the handler; refused by a check of the database

# --- the outages -------------------------------------------------------------------------------------------


async def the_broker_is_away_for_a_minute(place):
    async with place.broker() as kafka, place.world(kafka.bootstrap_servers) as (world, sender), alive(world):
        await moves(world)
        kafka.kill()
        world.injected["killed"] += 1
        batch = await longest_batch(sender, seconds=60)
        await asyncio.to_thread(kafka.start)
        await moves(world)
        await closes(world, sender)
    assert batch < 40, "a batch of the relay was held for as long as the broker was away"


async def the_broker_sleeps_for_45_seconds(place):
    async with place.broker() as kafka, place.world(kafka.bootstrap_servers) as (world, sender), alive(world):
        await moves(world)
        put_to_sleep(kafka)
        world.injected["slept"] += 1
        batch = await longest_batch(sender, seconds=45)
        wake(kafka)
        await moves(world)
        await closes(world, sender)
    assert 10 < batch < 40, "the relay's transaction ends at its bound of 15 s"


async def three_brokers_fail_in_turn(place):
    async with (
        place.cluster() as cluster,
        place.world(cluster.bootstrap, "thrice", replication=3) as (world, sender),
        place.world(cluster.bootstrap, "once") as (single, single_sender),
        alive(world),
        alive(single),
    ):
        topics = [w.prefix + name for w in (world, single) for name in (REQUESTS, SAID)]
        await moves(world)
        await moves(single)
        for fault in (Cluster.kill, Cluster.put_to_sleep):
            node = await asyncio.to_thread(cluster.leader, world.prefix + SAID)
            fault(cluster, node)
            await asyncio.to_thread(cluster.wait_for_other_leader, world.prefix + SAID, than=node)
            await moves(world, 50)
            assert await asyncio.to_thread(cluster.without_leader, topics), "each node led some partition alone"
            await asyncio.sleep(12)  # longer than a partition may have no leader before the producer gives up
            await asyncio.to_thread(cluster.bring_back, node)
            await asyncio.to_thread(cluster.wait_until_whole, topics)
            await moves(single, 50)
            for each in (world, single):
                each.injected[fault.__name__] += 1
        await asyncio.to_thread(cluster.stop)
        await asyncio.to_thread(cluster.start)
        await asyncio.to_thread(cluster.wait_until_whole, topics)
        await moves(world)
        await moves(single)
        await closes(world, sender)
        await closes(single, single_sender)


async def nothing_comes_through_to_the_broker_for_40_seconds(place):
    async with place.proxied_broker() as (kafka, proxy):
        bootstrap = f"127.0.0.1:{proxy.port}"
        async with place.world(kafka.bootstrap_servers, toy_bootstrap=bootstrap) as (world, sender), alive(world):
            for mode in (Mode.STALL, Mode.SWALLOW):
                await moves(world)
                proxy.mode = mode
                batch = await longest_batch(sender, seconds=40)
                proxy.mode = Mode.PASS
                world.injected[mode] = proxy.hits[mode]
                # looked at once a second: a request that times out after 10 s may be seen at 9
                assert 8 < batch < 35, f"{mode}: the relay's transaction ends at its bound of 15 s"
            await moves(world)
            await closes(world, sender)


async def nothing_comes_through_to_the_database_for_40_seconds(place):
    async with place.world(place.kafka) as (world, sender), place.proxied_database(world) as proxy, alive(world):
        await moves(world)
        members = await members_now(world)
        for mode in (Mode.STALL, Mode.SWALLOW):
            await moves(world)
            proxy.mode = mode
            await asyncio.sleep(40)
            proxy.mode = Mode.PASS
            world.injected[mode] = proxy.hits[mode]
        await moves(world)
        assert await members_now(world) == members, "it was put out of its group"
        await closes(world, sender)


async def the_database_is_locked_for_25_seconds(place):
    async with place.world(place.kafka) as (world, sender), alive(world):
        await moves(world)
        members = await members_now(world)
        for statement in ("SELECT FROM progress FOR UPDATE", "LOCK TABLE counter IN EXCLUSIVE MODE"):
            await moves(world)
            async with held(world, statement):
                await lasts(world, 25, "batch_failed", fault="LockNotAvailableError")
        await moves(world)
        assert await members_now(world) == members, "it was put out of its group"
        await closes(world, sender)


async def the_disk_of_the_database_is_full_for_20_seconds(place):
    async with place.small_volume() as small, small.world(place.kafka) as (world, sender):
        run_sql(
            world.database_url, f"ALTER TABLE counter SET TABLESPACE {TABLE_SPACE}"
        )  # the desk has room: none may use it
        async with alive(world):
            await moves(world)
            members = await members_now(world)
            async with full(world):
                await lasts(world, 20, "batch_failed", fault="DiskFullError")
            await moves(world)
            assert await members_now(world) == members, "it was put out of its group"
            await closes(world, sender)


async def no_connection_to_the_database_is_left_for_20_seconds(place):
    async with place.world(place.kafka) as (world, sender):
        world.toy_database_url = a_role_with_few_connections(world)
        async with alive(world):
            await moves(world)
            members = await members_now(world)
            async with all_connections(world), alive(world, member=1):
                for what in ("batch_failed", "relay_pass_failed", "database_not_reached"):
                    await lasts(world, 7, what, fault="TooManyConnectionsError")
            await moves(world)
            assert members < await members_now(world), "who was there was put out, or who started never came"
            await closes(world, sender)


OUTAGES = {
    outage.__name__: outage
    for outage in (
        the_broker_is_away_for_a_minute,
        the_broker_sleeps_for_45_seconds,
        three_brokers_fail_in_turn,
        nothing_comes_through_to_the_broker_for_40_seconds,
        nothing_comes_through_to_the_database_for_40_seconds,
        the_database_is_locked_for_25_seconds,
        the_disk_of_the_database_is_full_for_20_seconds,
        no_connection_to_the_database_is_left_for_20_seconds,
    )
}


@pytest.mark.parametrize("name", OUTAGES)
def test_nothing_is_lost_or_doubled_and_the_order_of_each_key_holds_when(name, outcomes):
    if outcomes[name] is not None:
        raise outcomes[name]


# --- what each does ----------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def alive(world, *, member=0):
    """A process of the toy service that must live to the end."""
    life = await world.begin_life(member=member)
    yield
    assert not life.died.done(), f"it ended with {life.died.result()}"


async def moves(world, records=20):
    """Wait until so many more records were consumed."""
    goal = await world.ask(PROGRESS) + records
    for _ in range(LONGEST_STANDSTILL_SECONDS * 2):
        if await world.ask(PROGRESS) >= goal:
            return
        await asyncio.sleep(0.5)
    raise AssertionError(f"{await world.ask(PROGRESS)} records after {LONGEST_STANDSTILL_SECONDS} s, not {goal}")


async def longest_batch(sender, *, seconds):
    """The longest transaction of the sender's relay within so many seconds."""
    longest = 0.0
    for _ in range(seconds):
        longest = max(longest, await sender.batch_seconds())
        await asyncio.sleep(1)
    return longest


async def members_now(world):
    """The ids of the members of the toy's group."""
    return await asyncio.to_thread(members_of, world.bootstrap, world.prefix + "toy")


@contextlib.asynccontextmanager
async def held(world, statement):
    """Somebody else's transaction, open after its statement while the block lasts."""
    connection = await asyncpg.connect(world.database_url)
    try:
        async with connection.transaction():
            await connection.execute(statement)
            yield
    finally:
        await connection.close()


async def lasts(world, seconds, event, **fields):
    """An outage goes on for so long, and until the toy has logged this once more: only then it hit."""
    before = len(world.logged(event, **fields))
    await asyncio.sleep(seconds)
    world.injected[event] += len(await world.until_logged(event, more_than=before, **fields)) - before


@contextlib.asynccontextmanager
async def full(world):
    """Not a page is left on the volume of the database, while the block lasts."""
    connection = await asyncpg.connect(world.database_url)
    try:
        await connection.execute("CREATE TABLE ballast (page text STORAGE plain) TABLESPACE " + TABLE_SPACE)
        for pages in (1000, 100, 10, 1):
            with contextlib.suppress(asyncpg.DiskFullError):
                while True:
                    await connection.execute(BALLAST, pages)
        yield
        await connection.execute("DROP TABLE ballast")
    finally:
        await connection.close()


def a_role_with_few_connections(world):
    """For the toy: as a service has one, that may not do all, and may not have more connections than a number. Returns
    its URL.
    """
    name = world.database_url.rpartition("/")[2]
    run_sql(world.database_url, FEW_CONNECTIONS.format(role=name))
    return database_url(world.database_url, name, user=name, password=name)


@contextlib.asynccontextmanager
async def all_connections(world):
    """The toy's sessions are ended and strangers hold all that there are, while the block lasts."""
    held = []
    try:
        while not held or await world.ask(SESSIONS_ENDED):
            with contextlib.suppress(asyncpg.TooManyConnectionsError):
                while True:
                    stranger = {"application_name": "stranger"}
                    held.append(await asyncpg.connect(world.toy_database_url, server_settings=stranger))
        yield
    finally:
        for connection in held:
            await connection.close()


async def closes(world, sender):
    """The account: nothing lost, nothing twice, each key in order, nothing on the desk but the poison."""
    await sender.finish()
    tally = await world.settle()
    print(world.folder.name, tally.line(), dict(world.injected))  # noqa: T201  shown by -s and on failure
    assert not tally.faults, tally.faults[:20]
    assert tally.applied
    assert tally.parked
    assert world.injected
    assert all(world.injected.values()), f"a fault that hit nothing: {world.injected}"
    healthy = f"SELECT count(*) FROM dead_letter WHERE error_code NOT IN ({POISON})"  # noqa: S608  codes of ours
    assert await world.ask(healthy) == 0, "something healthy was parked"


# --- all at the same time ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outcomes(request, kafka, postgres, run_dir, free_ports, tmp_path_factory):
    """What became of each outage that a test of this session asks for: None, or what it raised."""
    wanted = [item.callspec.params["name"] for item in request.session.items if "outcomes" in item.fixturenames]

    async def all_of_them():
        places = [Place(name, kafka, postgres, run_dir, free_ports, tmp_path_factory) for name in wanted]
        tasks = [OUTAGES[name](place) for name, place in zip(wanted, places, strict=True)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    return dict(zip(wanted, asyncio.run(all_of_them()), strict=True))


@dataclass
class Place:
    """Where an outage happens: servers, databases and folders that no other one has, but for the run's own servers."""

    name: str
    kafka: str
    postgres: str
    run_dir: Path
    ports: Ports
    folders: pytest.TempPathFactory

    def new_database(self, purpose):
        name = f"{self.name[:40]}_{purpose}"
        run_sql(self.postgres, f"CREATE DATABASE {name}")
        return database_url(self.postgres, name)

    @contextlib.asynccontextmanager
    async def world(self, bootstrap, purpose="toy", *, toy_bootstrap="", **settings):
        """Fed from an outbox; without a process yet."""
        url, folder = self.new_database(purpose), self.folders.mktemp(f"{self.name}-{purpose}")
        async with a_world(seed=1, bootstrap=bootstrap, database_url=url, folder=folder, **settings) as world:
            world.toy_bootstrap = toy_bootstrap
            async with Sender(world, self.new_database(f"{purpose}_sender")).open() as sender:
                yield world, sender

    @contextlib.asynccontextmanager
    async def small_volume(self):
        """The same place with a database server of its own."""
        if not may_mount():
            pytest.skip("the system lets nobody make a small volume: no user namespaces")
        server = SmallVolumePostgres(self.run_dir / f"own-{self.name}", self.ports.pick("PostgreSQL"), trust=True)
        async with self.running(server):
            yield replace(self, postgres=server.url)

    @contextlib.asynccontextmanager
    async def running(self, server):
        await asyncio.to_thread(server.start)
        try:
            yield server
        finally:
            await asyncio.to_thread(server.erase)

    @contextlib.asynccontextmanager
    async def broker(self):
        server = SmallKafka(self.run_dir / f"own-{self.name}", some_ports(self.ports), for_tests=True)
        async with self.running(server):
            try:
                yield server
            finally:
                wake(server)

    def cluster(self):
        return self.running(Cluster(self.run_dir / f"own-{self.name}", self.ports))

    @contextlib.asynccontextmanager
    async def proxied_broker(self):
        server = ProxiedKafka(self.run_dir / f"own-{self.name}", some_ports(self.ports), for_tests=True)
        server.listener_port = self.ports.pick("behind the proxy")
        proxy = FaultProxy(target_port=server.listener_port)
        server.proxy_port = await proxy.start()
        async with self.running(server):
            yield server, proxy
        await proxy.stop()

    @contextlib.asynccontextmanager
    async def proxied_database(self, world):
        place, _, name = world.database_url.rpartition("/")
        host, _, port = place.rpartition(":")
        proxy = FaultProxy(target_port=int(port))
        world.toy_database_url = f"{host}:{await proxy.start()}/{name}"
        yield proxy
        await proxy.stop()


def some_ports(ports):
    return KafkaPorts(*(ports.pick(what) for what in ("Kafka", "controller", "partners")))
