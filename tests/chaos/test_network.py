"""Our own proxy between the toy service and its servers: what it does, and what must hold then."""

import asyncio
import time

import pytest

from local_stack.kafka import KafkaPorts
from testkit.faults import FaultProxy, Mode, ProxiedKafka

PROGRESS = "SELECT coalesce(sum(next_offset), 0) FROM progress"
FAULTS = ("delay", "stall", "cut", "swallow")


@pytest.fixture
async def echo():
    async def answer(reader, writer):
        while chunk := await reader.read(100):
            writer.write(chunk)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    proxy = FaultProxy(target_port=server.sockets[0].getsockname()[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", await proxy.start())
    yield proxy, reader, writer
    writer.close()
    await proxy.stop()
    server.close()


async def test_the_proxy_delays_stalls_swallows_and_cuts(echo):
    proxy, reader, writer = echo
    writer.write(b"a")
    assert await reader.read(1) == b"a"
    proxy.mode, begun = Mode.DELAY, time.monotonic()
    writer.write(b"b")
    assert await reader.read(1) == b"b"
    assert time.monotonic() - begun >= 2 * proxy.delay_seconds
    proxy.mode = Mode.STALL
    writer.write(b"c")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.3)
    proxy.mode = Mode.PASS
    assert await reader.read(1) == b"c"
    proxy.mode = Mode.SWALLOW
    writer.write(b"d")
    await asyncio.sleep(0.2)
    proxy.mode = Mode.PASS
    writer.write(b"e")
    assert await reader.read(1) == b"e"
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        await reader.read(1)
    assert {mode for mode, hits in proxy.hits.items() if hits} == set(FAULTS)


async def test_faults_between_service_and_database_lose_nothing_and_double_nothing(kafka, database, toy_world, closes):
    url = database("toy")
    place, _, name = url.rpartition("/")
    proxy = FaultProxy(target_port=int(place.rpartition(":")[2]))
    port = await proxy.start()
    async with toy_world(kafka, url) as world:
        world.toy_database_url = f"{place.rpartition(':')[0]}:{port}/{name}"
        life = await world.begin_life()
        await injected(world, proxy)
        await closes(world)
        assert not life.died.done()
    await proxy.stop()


async def test_faults_between_service_and_broker_lose_nothing_and_double_nothing(
    run_dir, tmp_path, free_ports, database, toy_world, closes
):
    ports = KafkaPorts(*(free_ports.pick(name) for name in ("Kafka", "controller", "partners")))
    kafka = ProxiedKafka(run_dir / f"own-{tmp_path.name}", ports, for_tests=True)
    kafka.listener_port = free_ports.pick("behind the proxy")
    proxy = FaultProxy(target_port=kafka.listener_port)
    kafka.proxy_port = await proxy.start()
    await asyncio.to_thread(kafka.start)
    try:
        async with toy_world(kafka.bootstrap_servers, database("toy")) as world:
            world.toy_bootstrap = f"127.0.0.1:{proxy.port}"
            life = await world.begin_life()
            await injected(world, proxy)
            await closes(world)
            assert not life.died.done()
    finally:
        await proxy.stop()
        await asyncio.to_thread(kafka.erase)


async def injected(world, proxy):
    """Each fault for some seconds, with work in between; all must have hit something."""
    for fault in FAULTS:
        before = await world.ask(PROGRESS)
        for _ in range(400):
            if await world.ask(PROGRESS) > before:
                break
            await asyncio.sleep(0.2)
        else:
            raise AssertionError(f"no progress before {fault}")
        if fault == "cut":
            proxy.cut()
        else:
            proxy.mode = Mode(fault)
            await asyncio.sleep(3)
            proxy.mode = Mode.PASS
            if fault == "swallow":  # what was swallowed stays so: its connections are of no more use
                proxy.cut()
    world.injected.update({fault: proxy.hits[fault] for fault in FAULTS})
    assert all(world.injected[fault] for fault in FAULTS), "a fault that hit nothing"
