"""`bench NAME`: a benchmark of tests/bench, which measures and prints its own limit in the same run."""

import os
import subprocess
import sys
from collections.abc import Sequence

import typer
from rich.console import Console

from cli.places import checkout


def run_benchmark(console: Console, arguments: Sequence[str]) -> int:
    """Run `tests/bench/<name>.py` with the arguments that follow; without a name, say which there are."""
    folder = checkout() / "tests" / "bench"
    files = [path for path in folder.glob("*.py") if not path.stem.startswith(("_", "test_", "conftest"))]
    names = sorted(path.stem.replace("_", "-") for path in files)
    if not arguments or arguments[0] in {"--help", "-h"}:
        console.print(f"benchmarks: {', '.join(names) or 'none in this checkout'}")
        return 0
    name, *rest = arguments
    if name not in names:
        raise typer.BadParameter(f"there is no benchmark {name}; there are: {', '.join(names) or 'none'}")
    command = [sys.executable, str(folder / f"{name.replace('-', '_')}.py"), *rest]
    env = os.environ | {"PYTHONPATH": str(folder)}  # what benchmarks share lies beside them
    return subprocess.run(command, cwd=checkout(), env=env, check=False).returncode  # noqa: S603 - our own command line
