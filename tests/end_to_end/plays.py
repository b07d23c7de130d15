"""What a play of the demo is, for fixtures and tests."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conservation import Line

from cli.demo.account import Folders
from cli.demo.steps import Played

CHECKOUT = Path(__file__).parents[2]
CLAIMS, DAYS, SEED = 60, 60, 2


@dataclass(frozen=True, kw_only=True)
class Play:
    """What was played, and where its files lie."""

    played: Played
    folders: Folders
    conservation: list[Line]
    books: dict[str, int]


PlayDemo = Callable[..., Play]


def comparable(play: Play) -> dict[str, Any]:
    """The account but for what may differ between two runs of one seed."""
    return {name: figure for name, figure in play.played.figures.items() if name not in {"seconds", "files"}}
