"""Each rule is a function of a tree, so that it is tried on our tree and on a made-up one that breaks it."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # pytest's importlib mode puts no test folder on the path

from source_tree import Plant, Tree


@pytest.fixture(scope="session")
def tree() -> Tree:
    """Our own tree. It must be seen whole, or every rule would hold for want of files."""
    ours = Tree(Path(__file__).parents[2])
    assert {source.member for source in ours.code()} >= {"common", "contracts", "statutes", "ledger", "cli"}
    return ours


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """A made-up tree of the files given by path and text."""

    def make(files: Mapping[str, str]) -> Tree:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Tree(tmp_path)

    return make
