"""`status`: what runs, what lags, and which messages nobody could apply."""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.desk_outbox import alarms_of
from cli.places import state_dir
from cli.up import the_platform
from contracts.registry import topics_for
from kafka_admin import end_offsets
from local_stack.platform import Platform
from local_stack.postgres import PostgresError, run_sql
from local_stack.processes import Processes
from local_stack.stack import Stack

MOST_MESSAGES_SHOWN = 20
_PARKED = """
SELECT source || ' ' || source_id, COALESCE(thing || ' ' || thing_key, ''), error_code || ': ' || error_message,
    extract(epoch FROM now() - failed_at)::bigint
FROM dead_letter
WHERE settled_at IS NULL
ORDER BY failed_at
LIMIT {limit}
"""
_WAITING = """
SELECT source || ' ' || source_id, thing || ' ' || thing_key, reason, extract(epoch FROM now() - since)::bigint
FROM waiting
ORDER BY position
LIMIT {limit}
"""
_PROGRESS = "SELECT topic, partition, next_offset FROM progress"
_COUNTS = """
SELECT
    (SELECT count(*) FROM outbox),
    (SELECT COALESCE(extract(epoch FROM now() - min(created_at)), 0)::bigint FROM outbox),
    (SELECT count(*) FROM dead_letter WHERE settled_at IS NULL),
    (SELECT count(*) FROM waiting),
    (SELECT COALESCE(string_agg(shard || ': ' || reason, '; '), '') FROM outbox_stopped),
    (SELECT count(*) FROM dead_letter WHERE failed_at > {now} - interval '1 hour'),
    (SELECT COALESCE(extract(epoch FROM {now} - min(since)), 0)::bigint FROM waiting)
""".replace("{now}", "COALESCE((SELECT now FROM clock), now())")
OLD_OUTBOX = timedelta(minutes=1)
OLD_WAIT = timedelta(minutes=10)
LATE_ALARM = timedelta(minutes=1)
STOPPED_SHARD_PAGE = "docs/runbooks/stopped-outbox-shard.md"


@dataclass(frozen=True, kw_only=True)
class HeldMessage:
    """A message that is parked (refused) or waits (its thing, or an earlier message of its key, is missing)."""

    where: str
    key: str
    reason: str
    age: timedelta


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """What the database of one service says."""

    service: str
    outbox_depth: int
    outbox_age: timedelta
    parked_count: int
    waiting_count: int
    stopped_shards: str
    parked_last_hour: int
    longest_wait: timedelta
    latest_alarm: timedelta
    parked: Sequence[HeldMessage]
    waiting: Sequence[HeldMessage]


def read_state(service: str, url: str) -> ServiceState:
    """Read one service's database. Raises PostgresError when it does not answer or was never migrated."""
    ((depth, age_seconds, parked, waiting, stopped, last_hour, wait_seconds),) = run_sql(url, _COUNTS)
    return ServiceState(
        service=service,
        outbox_depth=int(depth),
        outbox_age=timedelta(seconds=int(age_seconds)),
        parked_count=int(parked),
        waiting_count=int(waiting),
        stopped_shards=stopped,
        parked_last_hour=int(last_hour),
        longest_wait=timedelta(seconds=int(wait_seconds)),
        latest_alarm=timedelta(seconds=max([0, *(late for _, _, _, late, _ in alarms_of(url))])),
        parked=_held(url, _PARKED),
        waiting=_held(url, _WAITING),
    )


def faults_of(platform: Platform, service: str) -> str:
    """What its readiness finds wrong: the database away, a consumer that is stuck; empty when nothing is."""
    try:
        with urllib.request.urlopen(f"{platform.http_url(service)}/health/ready", timeout=3):  # noqa: S310 - a loopback URL
            return ""
    except urllib.error.HTTPError as answer:
        return "; ".join(json.loads(answer.read())["faults"])
    except OSError:
        return "it does not answer"


def troubles(state: ServiceState) -> list[str]:
    """What needs a person, in a sentence each, with the page that says what to do."""
    found: list[str] = []
    if state.stopped_shards:
        found.append(f"the relay stopped a shard: {state.stopped_shards} ({STOPPED_SHARD_PAGE})")
    if state.outbox_age > OLD_OUTBOX:
        found.append(f"the oldest message to send waits since {state.outbox_age} ({STOPPED_SHARD_PAGE})")
    if state.latest_alarm > LATE_ALARM:
        found.append(f"an alarm is {state.latest_alarm} late (docs/runbooks/late-alarms.md)")
    if state.parked_last_hour:
        found.append(f"{state.parked_last_hour} dead letters in the last hour (docs/runbooks/dead-letters.md)")
    if state.longest_wait > OLD_WAIT:
        found.append(f"a message waits since {state.longest_wait} (docs/runbooks/waiting-messages.md)")
    return found


def lag_of(platform: Platform, service: str) -> int:
    """Records that a service has not applied yet: what its topics hold beyond the progress in its database."""
    prefix = platform.topic_prefix
    names = [prefix + topic.name for topic in topics_for(platform.partners) if service in topic.consumers]
    done = {
        (prefix + topic, int(partition)): int(next_offset)
        for topic, partition, next_offset in run_sql(platform.database(service).url, _PROGRESS)
    }
    ends = end_offsets(platform.bootstrap, names)
    return sum(max(0, end - max(first, done.get(place, 0))) for place, (first, end) in ends.items())


def show(console: Console) -> None:
    """Print all of it."""
    stack = Stack(state_dir())
    _show_processes(console, stack.processes)
    if not stack.servers_run:
        console.print("The servers do not run; [bold]./quittance up[/] starts them.")
        return
    platform = the_platform(stack)
    _show_services(console, platform)


def _show_processes(console: Console, processes: Processes) -> None:
    table = Table("process", "state", "since", box=None, padding=(0, 2))
    for name in processes.names():
        child = processes.child(name)
        if child is not None and child.is_alive:
            since = datetime.fromtimestamp(processes.started_at(name), tz=UTC).astimezone()
            table.add_row(name, f"[green]runs[/] (pid {child.pid})", f"{since:%Y-%m-%d %H:%M:%S}")
        else:
            table.add_row(name, "[red]ended[/]", f"./quittance logs {name}")
    console.print(table if table.row_count else "No process of this checkout runs.")


def _show_services(console: Console, platform: Platform) -> None:
    table = Table("service", "ready", "lag", "outbox", "oldest", "parked", "waiting", box=None, padding=(0, 2))
    states: list[ServiceState] = []
    for service in platform.services:
        try:
            state = read_state(service, platform.database(service).url)
        except PostgresError as error:
            table.add_row(service, "[red]no database[/]", escape(str(error).splitlines()[-1]))
            continue
        states.append(state)
        table.add_row(
            service,
            "[green]yes[/]" if not (faults := faults_of(platform, service)) else f"[red]no[/]: {escape(faults)}",
            str(lag_of(platform, service)),
            str(state.outbox_depth),
            str(state.outbox_age) if state.outbox_depth else "",
            str(state.parked_count),
            str(state.waiting_count),
        )
    console.print(table)
    for state in states:
        for trouble in troubles(state):
            console.print(f"[red]{state.service}: {escape(trouble)}[/]")
        _show_held(console, f"{state.service}: parked", state.parked, state.parked_count)
        _show_held(console, f"{state.service}: waiting", state.waiting, state.waiting_count)


def _show_held(console: Console, title: str, messages: Sequence[HeldMessage], count: int) -> None:
    if not messages:
        return
    table = Table("message", "key", "reason", "age", title=f"{title} ({count})", title_justify="left", box=None)
    for message in messages:
        table.add_row(escape(message.where), message.key, escape(message.reason), str(message.age))
    console.print(table)
    if count > len(messages):
        console.print(f"... and {count - len(messages)} more")


def _held(url: str, query: str) -> list[HeldMessage]:
    rows = run_sql(url, query.format(limit=MOST_MESSAGES_SHOWN))
    return [
        HeldMessage(where=where, key=key, reason=reason, age=timedelta(seconds=int(seconds)))
        for where, key, reason, seconds in rows
    ]
