"""One run of the demo from a bare folder: its own servers, or those that the environment names; all of it stopped."""

import asyncio
import fcntl
import json
import shutil
import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from cli.demo.account import Folders, write_account
from cli.demo.show import Show, show_account
from cli.demo.stage import Servers, Setting
from cli.demo.steps import Played, play
from cli.places import agency_file, checkout, state_dir
from cli.up import agency_gaps
from kafka_admin import delete_topics
from local_stack.faults import LocalStackError
from local_stack.platform import Platform
from local_stack.postgres import Postgres
from local_stack.stack import Stack

LONGEST_SECONDS = 60.0
PAUSE_SECONDS = 0.2


class DemoRunsError(LocalStackError):
    """Another demo of this checkout runs."""


def run_demo(*, claims: int, days: int, seed: int, as_json: bool) -> None:
    """Play, show and write the account."""
    console = Console(stderr=as_json, highlight=False)
    if gaps := agency_gaps(agency_file()):
        raise LocalStackError("; ".join(gaps))
    began = time.monotonic()
    top = state_dir() / "demo"
    signal.signal(signal.SIGTERM, end_as_by_ctrl_c)
    with alone(state_dir()), Show(console, days=days) as show:
        show.say("clearing what an earlier demo left")
        wipe(top)
        stack = Stack(top, say=show.say)
        try:
            stack.start_servers()
            servers = Servers(
                database_url=stack.database_url,
                bootstrap=stack.bootstrap_servers,
                partner_bootstrap=stack.partner_bootstrap_servers,
            )
            setting = Setting(
                claims=claims,
                days=days,
                seed=seed,
                top=top,
                agency_file=agency_file(),
                partner_program=checkout() / "examples" / "partner.py",
                servers=servers,
                began=began,
            )
            erase_traces(setting)
            played = play_or_say(setting, show)
        finally:
            stack.stop()
    write_account(played.figures, Folders(top=top), played.settle_seconds)
    if as_json:
        sys.stdout.write(json.dumps(played.figures, indent=2) + "\n")
    else:
        show_account(console, played.figures, played.settle_seconds)


def play_or_say(setting: Setting, show: Show) -> Played:
    """Play. Raises LocalStackError with a sentence and where to look, when the platform does not answer any more."""
    try:
        return asyncio.run(play(setting, show))
    except (TimeoutError, ConnectionError, LocalStackError) as fault:
        raise LocalStackError(f"{fault}\nWhat the services wrote stands in {setting.top / 'log'}") from fault


def end_as_by_ctrl_c(_number: int, _frame: FrameType | None) -> None:
    """All that was started is stopped."""
    signal.raise_signal(signal.SIGINT)


@contextmanager
def alone(state: Path) -> Generator[None]:
    """One demo at a time in a checkout. Raises DemoRunsError."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoRunsError("another demo of this checkout runs; wait for it or end it") from None
        yield


def wipe(top: Path) -> None:
    """End what a killed demo left running, and empty the folder."""
    if top.exists():
        Stack(top).stop()
        Postgres(top, 0).erase()
        shutil.rmtree(top)
    top.mkdir(parents=True)


def erase_traces(setting: Setting) -> None:
    """Drop the databases and topics of an earlier run, wherever the servers are; only those with the demo's prefixes.
    Raises LocalStackError when the broker goes on showing the topics.
    """
    Platform(
        setting.top,
        database_url=setting.servers.database_url,
        bootstrap=setting.servers.bootstrap,
        database_prefix=setting.database_prefix,
    ).erase()
    deadline = time.monotonic() + LONGEST_SECONDS
    while delete_topics(setting.servers.bootstrap, setting.topic_prefix):
        if time.monotonic() > deadline:
            raise LocalStackError("the broker does not delete the topics of an earlier demo")
        time.sleep(PAUSE_SECONDS)
