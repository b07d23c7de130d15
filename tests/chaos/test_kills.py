"""Processes of the toy service die under load, at every instant that the plumbing names and at random ones."""

from testkit.chaos import RANDOM_INSTANT, a_world, failpoint_names, run_kills

KILLS = 34


async def test_after_seeded_kills_under_load_every_input_counts_once_in_order(kafka, database, tmp_path):
    async with a_world(seed=5, bootstrap=kafka, database_url=database("toy"), folder=tmp_path) as world:
        tally = await run_kills(world, kills=KILLS)
    print(tally.line(), dict(world.injected))  # noqa: T201  the conservation line, shown by -s and on failure
    assert not tally.faults, tally.faults[:20]
    assert all(world.injected[name] for name in failpoint_names()), "an instant without a kill"
    assert world.injected[RANDOM_INSTANT] >= 10
    assert tally.applied
    assert tally.duplicates
    assert tally.parked
    assert tally.rings
