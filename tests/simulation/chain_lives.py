"""One seed of the chain, lived and judged.

Every second seed is calm: people act when all is quiet, and the same life without faults must end in the same
business. The others are hurried: people act in the middle of the work, at the instants of the alarms.
"""

from chain import Life
from chain_checks import business, check, differences

from testkit.simulation import CALM


def is_hurried(seed):
    return bool(seed % 2)


async def live(seed, **how):
    return await Life(seed, is_hurried=is_hurried(seed), **how).live()


async def live_and_judge(seed):
    """A disturbed life and what it came to; a calm world is lived once more without faults, and compared."""
    life = await live(seed)
    conserved = check(life)
    if not is_hurried(seed):
        undisturbed = await live(seed, severity=CALM)
        check(undisturbed)
        found = differences(business(undisturbed), business(life))
        assert not found, "without faults, and with them: " + "; ".join(found[:5])
    return conserved, life.simulation.faults, life.world.done + life.receivers.told
