"""The tree as the rules see it: members, services, and the files of each kind."""

import ast
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MEMBER_FOLDERS = ("libs/*", "services/*", "cli", "deploy/local", "deploy/kafka")
SKIPPED_FOLDERS = {"__pycache__", "node_modules"}
BINARY_SUFFIXES = {".gif", ".ico", ".jar", ".jpg", ".otf", ".pdf", ".png", ".pyc", ".ttf", ".woff2", ".zip"}


@dataclass(frozen=True)
class Source:
    """One file of ours: where it lies in the tree, and what it says."""

    root: Path
    name: str  # relative to the root, with forward slashes

    @property
    def path(self) -> Path:
        return self.root / self.name

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.name.split("/"))

    @property
    def stem(self) -> str:
        return self.path.stem

    @property
    def _inside(self) -> tuple[str, ...]:
        """The path from the member's package on: `ledger/x.py` of `services/ledger/ledger/x.py`."""
        return self.parts[{"services": 2, "libs": 2, "deploy": 2, "cli": 1}.get(self.parts[0], len(self.parts)) :]

    @property
    def member(self) -> str:
        """The workspace member that it belongs to, by its import name; empty for what is no member's."""
        return self._inside[0] if len(self._inside) > 1 else ""

    @property
    def module(self) -> str:
        """The file or package under the member: `handlers` for `handlers.py` and for `handlers/notices.py`."""
        return self._inside[1].removesuffix(".py") if len(self._inside) > 1 else ""

    @property
    def is_test(self) -> bool:
        return "tests" in self.parts

    @property
    def is_service(self) -> bool:
        return self.parts[0] == "services"

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def syntax(self) -> ast.Module:
        return ast.parse(self.text, filename=self.name, feature_version=(3, 11))

    def line(self, number: int) -> str:
        return self.text.splitlines()[number - 1]


@dataclass(frozen=True)
class Tree:
    """A checkout."""

    root: Path

    @cached_property
    def files(self) -> tuple[Source, ...]:
        """Every file that is ours: no hidden folder but `.ci`, nothing built."""
        return tuple(sorted(self._walk(), key=lambda source: source.name))

    def _walk(self) -> Iterator[Source]:
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name == ".ci" or self._is_ours(name)]
            for name in names:
                yield Source(self.root, (Path(folder) / name).relative_to(self.root).as_posix())

    @staticmethod
    def _is_ours(folder: str) -> bool:
        return not folder.startswith(".") and folder not in SKIPPED_FOLDERS and not folder.endswith(".egg-info")

    def texts(self) -> list[Source]:
        """Every file of ours that is text and written by hand."""
        return [source for source in self.files if source.path.suffix not in BINARY_SUFFIXES]

    def code(self) -> list[Source]:
        """Python that runs: of the members, without their tests."""
        return [source for source in self.files if source.name.endswith(".py") and source.member and not source.is_test]

    def services(self) -> list[str]:
        """The names of the services."""
        return sorted(path.parent.name for path in self.root.glob("services/*/pyproject.toml"))

    def members(self) -> dict[str, Path]:
        """Import name and folder of each workspace member that has a package."""
        folders = [path for pattern in MEMBER_FOLDERS for path in sorted(self.root.glob(pattern)) if path.is_dir()]
        packages = [package for folder in folders for package in folder.glob("*/__init__.py")]
        return {package.parent.name: package.parent.parent for package in packages if package.parent.name != "tests"}


Rule = Callable[[Tree], list[str]]
"""Says what breaks it, one line each."""

Plant = Callable[[Mapping[str, str]], Tree]
"""Makes a tree of files given by path and text."""


def listed(found: list[str]) -> str:
    """What a failed rule shows: one line a place, not cut short."""
    return "\n".join(["", *found])
