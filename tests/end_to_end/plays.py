"""What a play of the demo is, for fixtures and tests."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cli.demo.account import Folders
from cli.demo.steps import Played

CHECKOUT = Path(__file__).parents[2]
CLAIMS, DAYS, SEED = 60, 60, 2


@dataclass(frozen=True, kw_only=True)
class Play:
    """What was played, and where its files lie."""

    played: Played
    folders: Folders


PlayDemo = Callable[..., Play]
