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

    def line(self):
        sums = self.sums
        rest = "".join(f" + {words} {sums[name]}" for name, words in self.rest.items())
        again = f" published again {sums['published_again']};" if sums["published_again"] else ""
        people = f"; people: {counted(self.happened)}" if self.happened else ""
        return (
            f"{self.title}, {self.seeds} seeds: inputs {sums['inputs']} = applied {sums['applied']} + duplicates"
            f" {sums['duplicates']} + parked {sums['parked']}{rest};{again} faults: {counted(self.faults)}{people}"
        )


TOY = Conservation("simulation of the toy", {"waiting": "waiting behind parked"})
CHAIN = Conservation("simulation of the chain", {"no_concern": "of no concern"})


@pytest.fixture(scope="session")
def conservation():
    """Of the toy."""
    return TOY


@pytest.fixture(scope="session")
def chain_conservation():
    """Of the chain."""
    return CHAIN


@pytest.fixture(autouse=True)
def _quiet():
    before = structlog.get_config()
    be_quiet()
    yield
    structlog.configure(**before)


def counted(kinds):
    return ", ".join(f"{name} {count}" for name, count in sorted(kinds.items()))
