"""Lives of the whole chain under every fault: intake, dunning, notifications, ledger and legal in one process.

`CHAIN_SEEDS=1000 python -m pytest tests/simulation/test_chain.py` lives a thousand. The seed that fails is printed and
is the reproduction: `CHAIN_FIRST=<seed> CHAIN_SEEDS=1`.
"""

import asyncio
import os

import pytest
from chain import CHAIN_FAULTS
from chain_lives import live, live_and_judge
from many_lives import live_all

FIRST = int(os.environ.get("CHAIN_FIRST", "0"))
SEEDS = int(os.environ.get("CHAIN_SEEDS", "300"))
ENOUGH_FOR_ALL_FAULTS = 40
ENOUGH_FOR_ALL_PEOPLE = 150
# what the people of these worlds must have done at least once, or the checks looked at nothing
HAPPENED = {
    "paid", "disputed", "reversed", "remitted", "letter_returned", "statements_again", "act_acknowledged",
    "act_demand_served", "act_recalled", "act_recall_too_late", "act_refused", "bounced", "busy", "asked",
    "outcome_unknown", "disputed_at_print", "paid_at_last", "reopened",
}  # fmt: skip


def test_the_chain_keeps_its_promises_under_every_fault(chain_conservation, conserved):
    chain_conservation.keep(SEEDS, live_all(live_and_judge, range(FIRST, FIRST + SEEDS)))
    conserved(chain_conservation.line())


def test_every_kind_of_fault_struck_the_chain_and_all_that_people_do_was_done(chain_conservation):
    if not chain_conservation.seeds:  # the others were lived by another process
        chain_conservation.keep(ENOUGH_FOR_ALL_FAULTS, live_all(live_and_judge, range(ENOUGH_FOR_ALL_FAULTS)))
    assert [kind for kind in CHAIN_FAULTS if not chain_conservation.faults[kind]] == []
    if chain_conservation.seeds >= ENOUGH_FOR_ALL_PEOPLE:
        assert HAPPENED - set(+chain_conservation.happened) == set()


@pytest.mark.parametrize("seed", [6, 7])
def test_a_seed_gives_one_life_statement_by_statement(seed):
    first, again, other = (asyncio.run(live(one)).simulation.fingerprint() for one in (seed, seed, seed + 2))
    assert first == again
    assert first != other
