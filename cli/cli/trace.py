"""`trace`: every message about one case file, in order, with who said it and who folded it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from cli.places import state_dir
from cli.up import the_platform
from local_stack.databases import ServiceDatabase
from local_stack.faults import LocalStackError
from local_stack.platform import Platform
from local_stack.postgres import literal, run_sql
from local_stack.stack import Stack

_PUBLISHED = """
SELECT id, topic, headers ->> 'ce_type', headers ->> 'ce_sequence', created_at, {sent}
FROM {table}
WHERE subject = {subject}
"""
_BY_REFERENCE = "SELECT case_file_id FROM case_file WHERE reference_number = {number}"
_FOLDED = "SELECT event_id, handler FROM inbox WHERE event_id = ANY({ids}::uuid[])"
_PARKED = """
SELECT failed_at, source || ' ' || source_id, error_code || ': ' || error_message,
    CASE WHEN settled_at IS NULL THEN 'parked' ELSE COALESCE(settled_as, 'settled') END
FROM dead_letter
WHERE thing_key = {subject}
ORDER BY failed_at
"""
_WAITING = """
SELECT since, source || ' ' || source_id, reason, 'waits'
FROM waiting
WHERE thing_key = {subject}
ORDER BY position
"""


@dataclass(frozen=True, kw_only=True)
class Published:
    """One message about the case file, and which handlers of which services took it."""

    id: str
    at: str
    service: str
    topic: str
    type: str
    sequence: str
    sent: bool
    folded_by: Sequence[str] = field(default=())


def messages_about(case_file_id: UUID, databases: Sequence[ServiceDatabase]) -> list[Published]:
    """What the outboxes of all services hold about it, in order of time, with the handlers that their inboxes name."""
    subject = literal(str(case_file_id))
    said = [message for database in databases for message in _published(database, subject)]
    folded = _folded([message.id for message in said], databases)
    ordered = sorted(said, key=lambda message: (message.at, message.id))
    return [replace(message, folded_by=tuple(folded.get(message.id, ()))) for message in ordered]


def show(console: Console, text: str) -> None:
    """Print the messages, then what is parked or waits."""
    stack = Stack(state_dir())
    if not stack.servers_run:
        raise LocalStackError("the servers do not run; ./quittance up starts them")
    platform = the_platform(stack)
    databases = [platform.database(service) for service in platform.services]
    case_file_id = find_case_file(text, platform)
    messages = messages_about(case_file_id, databases)
    console.print(f"case file {case_file_id}: {len(messages)} messages")
    console.print(table_of(messages))
    for database in databases:
        for query in (_PARKED, _WAITING):
            for at, where, reason, state in run_sql(database.url, query.format(subject=literal(str(case_file_id)))):
                console.print(f"[yellow]{state}[/] in {database.service} since {at}: {escape(where)}: {escape(reason)}")


def table_of(messages: Sequence[Published]) -> Table:
    """A row a message. A narrow terminal breaks names and never cuts them."""
    headers = ("when", "who said it", "message", "#", "topic", "who folded it")
    table = Table(*(Column(header, overflow="fold") for header in headers), box=None, padding=(0, 2))
    for message in messages:
        takers = ", ".join(message.folded_by) or ("nobody" if message.sent else "not sent yet")
        table.add_row(message.at, message.service, message.type, message.sequence, message.topic, takers)
    return table


def find_case_file(text: str, platform: Platform) -> UUID:
    """A case file by its id or by the reference number that its notices print."""
    try:
        return UUID(text)
    except ValueError:
        pass
    digits = "".join(character for character in text if character.isdigit())
    rows = run_sql(platform.database("intake").url, _BY_REFERENCE.format(number=literal(digits)))
    if not rows:
        raise LocalStackError(f"no case file has the id or the reference number {text}")
    return UUID(rows[0][0])


def _published(database: ServiceDatabase, subject: str) -> list[Published]:
    return [
        Published(
            id=row[0],
            service=database.service,
            topic=row[1],
            type=row[2],
            sequence=row[3],
            at=row[4],
            sent=row[5] == "t",
        )
        for table, sent in (("outbox", "false"), ("outbox_sent", "true"))
        for row in run_sql(database.url, _PUBLISHED.format(table=table, sent=sent, subject=subject))
    ]


def _folded(ids: Sequence[str], databases: Sequence[ServiceDatabase]) -> Mapping[str, list[str]]:
    takers: dict[str, list[str]] = {}
    if not ids:
        return takers
    array = literal("{" + ",".join(ids) + "}")
    for database in databases:
        for event_id, handler in run_sql(database.url, _FOLDED.format(ids=array)):
            takers.setdefault(event_id, []).append(f"{database.service}.{handler}")
    return takers
