"""How hard a life is: how often a fault strikes, and when it is enough."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Severity:
    """Chances of a fault at a step and at a send of the relay, and the most of each in one life."""

    chance: float = 0.6
    most: int = 25
    chance_a_send: float = 0.1
    most_sends: int = 8


CALM = Severity(chance=0, most=0, chance_a_send=0, most_sends=0)
"""A life without faults."""
