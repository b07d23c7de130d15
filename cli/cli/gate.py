"""`check` and `test`: the gate and the suite."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cli.places import checkout

WHOLE_SUITE = ("--numprocesses=2", "--dist=loadfile")  # much of it waits for time-outs: one process would wait alone


@dataclass(frozen=True)
class Step:
    """One tool of the gate; an empty command says that it has nothing to look at."""

    name: str
    command: tuple[str, ...]


def gate_steps(root: Path) -> list[Step]:
    """What a change must pass."""
    migrations = _sql(root, "**/sql/migrations/*.sql")
    queries = _sql(root, "**/sql/queries.sql")
    tests = [name for name in ("tests/architecture", "tests/contracts") if (root / name).is_dir()]
    return [
        Step("ruff check", (_tool("ruff"), "check", "--quiet", ".")),
        Step("ruff format", (_tool("ruff"), "format", "--check", "--quiet", ".")),
        Step("basedpyright", (_tool("basedpyright"), "--level", "error", "--pythonpath", sys.executable)),
        Step("import-linter", (_tool("lint-imports"),)),
        Step("sqlfluff", (_tool("sqlfluff"), "lint", *queries, *migrations) if queries or migrations else ()),
        Step("squawk", (_tool("squawk"), *migrations) if migrations else ()),
        Step("architecture and contracts", (sys.executable, "-m", "pytest", "-q", *tests)),
    ]


def run_gate(console: Console) -> int:
    """Run every step, even after one that failed; 1 when any did."""
    root = checkout()
    failed = 0
    for step in gate_steps(root):
        begun = time.monotonic()
        with console.status(step.name):
            answer = _run(step.command, root) if step.command else None
        seconds = time.monotonic() - begun
        if answer is None:
            console.print(f"[dim]-    {step.name}: nothing to look at[/]")
        elif answer.returncode == 0:
            console.print(f"[green]ok[/]   {step.name} [dim]{seconds:.1f} s[/]")
        else:
            failed += 1
            console.print(f"[red]FAIL[/] {step.name} [dim]{seconds:.1f} s[/]")
            console.out((answer.stdout + answer.stderr).rstrip(), highlight=False)
    return 1 if failed else 0


def run_tests(arguments: Sequence[str]) -> int:
    """Pytest on the whole suite, by two processes with servers of their own, or on what the arguments name; its own
    exit code. `--mutants`: take each safety element out of a copy of the code, and say which test notices.
    """
    os.chdir(checkout())
    if list(arguments) == ["--mutants"]:
        return subprocess.run([sys.executable, "tests/mutants/mutants.py"], check=False).returncode
    chosen = arguments or WHOLE_SUITE
    return subprocess.run([sys.executable, "-m", "pytest", *chosen], check=False).returncode  # noqa: S603 - our own command line


def _run(command: Sequence[str], root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - our own command line


def _tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _sql(root: Path, pattern: str) -> tuple[str, ...]:
    folders = [root / "libs", root / "services"]
    return tuple(sorted(str(path.relative_to(root)) for folder in folders for path in folder.glob(pattern)))
