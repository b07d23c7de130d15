import logging
import sys
from collections import Counter
from pathlib import Path

import pytest
import structlog

sys.path.insert(0, str(Path(__file__).parent))  # the chain's own modules

KEPT: dict = {"seeds": 0, "sums": Counter(), "faults": Counter()}
CHAIN: dict = {"seeds": 0, "sums": Counter(), "faults": Counter(), "happened": Counter()}


@pytest.fixture(scope="session")
def conservation():
    """What all seeds of this run came to; printed at the end."""
    return KEPT


@pytest.fixture(scope="session")
def chain_account():
    """What all seeds of the chain came to; printed at the end."""
    return CHAIN


@pytest.fixture(autouse=True)
def _quiet():
    """Thousands of refusals are wanted here; writing each of them down takes longer than living it."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


def pytest_terminal_summary(terminalreporter):
    if KEPT["seeds"]:
        sums = KEPT["sums"]
        terminalreporter.section("conservation")
        terminalreporter.line(
            f"{KEPT['seeds']} seeds: inputs {sums['inputs']} = applied {sums['applied']} + duplicates"
            f" {sums['duplicates']} + parked {sums['parked']} + waiting behind parked {sums['waiting']};"
            f" published again {sums['published_again']}; faults: {counted(KEPT['faults'])}"
        )
    if CHAIN["seeds"]:
        sums = CHAIN["sums"]
        terminalreporter.section("conservation of the chain")
        terminalreporter.line(
            f"{CHAIN['seeds']} seeds: inputs {sums['inputs']} = applied {sums['applied']} + duplicates"
            f" {sums['duplicates']} + parked {sums['parked']} + of no concern {sums['no_concern']};"
            f" faults: {counted(CHAIN['faults'])}; people: {counted(CHAIN['happened'])}"
        )


def counted(kinds):
    return ", ".join(f"{name} {count}" for name, count in sorted(kinds.items()))
