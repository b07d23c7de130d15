"""Plays of the demo on the servers of this run, each with databases, topics and a folder of its own."""

import asyncio
import io
import os
import secrets
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from rich.console import Console

from cli.demo.account import Folders
from cli.demo.run import erase_traces
from cli.demo.show import Show
from cli.demo.stage import Interference, Servers, Setting
from cli.demo.steps import play

sys.path.insert(0, str(Path(__file__).parent))  # pytest's importlib mode puts no test folder on the path

import conservation
from nursery import Nursery, a_nursery
from plays import CHECKOUT, CLAIMS, DAYS, SEED, Play, PlayDemo


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest, postgres: str) -> Servers:
    named = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if named:
        return Servers(database_url=postgres, bootstrap=named, partner_bootstrap=None)
    kafka = request.getfixturevalue("kafka_server")
    return Servers(
        database_url=postgres, bootstrap=kafka.bootstrap_servers, partner_bootstrap=kafka.partner_bootstrap_servers
    )


@pytest.fixture(scope="session")
def nursery() -> Generator[Nursery]:
    """Forks services that were killed."""
    with a_nursery() as nursery:
        yield nursery


@pytest.fixture(scope="session")
def play_demo(servers: Servers, run_dir: Path) -> Generator[PlayDemo]:
    played: list[Setting] = []

    def go(*, interference: Interference | None = None, on: Servers = servers) -> Play:
        name = f"e{secrets.token_hex(4)}_"
        setting = Setting(
            claims=CLAIMS,
            days=DAYS,
            seed=SEED,
            top=run_dir / name.strip("_"),
            agency_file=CHECKOUT / "agency.toml",
            partner_program=CHECKOUT / "examples" / "partner.py",
            servers=on,
            database_prefix=name,
            topic_prefix=name,
            interference=interference,
        )
        if on is servers:
            played.append(setting)
        setting.top.mkdir()
        console = Console(file=io.StringIO())
        played_out = asyncio.run(play(setting, Show(console, days=DAYS)))
        return Play(
            played=played_out,
            folders=Folders(top=setting.top),
            conservation=conservation.draw_up(setting),
            books=conservation.books(setting),
        )

    yield go
    for setting in played:
        erase_traces(setting)


@pytest.fixture(scope="session")
def first_play(play_demo: PlayDemo) -> Play:
    """The undisturbed one, that others are compared with."""
    return play_demo()
