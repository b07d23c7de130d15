"""`consumers rewind`: a service reads again what it passed over."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import typer

from cli.desk_outbox import instant_of
from cli.desk_places import console, platform_of_up, url_of
from cli.status import lag_of
from contracts.registry import topics_of
from kafka_admin import GroupHasMembersError, set_group_back
from local_stack.faults import LocalStackError
from local_stack.platform import Platform
from local_stack.postgres import literal, run_sql

consumers_app = typer.Typer(help="Where the services read their topics.", no_args_is_help=True)

LONGEST_GOODBYE_SECONDS = 45.0  # the broker keeps the place of a member that ended for 30 s: it may be restarting
_PROGRESS = "UPDATE progress SET next_offset = {offset} WHERE topic = {topic} AND partition = {partition}"
Offsets = Mapping[tuple[str, int], int]


@consumers_app.callback()
def consumers() -> None:
    """Where the services read their topics."""


@consumers_app.command("rewind")
def rewind(
    service: Annotated[str, typer.Argument(help="Who reads again. It must not run.")],
    since: Annotated[str, typer.Option(help="From this instant: 2026-03-02T08:00 (local unless it says its zone).")],
) -> None:
    """Have a stopped service read its topics again since an instant; its inbox drops what it had applied."""
    instant, platform = instant_of(since), platform_of_up()
    url_of(platform, service)
    with console().status("waiting until the broker has given up the process that ended"):
        read_again(platform, service, instant)
    console().print(f"{service} has {lag_of(platform, service)} records to read; ./quittance up starts it")


def read_again(platform: Platform, service: str, since: datetime) -> None:
    """Set the group and the progress of a service back to an instant, never forward. Raises LocalStackError while
    somebody reads in its group.
    """
    if platform.processes.is_running(service):
        raise LocalStackError(f"{service} runs: end its process first (`status` has its pid)")
    topics = [platform.topic_prefix + topic for topic in topics_of(service, platform.partners)]
    back = _when_left(platform, service, topics, since)
    for (topic, partition), offset in back.items():
        place = {"topic": literal(topic.removeprefix(platform.topic_prefix)), "partition": partition}
        run_sql(platform.database(service).url, _PROGRESS.format(offset=offset, **place))


def _when_left(platform: Platform, service: str, topics: Sequence[str], since: datetime) -> Offsets:
    deadline = time.monotonic() + LONGEST_GOODBYE_SECONDS
    while True:
        try:
            return set_group_back(platform.bootstrap, platform.topic_prefix + service, topics, since=since)
        except GroupHasMembersError as fault:
            if time.monotonic() > deadline:
                raise LocalStackError(f"somebody reads as {service}: end that process first") from fault
            time.sleep(0.5)
