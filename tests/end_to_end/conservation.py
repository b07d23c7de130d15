"""What became of every record on the topics of the five services, and whether the ledger's books are whole."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from common.envelope import Envelope, text_headers
from contracts.registry import CATALOGUE, topics_of
from dunning.consumers import consumers as dunning_consumers
from intake.consumers import CONSUMERS as INTAKE
from ledger.consumers import CONSUMERS as LEDGER
from legal.consumers import consumers as legal_consumers
from local_stack.partners import partner_names
from local_stack.postgres import database_url
from notifications.consumers import CONSUMERS as NOTIFICATIONS
from testkit.chaos_account import read_topic

CONSUMERS = {
    "intake": INTAKE,
    "dunning": dunning_consumers(None),
    "notifications": NOTIFICATIONS,
    "ledger": LEDGER,
    "legal": legal_consumers(()),
}
EMPTY = ("waiting", "outbox", "outbox_stopped", "outside_call")


@dataclass(kw_only=True)
class Line:
    """The conservation line of one service. `not_taken` are messages that it has no handler for."""

    service: str
    inputs: int = 0
    applied: int = 0
    duplicates: int = 0
    parked: int = 0
    not_taken: int = 0
    faults: list[str] = field(default_factory=list[str])

    def __str__(self):
        total = self.applied + self.duplicates + self.parked
        sign = "=" if self.inputs == total else "!="
        return (
            f"{self.service}: inputs {self.inputs} {sign} applied {self.applied} + duplicates {self.duplicates}"
            f" + parked {self.parked} (beside {self.not_taken} that it does not take)"
        )


def draw_up(setting):
    """A line a service."""
    return [asyncio.run(draw_up_one(setting, service)) for service in CONSUMERS]


async def draw_up_one(setting, service):
    line = Line(service=service)
    connection = await asyncpg.connect(database_url(setting.servers.database_url, setting.database_prefix + service))
    try:
        ours = {
            row["event_id"]: row["handler"] for row in await connection.fetch("SELECT event_id, handler FROM inbox")
        }
        foreign = {tuple(row) for row in await connection.fetch("SELECT source, id FROM inbox_foreign")}
        letters = {tuple(row) for row in await connection.fetch("SELECT source, source_id FROM dead_letter")}
        for table in EMPTY:
            rows = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608  a name of ours
            line.faults += [f"{service}: {rows} rows are left in {table}"] if rows else []
    finally:
        await connection.close()
    wanted = {on.message for on in CONSUMERS[service].on}
    seen = set()
    for topic in topics_of(service, partner_names()):
        is_foreign = CATALOGUE.topic(topic).owner == "partner"
        for record in await read_topic(setting.servers.bootstrap, setting.topic_prefix + topic):
            envelope = Envelope.from_headers(text_headers(record.headers))
            if CATALOGUE.model(envelope.type, topic=topic) not in wanted:
                line.not_taken += 1
                continue
            identity = (topic, f"{envelope.source}|{envelope.id}") if is_foreign else UUID(envelope.id)
            place = (topic, f"{record.partition}/{record.offset}")
            is_applied = (
                identity in foreign if is_foreign else ours.get(identity, "parked") not in {"parked", "waiting"}
            )
            count(line, place, is_repeat=identity in seen, is_applied=is_applied, is_parked=place in letters)
            seen.add(identity)
    line.faults += [f"{service}: {event} is in the inbox and on no topic" for event in ours.keys() - seen]
    return line


def count(line, place, *, is_repeat, is_applied, is_parked):
    """Sort one record into exactly one of the three."""
    line.inputs += 1
    if is_repeat:
        line.duplicates += 1
    elif is_applied is is_parked:
        line.faults.append(f"{line.service}: {place} is {'applied and parked' if is_applied else 'lost'}")
    elif is_applied:
        line.applied += 1
    else:
        line.parked += 1


def books(setting):
    """How many journals and lines the ledger has, and how many journals are not zero."""

    async def count_books():
        connection = await asyncpg.connect(
            database_url(setting.servers.database_url, f"{setting.database_prefix}ledger")
        )
        try:
            return dict(
                await connection.fetchrow(
                    "SELECT (SELECT count(*) FROM ledger.journal) AS journals,"
                    " (SELECT count(*) FROM ledger.line) AS lines,"
                    " (SELECT count(*) FROM (SELECT FROM ledger.line GROUP BY journal_id"
                    " HAVING sum(amount_cents) <> 0) AS wrong) AS unbalanced"
                )
            )
        finally:
            await connection.close()

    return asyncio.run(count_books())
