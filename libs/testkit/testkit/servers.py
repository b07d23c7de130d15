"""One broker and one database server a test run, in a folder of the run; leftovers of killed runs are ended."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from local_stack.kafka import Kafka, KafkaPorts
from local_stack.ports import Ports
from local_stack.postgres import Postgres
from local_stack.processes import Processes, start_time_of


@contextmanager
def run_folder(tests_dir: Path) -> Generator[Path]:
    """A folder named for this process and its start, gone afterwards, with all that still runs from it."""
    sweep(tests_dir)
    folder = tests_dir / f"{os.getpid()}-{start_time_of(os.getpid())}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        _end(folder)


def sweep(tests_dir: Path) -> None:
    """End what killed runs left behind: those whose process, by pid and start time, is gone."""
    for folder in tests_dir.glob("*-*"):
        pid, _, start_time = folder.name.partition("-")
        if pid.isdecimal() and start_time_of(int(pid)) != start_time:
            _end(folder)


def a_kafka(folder: Path, ports: Ports) -> Kafka:
    """A broker with the settings for tests, not started yet."""
    chosen = KafkaPorts(
        plain=ports.pick("Kafka"), controller=ports.pick("Kafka's controller"), partners=ports.pick("partners")
    )
    return Kafka(folder, chosen, for_tests=True)


def a_postgres(folder: Path, ports: Ports) -> Postgres:
    """A server that trusts every local user, not started yet."""
    return Postgres(folder, ports.pick("PostgreSQL"), trust=True)


def _end(folder: Path) -> None:
    for state in [folder, *(path for path in folder.glob("*") if (path / "run").is_dir())]:
        Processes(state).stop_all()
    shutil.rmtree(folder, ignore_errors=True)
