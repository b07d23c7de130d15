"""A thousand lives of a small service under every fault; the seed that fails is printed and is the reproduction."""

import asyncio
import os

from many_lives import live_all
from toy_lives import ODD_HEADERS, POISON, live

from testkit.simulation import ALL_FAULTS

FIRST = int(os.environ.get("SIMULATION_FIRST", "0"))
SEEDS = int(os.environ.get("SIMULATION_SEEDS", "1000"))
ENOUGH = 40


def test_every_effect_comes_once_and_in_order_under_every_fault(conservation, conserved):
    conservation.keep(SEEDS, live_all(live, range(FIRST, FIRST + SEEDS)))
    conserved(conservation.line())


def test_every_kind_of_fault_was_injected(conservation):
    if not conservation.seeds:  # the others were lived by another process
        conservation.keep(ENOUGH, live_all(live, range(ENOUGH)))
    faults = conservation.faults
    assert [kind for kind in (*ALL_FAULTS, *(f"poison_{k}" for k in (*POISON, *ODD_HEADERS))) if not faults[kind]] == []


def test_a_seed_gives_one_life():
    assert asyncio.run(live(7)) == asyncio.run(live(7))
    assert asyncio.run(live(7)) != asyncio.run(live(8))
