"""Members of a group that fail without dying: faults of ours, long work, a blocked loop, a rolling restart."""

import asyncio
import signal
import urllib.request
from pathlib import Path

import asyncpg

from testkit.chaos import failpoint_names
from testkit.chaos_desk import Desk
from testkit.chaos_kills import SESSION_TIMEOUT_MS, end

PROGRESS = "SELECT coalesce(sum(next_offset), 0) FROM progress"
LIVES = 5  # among which the instants are spread
OF_UNKNOWN_OUTCOME = ("before_outside_call", "after_outside_call")  # done or not: nobody knows
FIRST_BATCH_IS_LONG = """
CREATE SEQUENCE batches;
CREATE FUNCTION be_long() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('batches') = 1 THEN
        PERFORM pg_sleep(22);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER long_batch AFTER INSERT ON progress FOR EACH STATEMENT EXECUTE FUNCTION be_long();
"""
SLEEPS = "SELECT client_port FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"


async def test_a_fault_of_ours_at_each_instant_is_tried_again_and_nothing_is_lost_or_parked(
    kafka, database, toy_world, closes
):
    async with toy_world(kafka, database("toy")) as world:
        async with world.worked(Desk(database_url=world.database_url, seed=1)):
            for names in (failpoint_names()[first::LIVES] for first in range(LIVES)):
                life = await world.begin_life(failpoints=",".join(f"{name}=raise*2" for name in names))
                for name in names:
                    await world.until_reached(f"{name}=raise", times=2)
                    world.unknown_calls += 2 * (name in OF_UNKNOWN_OUTCOME)
                await moves(world)
                await end(life)
            life = await world.begin_life()
        await closes(world)
        assert not life.died.done()


async def test_work_longer_than_a_member_may_take_is_acknowledged_too_late_and_the_member_comes_back(
    kafka, database, toy_world, closes
):
    limits = {"session_timeout_ms": SESSION_TIMEOUT_MS, "settings": {"LONGEST_HANDLING_MS": "10000"}}
    async with toy_world(kafka, database("toy"), **limits) as world:
        lives = [await world.begin_life(member=member) for member in range(2)]
        await moves(world)
        await run(world, FIRST_BATCH_IS_LONG)
        port = await world.until(SLEEPS)
        late, heir = sorted(lives, key=lambda life: not holds(life, port))
        refused = len(world.logged("commit_refused", pid=late.pid, by="CommitFailedError"))
        await world.until_logged("commit_refused", pid=late.pid, by="CommitFailedError", more_than=refused)
        await world.every_partition_moves()
        await holds_every_partition_alone(world, dead=heir)
        await world.begin_life(member=lives.index(heir))
        await closes(world)
        assert not late.died.done()


async def test_while_its_loop_is_blocked_a_member_is_not_ready_and_it_comes_back_by_itself(
    kafka, database, toy_world, closes, free_ports, tmp_path
):
    wake_file = tmp_path / "wake"
    settings = {"ANSWERS_HTTP": "yes", "WAKE_FILE": str(wake_file), "LONGEST_SILENCE": "4s"}
    async with toy_world(kafka, database("toy"), session_timeout_ms=SESSION_TIMEOUT_MS, settings=settings) as world:
        blocked, heir = [
            await world.begin_life(member=member, http_port=free_ports.pick(f"toy {member}")) for member in range(2)
        ]
        await until_ready(blocked)
        await until_ready(heir)
        blocked.send(signal.SIGUSR1)
        await world.until_logged("toy_blocked", pid=blocked.pid)
        await world.every_partition_moves()
        assert not await is_ready(blocked)
        wake_file.touch()
        await until_ready(blocked)
        await holds_every_partition_alone(world, dead=heir)
        await world.begin_life(member=1)
        await closes(world)
        assert not blocked.died.done()


async def test_members_that_are_restarted_one_after_the_other_hand_over_what_they_took_and_nothing_comes_again(
    kafka, database, toy_world, closes
):
    async with toy_world(kafka, database("toy")) as world:
        lives = [await world.begin_life(member=member) for member in range(3)]
        await world.every_partition_moves()
        for member, life in enumerate(lives):
            await end(life)
            lives[member] = await world.begin_life(member=member)
            await world.every_partition_moves()
        tally = await closes(world)
        for life in lives:
            await end(life)
        taken = sum(entry["taken"] for entry in world.logged("toy_ended"))
        print(f"taken {taken}, inputs {tally.inputs}")  # noqa: T201  shown by -s and on failure
        assert taken == tally.inputs


async def moves(world):
    """Wait until more is consumed than now."""
    before = await world.ask(PROGRESS)
    await world.until(f"SELECT 1 WHERE ({PROGRESS}) > {before}")


async def holds_every_partition_alone(world, *, dead):
    """The one that stays takes over what this one held, but its open calls: who comes back as it asks about them."""
    dead.send(signal.SIGKILL)
    await dead.died
    await world.every_partition_moves()


async def run(world, sql):
    connection = await asyncpg.connect(world.database_url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def holds(life, port):
    """Whether this local port is a socket of the process."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    inodes = {line[9] for line in lines if int(line[1].partition(":")[2], 16) == port}
    held = {str(file.readlink()) for file in Path(f"/proc/{life.pid}/fd").iterdir()}
    return not held.isdisjoint(f"socket:[{inode}]" for inode in inodes)


async def is_ready(life):
    def ask():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{life.http_port}/health/ready", timeout=3) as answer:
                return answer.status == 200
        except OSError:  # 503, no answer in time, or nobody listens
            return False

    return await asyncio.to_thread(ask)


async def until_ready(life):
    for _ in range(240):
        if await is_ready(life):
            return
        await asyncio.sleep(0.5)
    raise AssertionError("it did not become ready")
