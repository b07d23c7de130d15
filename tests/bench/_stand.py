"""What every benchmark stands on: own servers with `fsync` on, the toy service's tables, and the table it prints.

Each benchmark is measured beside its limit in the same run, in turns, and the best of its rounds counts: the machine is
shared, and what else runs can only make a figure worse.
"""

import argparse
import gc
import json
import os
import platform
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.table import Table

from cli.places import checkout
from common.logs import set_up_structlog
from common.migrate import migrations_of
from common.service import COLLECT_AFTER
from kafka_admin import create_topics
from local_stack.ports import Ports
from local_stack.postgres import database_url, run_sql
from testkit import toy
from testkit.servers import a_kafka, a_postgres, run_folder

SERVER_SETTINGS = {  # the rest as in the local stack; commits keep their time, to be asked for it
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "track_commit_timestamp": "on",
}
TEXT = "a text as long as a case file has it, " * 8  # 300 bytes


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure beside its limit. For a `unit` of time smaller is better, for a rate larger; ratio = value / limit."""

    figure: str
    value: float
    unit: str
    limit: str = ""
    limit_value: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if not self.limit_value else round(self.value / self.limit_value, 3)


@dataclass(frozen=True, kw_only=True)
class Stand:
    """Where the servers of this run are."""

    folder: Path
    database_url: str
    bootstrap: str

    def make_database(self, name: str) -> str:
        """A fresh, empty database; answers its URL."""
        run_sql(self.database_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        run_sql(self.database_url, f"CREATE DATABASE {name}")
        return database_url(self.database_url, name)

    def make_topics(self, prefix: str) -> None:
        """The toy service's two topics of four partitions under a prefix of their own."""
        create_topics(self.bootstrap, toy.TOPICS, prefix)


@contextmanager
def servers() -> Generator[Stand]:
    """A broker and a database server of this run alone, gone at its end."""
    set_up_structlog()
    ports = Ports()
    with run_folder(checkout() / ".quittance" / "bench") as folder:
        postgres, kafka = a_postgres(folder, ports), a_kafka(folder, ports)
        url = postgres.start()
        for name, setting in SERVER_SETTINGS.items():
            run_sql(url, f"ALTER SYSTEM SET {name} = '{setting}'")
        postgres.stop()
        postgres.start()
        kafka.start()
        try:
            yield Stand(folder=folder, database_url=url, bootstrap=kafka.bootstrap_servers)
        finally:
            kafka.stop()
            postgres.stop()


async def make_toy_tables(url: str, *, rows: int, due: int = 0, with_id: bool = False) -> None:
    """The plumbing and `rows` counters with 300 bytes of text, `due` of them (spread) due, the others later."""
    connection = await asyncpg.connect(url)
    for migration in migrations_of("common"):
        await connection.execute(migration.sql)
    await connection.execute(toy.SCHEMA)
    await connection.execute(
        "ALTER TABLE counter SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_enabled = off)"
    )
    await connection.execute("SELECT keep_partitions($1, 7)", datetime.now(UTC).date())
    for first in range(0, rows, 500_000):
        await connection.execute(
            "INSERT INTO counter (counter_id, version, state, due_at)"
            " SELECT k, 1, jsonb_build_object('total', 0, 'text', $3::text, 'rests_at', at)"
            " || CASE WHEN $5 THEN jsonb_build_object('counter_id', k) ELSE '{}' END, at"
            " FROM (SELECT md5(n::text)::uuid AS k, CASE WHEN n * 7919 % $6 < $4 THEN timestamptz '2026-01-01' ELSE"
            " timestamptz '2036-01-01' END + n * interval '1 millisecond' AS at"
            " FROM generate_series($1::bigint, $2::bigint - 1) AS s (n)) AS made",
            first, min(first + 500_000, rows), TEXT, due, with_id, rows,
        )  # fmt: skip
    await connection.execute("VACUUM (ANALYZE) counter")
    await connection.execute("CHECKPOINT")
    await connection.execute("ALTER TABLE counter RESET (autovacuum_enabled)")
    await connection.close()


def counter_id(number: int) -> UUID:
    """The key of a counter of `make_toy_tables`."""
    return UUID(md5(str(number).encode(), usedforsecurity=False).hexdigest())


def spare_the_collector() -> None:
    """As a service does once it is up: what was loaded is here to stay, and need not be walked again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    """Seconds of the block, as the one element of the list, afterwards."""
    seconds: list[float] = []
    began = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - began)


def arguments(description: str | None, *, rounds: int | None = 3, counts: str = "best") -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print JSON, nothing else")
    if rounds is not None:
        told = f"how often each figure is measured; the {counts} counts"
        parser.add_argument("--rounds", type=int, default=rounds, help=told)
    return parser


def say(text: str) -> None:
    """Progress, on the error stream."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def machine() -> dict[str, object]:
    """What it ran on, and how busy that was."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "postgresql": SERVER_SETTINGS | {"fsync": "on"},
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
    }


def report(name: str, rows: Sequence[Figure], *, as_json: bool) -> None:
    """Print the table, or the same as JSON."""
    where = machine()
    if as_json:
        lines = [
            {
                "figure": row.figure, "value": round(row.value, 2), "unit": row.unit, "limit": row.limit,
                "limit_value": None if row.limit_value is None else round(row.limit_value, 2), "ratio": row.ratio,
            }
            for row in rows
        ]  # fmt: skip
        sys.stdout.write(json.dumps({"name": name, "machine": where, "rows": lines}, indent=2) + "\n")
        return
    table = Table(title=f"{name}: {where['processor']}, {where['cores']} cores, load {where['load_average']}")
    for column in ("figure", "value", "unit", "beside", "its value", "ratio"):
        table.add_column(column, justify="right" if column in {"value", "its value", "ratio"} else "left")
    for row in rows:
        beside = "" if row.limit_value is None else f"{row.limit_value:,.1f}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        table.add_row(row.figure, f"{row.value:,.1f}", row.unit, row.limit, beside, ratio)
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)
