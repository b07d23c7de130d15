import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog

sys.path.insert(0, str(Path(__file__).parent))  # the modules of lives, also for the processes that live some

from many_lives import be_quiet


@dataclass
class Conservation:
    """What all seeds of a run came to."""

    title: str
    rest: dict[str, str]  # name of a sum -> in words, what is neither applied nor repeated
    seeds: int = 0
    sums: Counter = field(default_factory=Counter)
    faults: Counter = field(default_factory=Counter)
    happened: Counter = field(default_factory=Counter)

    def keep(self, seeds, counted):
        self.seeds += seeds
        for kept, counters in zip((self.sums, self.faults, self.happened), counted, strict=False):
            kept.update(counters)

    def write(self, reporter):
        sums = self.sums
        rest = "".join(f" + {words} {sums[name]}" for name, words in self.rest.items())
        again = f" published again {sums['published_again']};" if sums["published_again"] else ""
        people = f"; people: {counted(self.happened)}" if self.happened else ""
        reporter.section(self.title)
        reporter.line(
            f"{self.seeds} seeds: inputs {sums['inputs']} = applied {sums['applied']} + duplicates {sums['duplicates']}"
            f" + parked {sums['parked']}{rest};{again} faults: {counted(self.faults)}{people}"
        )


TOY = Conservation("conservation", {"waiting": "waiting behind parked"})
CHAIN = Conservation("conservation of the chain", {"no_concern": "of no concern"})


@pytest.fixture(scope="session")
def conservation():
    """Of the toy; printed at the end."""
    return TOY


@pytest.fixture(scope="session")
def chain_conservation():
    """Of the chain; printed at the end."""
    return CHAIN


@pytest.fixture(autouse=True)
def _quiet():
    before = structlog.get_config()
    be_quiet()
    yield
    structlog.configure(**before)


def pytest_terminal_summary(terminalreporter):
    for kept in (TOY, CHAIN):
        if kept.seeds:
            kept.write(terminalreporter)


def counted(kinds):
    return ", ".join(f"{name} {count}" for name, count in sorted(kinds.items()))
