from collections import Counter

import pytest

KEPT: dict = {"seeds": 0, "sums": Counter(), "faults": Counter()}


@pytest.fixture(scope="session")
def conservation():
    """What all seeds of this run came to; printed at the end."""
    return KEPT


def pytest_terminal_summary(terminalreporter):
    if KEPT["seeds"]:
        sums = KEPT["sums"]
        faults = ", ".join(f"{name} {count}" for name, count in sorted(KEPT["faults"].items()))
        terminalreporter.section("conservation")
        terminalreporter.line(
            f"{KEPT['seeds']} seeds: inputs {sums['inputs']} = applied {sums['applied']} + duplicates"
            f" {sums['duplicates']} + parked {sums['parked']} + waiting behind parked {sums['waiting']};"
            f" published again {sums['published_again']}; faults: {faults}"
        )
