"""PostgreSQL in memory, as far as the plumbing leans on it: transactions that read what is committed, row locks that
wait, deadlocks that are found, and faults at a chosen statement. Deterministic: one seed, one order of events.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from testkit.simulation_statements import run_statement

Row = dict[str, Any]
Query = Callable[["SimTransaction", Sequence[Any]], list[Row] | Awaitable[list[Row]]]
GONE: Row = {}
MOST_TURNS_GIVEN = 4


class Crash(BaseException):
    """Process death. A BaseException, so that no `except Exception` of what is tested survives it."""


class SimStore:
    """One database. `queries` are the in-memory twins of a service's own named queries, by their SQL text."""

    def __init__(
        self,
        rng: random.Random,
        *,
        now: datetime,
        queries: Mapping[str, Query] | None = None,
        defaults: Mapping[str, Callable[[], Row]] | None = None,
        checks: Mapping[str, Callable[[Row], bool]] | None = None,
    ) -> None:
        self.rng, self.now = rng, now
        self.queries, self.defaults, self.checks = queries or {}, defaults or {}, checks or {}
        self.tables: dict[str, dict[Any, Row]] = {}
        self.commits = 0  # of transactions that have written
        self.locks: dict[tuple[str, Any], SimTransaction] = {}
        self.numbers: Counter[str] = Counter()
        self.overlapping = False  # several at once: each statement may let the others go first
        self.fault: str | None = None
        self.statements_left = 0

    def rows(self, table: str) -> list[Row]:
        """What is committed."""
        return list(self.tables.get(table, {}).values())

    def next_number(self, name: str) -> int:
        """A database sequence: never given back."""
        self.numbers[name] += 1
        return self.numbers[name]

    def arm(self, fault: str | None) -> None:
        """The next transaction fails: `db_error` and `crash_before_commit` at a statement or at its commit,
        `crash_after_commit` right after it.
        """
        self.fault, self.statements_left = fault, self.rng.randint(1, 14)

    async def before_statement(self) -> None:
        """Give turns to whoever else runs, and fail when it is time."""
        await self.give_turns()
        if self.fault in {"db_error", "crash_before_commit"}:
            self.statements_left -= 1
            if self.statements_left <= 0:
                self.strike()

    async def give_turns(self) -> None:
        """Let whoever runs beside go first, or not."""
        for _ in range(self.rng.randrange(MOST_TURNS_GIVEN) if self.overlapping else 0):
            await asyncio.sleep(0)

    def strike(self) -> None:
        """The armed fault, once."""
        fault, self.fault = self.fault, None
        if fault == "db_error":
            raise asyncpg.ConnectionDoesNotExistError("the connection was closed in the middle of an operation")
        if fault is not None:
            raise Crash(fault)


class SimTransaction:
    """What one transaction sees and has written: its own writes over what is committed, statement by statement."""

    def __init__(self, store: SimStore) -> None:
        self.store = store
        self.written: dict[str, dict[Any, Row]] = {}
        self.held: set[tuple[str, Any]] = set()
        self.waits_for: SimTransaction | None = None
        self.ended = asyncio.Event()

    def get(self, table: str, key: Any) -> Row | None:
        """A row by its key."""
        row = self.written.get(table, {}).get(key)
        row = self.store.tables.get(table, {}).get(key) if row is None else row
        return None if row is None or row is GONE else row

    def rows(self, table: str) -> Iterable[tuple[Any, Row]]:
        """All rows, in order of their first commit."""
        both = self.store.tables.get(table, {}) | self.written.get(table, {})
        return [(key, row) for key, row in both.items() if row is not GONE]

    def put(self, table: str, key: Any, row: Row) -> None:
        """Insert or replace a row."""
        check = self.store.checks.get(table)
        if check is not None and not check(row):
            raise asyncpg.CheckViolationError(f"a row of {table} violates its check constraint")
        self.written.setdefault(table, {})[key] = row

    def delete(self, table: str, key: Any) -> None:
        """Take a row away."""
        self.written.setdefault(table, {})[key] = GONE

    def is_locked_by_other(self, table: str, key: Any) -> bool:
        """What SKIP LOCKED passes over."""
        holder = self.store.locks.get((table, key))
        return holder is not None and holder is not self

    async def lock(self, table: str, key: Any) -> None:
        """Wait for the row; raises DeadlockDetectedError when who holds it waits for us."""
        while (holder := self.store.locks.get((table, key))) is not None and holder is not self:
            chain: SimTransaction | None = holder
            while chain is not None:
                if chain is self:
                    raise asyncpg.DeadlockDetectedError("deadlock detected")
                chain = chain.waits_for
            self.waits_for = holder
            await holder.ended.wait()
            self.waits_for = None
        self.store.locks[table, key] = self
        self.held.add((table, key))
        if self.store.overlapping:
            await self.store.give_turns()

    def end(self, *, commit: bool) -> None:
        """Keep or forget what was written, and let go of every row."""
        if commit and self.written:
            self.store.commits += 1
            for table, rows in self.written.items():
                kept = self.store.tables.setdefault(table, {})
                for key, row in rows.items():
                    if row is GONE:
                        kept.pop(key, None)
                    else:
                        kept[key] = row
        for name in self.held:
            del self.store.locks[name]
        self.held.clear()
        self.ended.set()


class SimConnection:
    """The part of an asyncpg connection that the plumbing uses."""

    def __init__(self, store: SimStore) -> None:
        self.store = store
        self.open: SimTransaction | None = None

    def transaction(self) -> "Opened | Savepoint":
        """Committed at its end, rolled back by whatever is raised in it; inside another one it is a savepoint."""
        return Opened(self) if self.open is None else Savepoint(self.open)

    async def fetch(self, sql: str, *arguments: Any) -> list[Row]:
        """Rows of one statement, as mappings."""
        if self.store.overlapping or self.store.fault is not None:
            await self.store.before_statement()
        if self.open is not None:
            return await run_statement(self.open, sql, arguments)
        alone, is_whole = SimTransaction(self.store), False
        try:
            rows = await run_statement(alone, sql, arguments)
            is_whole = True
        finally:
            alone.end(commit=is_whole)
        return rows

    async def fetchrow(self, sql: str, *arguments: Any) -> Row | None:
        """The first row."""
        return next(iter(await self.fetch(sql, *arguments)), None)

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        """The first column of the first row."""
        row = await self.fetchrow(sql, *arguments)
        return None if row is None else next(iter(row.values()))

    async def execute(self, sql: str, *arguments: Any) -> None:
        """A statement whose rows nobody asks for."""
        await self.fetch(sql, *arguments)

    async def executemany(self, sql: str, many: Iterable[Sequence[Any]]) -> None:
        """The same statement for many arguments."""
        for arguments in many:
            await self.fetch(sql, *arguments)

    async def copy_records_to_table(
        self, table_name: str, *, columns: Sequence[str], records: Iterable[Sequence[Any]]
    ) -> None:
        """COPY, which asyncpg makes of a table's name and columns."""
        await self.execute(f"COPY {table_name} ({', '.join(columns)}) FROM STDIN", list(records))

    def is_closed(self) -> bool:
        """A connection is thrown away, never closed."""
        return False

    def terminate(self) -> None:
        """Nothing to end: an open transaction ends by what is raised in it."""


class Opened:
    """A transaction of a connection, from its begin to its commit."""

    def __init__(self, connection: SimConnection) -> None:
        self.connection, self.transaction = connection, SimTransaction(connection.store)

    async def __aenter__(self) -> None:
        self.connection.open = self.transaction

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        store, is_whole = self.connection.store, False
        try:
            if kind is None and store.fault in {"db_error", "crash_before_commit"}:
                store.strike()
            is_whole = kind is None
        finally:
            self.connection.open = None
            self.transaction.end(commit=is_whole)
        if is_whole and store.fault == "crash_after_commit":
            store.strike()


class Savepoint:
    """What is written in it is kept or forgotten by itself."""

    def __init__(self, transaction: SimTransaction) -> None:
        self.transaction, self.before = transaction, transaction.written

    async def __aenter__(self) -> None:
        self.transaction.written = {table: dict(rows) for table, rows in self.before.items()}

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.transaction.written = self.before


class SimPool:
    """A pool that has always one more connection."""

    def __init__(self, store: SimStore) -> None:
        self.store = store

    def acquire(self) -> "Acquired":
        """A connection for a while."""
        return Acquired(self.store)


class Acquired:
    """A connection that nobody else has."""

    def __init__(self, store: SimStore) -> None:
        self.store = store

    async def __aenter__(self) -> SimConnection:
        return SimConnection(self.store)

    async def __aexit__(self, *_: object) -> None:
        """Nothing to give back."""
