"""A process sleeps at a named instant for longer than its sessions: others take over, and it wakes to nothing."""

import asyncio
import signal

import pytest

from common import broker, postgres, relay

PROGRESS = "SELECT coalesce(sum(next_offset), 0) FROM progress"
ASLEEP_IN_TRANSACTION = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'toy%'"
    " AND state = 'idle in transaction' AND state_change < now() - interval '1 s' ORDER BY state_change LIMIT 1"
)
SHARD_OF = "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = {lock} AND pid = {pid}"
SENT_OF_SHARD = "SELECT coalesce(max(seq), 0) FROM outbox_sent WHERE shard = {shard}"
LIMITS = {"session_timeout_ms": 6_000, "settings": {"LONGEST_SILENCE": "4s"}}  # in the order of the plumbing's own


def test_a_sleeping_process_loses_its_transaction_before_its_partitions_and_no_batch_of_the_relay_is_so_long():
    silence = int(postgres.LONGEST_SILENCE.removesuffix("s"))
    assert relay.LONGEST_BATCH_SECONDS < silence < broker.SESSION_TIMEOUT_MS / 1000


async def test_stopped_inside_its_transaction_its_session_ends_and_its_heir_goes_on(kafka, database, toy_world, closes):
    async with toy_world(kafka, database("toy"), **LIMITS) as world:
        heir, zombie = await a_zombie(world, "before_db_commit")
        session = await world.until(ASLEEP_IN_TRANSACTION)
        await world.until(f"SELECT (count(*) = 0)::integer FROM pg_stat_activity WHERE pid = {session}")  # noqa: S608
        await world.every_partition_moves()
        faults = len(world.logged("batch_failed", pid=zombie.pid))
        zombie.send(signal.SIGCONT)
        await world.until_logged("batch_failed", pid=zombie.pid, more_than=faults)  # its transaction was gone
        await world.every_partition_moves()
        await closes(world)
        assert not heir.died.done()
        assert not zombie.died.done()


async def test_stopped_between_commit_and_acknowledgement_its_late_acknowledgement_is_refused(
    kafka, database, toy_world, closes
):
    async with toy_world(kafka, database("toy"), **LIMITS) as world:
        heir, zombie = await a_zombie(world, "before_ack")
        await world.every_partition_moves()
        before = await world.acknowledged()
        zombie.send(signal.SIGCONT)
        await world.until_logged("commit_refused", pid=zombie.pid, by="CommitFailedError")
        await world.every_partition_moves()
        after = await world.acknowledged()
        assert all(after[partition] >= offset for partition, offset in before.items())
        await closes(world)
        assert not heir.died.done()
        assert not zombie.died.done()


@pytest.mark.parametrize("instant", ["after_delete", "after_acks"])
async def test_a_relay_stopped_in_its_transaction_loses_its_shard_to_another_and_order_holds(
    kafka, database, toy_world, closes, instant
):
    async with toy_world(kafka, database("toy"), **LIMITS) as world:
        heir, zombie = await a_zombie(world, instant)
        session = await world.until(ASLEEP_IN_TRANSACTION)
        shard = await world.ask(SHARD_OF.format(lock=relay.RELAY_LOCK, pid=session))
        sent = await world.ask(SENT_OF_SHARD.format(shard=shard))
        await world.until(f"SELECT 1 WHERE ({SENT_OF_SHARD.format(shard=shard)}) > {sent}")
        faults = len(world.logged("relay_pass_failed", pid=zombie.pid))
        zombie.send(signal.SIGCONT)
        await world.until_logged("relay_pass_failed", pid=zombie.pid, more_than=faults)
        await world.every_partition_moves()
        tally = await closes(world)
        assert tally.said_again, "what the sleeping relay had sent, or sent when it woke, was not said a second time"
        assert not heir.died.done()
        assert not zombie.died.done()


async def a_zombie(world, instant):
    """Two members of one group that both work; the second is stopped at the instant."""
    heir = await world.begin_life(member=0)
    await world.until(f"SELECT 1 WHERE ({PROGRESS}) > 50")
    zombie = await world.begin_life(member=1, failpoints=f"{instant}=stop*1")
    await world.until_reached(f"{instant}=stop")
    while not zombie.is_stopped():  # noqa: ASYNC110  a process tells nobody
        await asyncio.sleep(0.05)
    return heir, zombie
