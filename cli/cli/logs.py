"""`logs`: what a process has written."""

import time
from collections import deque

import typer
from rich.console import Console

from cli.places import state_dir
from local_stack.processes import Processes


def show(console: Console, name: str, *, lines: int, follow: bool) -> None:
    """The last lines, and with `follow` what comes after them, until Ctrl-C."""
    processes = Processes(state_dir())
    path = processes.log_path(name)
    if not path.exists():
        known = ", ".join(sorted(one.stem for one in processes.log_dir.glob("*.log"))) or "none yet"
        raise typer.BadParameter(f"there is no log of {name}; there are: {known}")
    with path.open(encoding="utf-8", errors="replace") as log:
        for line in deque(log, maxlen=lines):
            console.out(line, end="", highlight=False)
        while follow:
            line = log.readline()
            if line:
                console.out(line, end="", highlight=False)
            else:
                time.sleep(0.2)
