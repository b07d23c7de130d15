"""`outbox` and `alarms`: what is still to be said, and what is still to be looked at."""

from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli.desk_places import console, platform_of_up, services_of, url_of
from common.outbox import SEND_AGAIN
from local_stack.faults import LocalStackError
from local_stack.postgres import identifier, literal, run_sql

outbox_app = typer.Typer(help="What is not published yet; send again what was.", invoke_without_command=True)

_NOW = "COALESCE((SELECT now FROM clock), now())"
_OUTBOX = """
SELECT count(*), COALESCE(extract(epoch FROM {now} - min(created_at)), 0)::bigint,
    (SELECT count(*) FROM outbox_sent),
    (SELECT COALESCE(string_agg(shard || ' (' || reason || ')', ', ' ORDER BY shard), '') FROM outbox_stopped)
FROM outbox
"""
_RELEASE = "DELETE FROM outbox_stopped WHERE shard = {shard} RETURNING reason"
_TABLES = """
SELECT table_name FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'due_at'
ORDER BY 1
"""
_ALARMS = (
    "SELECT count(*) FILTER (WHERE due_at <= {now}), COALESCE(extract(epoch FROM {now} - min(due_at)), 0)::bigint,"
    " COALESCE(min(due_at)::text, ''), count(due_at) FROM {table} WHERE due_at IS NOT NULL"
)


@outbox_app.callback()
def outbox(
    context: typer.Context, service: Annotated[str | None, typer.Option(help="One service; else all.")] = None
) -> None:
    """Depth, age and stopped shards of each outbox."""
    if context.invoked_subcommand is not None:
        return
    platform = platform_of_up()
    table = Table("service", "to send", "oldest", "kept as sent", "stopped shards", box=None, padding=(0, 2))
    for name in services_of(platform, service):
        ((depth, age, kept, stopped),) = run_sql(url_of(platform, name), _OUTBOX.format(now=_NOW))
        oldest = str(timedelta(seconds=int(age))) if int(depth) else ""
        table.add_row(name, depth, oldest, kept, f"[red]{escape(stopped)}[/]" if stopped else "")
    console().print(table)


@outbox_app.command("resend")
def resend(
    service: Annotated[str, typer.Argument(help="Who said it.")],
    since: Annotated[str, typer.Option(help="From this instant: 2026-03-02T08:00 (local unless it says its zone).")],
) -> None:
    """Send again what was sent since an instant, under the same ids; inboxes drop what had arrived."""
    instant = instant_of(since)
    url = url_of(platform_of_up(), service)
    console().print(f"{service}: {send_again(url, instant)} messages go out again under their own ids")


def instant_of(text: str) -> datetime:
    """What somebody typed; local unless it says its zone. Raises LocalStackError."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as fault:
        raise LocalStackError(f"{text} is no instant: write it like 2026-03-02T08:00") from fault


def send_again(url: str, since: datetime) -> int:
    """Move what was sent since an instant back to the outbox, in its place; returns how many."""
    return int(run_sql(url, SEND_AGAIN.replace("$1", literal(since.isoformat())))[0][0])


@outbox_app.command("release")
def release(
    service: Annotated[str, typer.Argument(help="Whose relay stopped.")],
    shard: Annotated[int, typer.Argument(help="The shard, as `outbox` shows it.")],
) -> None:
    """Let a stopped shard go on, after its cause is mended."""
    url = url_of(platform_of_up(), service)
    reasons = run_sql(url, _RELEASE.format(shard=int(shard)))
    if not reasons:
        raise LocalStackError(f"shard {shard} of {service} is not stopped")
    console().print(f"{service}: shard {shard} goes on; it had stopped for {escape(reasons[0][0])}")


def alarms() -> None:
    """Per kind of thing: how many are due, how late the latest is, and when the next one comes."""
    platform = platform_of_up()
    table = Table("service", "thing", "with an alarm", "due", "late", "next", box=None, padding=(0, 2))
    for name in platform.services:
        for thing, set_, due, late, following in alarms_of(url_of(platform, name)):
            table.add_row(name, thing, set_, due, str(timedelta(seconds=late)) if late > 0 else "", following)
    console().print(table)


def alarms_of(url: str) -> list[tuple[str, str, str, int, str]]:
    """Thing, rows with an alarm, rows that are due, seconds the earliest is late (negative: still to come), when."""
    found: list[tuple[str, str, str, int, str]] = []
    for (thing,) in run_sql(url, _TABLES):
        ((due, late, following, count),) = run_sql(url, _ALARMS.format(now=_NOW, table=identifier(thing)))
        found.append((thing, count, due, int(late), following))
    return found
