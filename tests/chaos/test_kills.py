"""Processes of the toy service die under load, at every instant that the plumbing names and at random ones."""

from testkit.chaos import a_world, failpoint_names
from testkit.chaos_kills import RANDOM_INSTANT, SESSION_TIMEOUT_MS, TAKEN_OVER, run_kills

KILLS = 40


async def test_after_seeded_kills_of_two_members_every_input_counts_once_in_order(kafka, database, tmp_path, conserved):
    async with a_world(
        seed=5, bootstrap=kafka, database_url=database("toy"), folder=tmp_path, session_timeout_ms=SESSION_TIMEOUT_MS
    ) as world:
        tally = await run_kills(world, kills=KILLS)
    conserved(f"kills: {tally.line()} {dict(world.injected)}")
    assert not tally.faults, tally.faults[:20]
    assert all(world.injected[name] for name in failpoint_names()), "an instant without a kill"
    assert world.injected[RANDOM_INSTANT] >= 10
    assert world.injected[TAKEN_OVER]
    assert tally.applied
    assert tally.duplicates
    assert tally.parked
    assert tally.redriven
    assert tally.discarded
    assert tally.rings
