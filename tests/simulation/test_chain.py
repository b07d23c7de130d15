"""Lives of the whole chain under every fault: intake, dunning, notifications, ledger and legal in one process.

Every second seed is calm: people act when all is quiet, and the same life without faults must end in the same
business. The others are hurried: people act in the middle of the work, at the instants of the alarms, and what must
hold, holds. `CHAIN_SEEDS=1000 python -m pytest tests/simulation/test_chain.py` lives a thousand. The seed that fails is
printed and is the reproduction: `CHAIN_FIRST=<seed> CHAIN_SEEDS=1`.
"""

import asyncio
import os
from collections import Counter

import pytest
from chain import CHAIN_FAULTS, Life
from chain_checks import business, check, differences

from testkit.simulation import CALM

FIRST = int(os.environ.get("CHAIN_FIRST", "0"))
SEEDS = int(os.environ.get("CHAIN_SEEDS", "160"))
ENOUGH_FOR_ALL_PEOPLE = 150
A_BATCH = max(1, SEEDS // 10)
# what the people of these worlds must have done at least once, or the checks looked at nothing
HAPPENED = {
    "paid", "disputed", "reversed", "remitted", "letter_returned", "statements_again", "act_acknowledged",
    "act_demand_served", "act_recalled", "act_recall_too_late", "act_refused", "bounced", "busy", "asked",
    "outcome_unknown", "disputed_at_print", "paid_at_last",
}  # fmt: skip


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


@pytest.mark.parametrize("start", range(FIRST, FIRST + SEEDS, A_BATCH))
def test_the_chain_keeps_its_promises_under_every_fault(start, chain_account):
    for seed in range(start, min(FIRST + SEEDS, start + A_BATCH)):
        try:
            conserved, faults, happened = asyncio.run(live_and_judge(seed))
        except Exception as fault:
            raise AssertionError(f"seed {seed}") from fault
        chain_account["sums"] += conserved
        chain_account["faults"] += faults
        chain_account["happened"] += happened
        chain_account["seeds"] += 1


def test_every_kind_of_fault_struck_the_chain_and_all_that_people_do_was_done(chain_account):
    faults, happened = chain_account["faults"], chain_account["happened"]
    if chain_account["seeds"] < SEEDS:  # the others were lived by another process
        lived = [asyncio.run(live_and_judge(seed)) for seed in range(FIRST, FIRST + min(SEEDS, 40))]
        faults, happened = (sum((one[n] for one in lived), Counter()) for n in (1, 2))
    assert [kind for kind in CHAIN_FAULTS if not faults[kind]] == []
    if chain_account["seeds"] >= ENOUGH_FOR_ALL_PEOPLE:
        assert HAPPENED - set(+happened) == set()


@pytest.mark.parametrize("seed", [6, 7])
def test_a_seed_gives_one_life_statement_by_statement(seed):
    first, again, other = (asyncio.run(live(one)).simulation.fingerprint() for one in (seed, seed, seed + 2))
    assert first == again
    assert first != other
