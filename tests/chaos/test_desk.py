"""The command line's desk, while the processes that do its work die in the middle of it."""

import asyncio
import random
import signal
import threading

import pytest
from typer.testing import CliRunner

from cli import desk as desk_commands
from testkit.chaos_desk import Desk
from testkit.chaos_kills import kill_at, kill_at_random

INSTANTS = ("after_letter_taken", "after_redrive", "before_letter_commit", "after_letter_commit")


class CommandLine(Desk):
    """Works by `./quittance deadletters`."""

    def __init__(self, *, folder, **settings):
        super().__init__(**settings)
        self.folder = folder
        self.one_at_a_time = threading.Lock()  # of one stdout; a command that nobody awaits any more may still run

    async def edit(self, letter_id, text):
        file = self.folder / f"letter-{letter_id}"
        file.write_bytes(text)
        await self._run("edit", "toy", str(letter_id), str(file))

    async def ask(self, letter_id, what, *, because=None):
        await self._run(what, "toy", str(letter_id), *(["--reason", because] if because else []))

    async def _run(self, *arguments):
        answer = await asyncio.to_thread(self._invoke, arguments)
        assert answer.exit_code == 0 or "no open dead letter" in str(answer.exception), answer.output

    def _invoke(self, arguments):
        with self.one_at_a_time:
            return CliRunner().invoke(desk_commands.deadletters_app, arguments)


@pytest.fixture
def command_line(monkeypatch, tmp_path):
    """`deadletters` on the database of a world instead of a platform that is up."""

    def on(world):
        monkeypatch.setattr(desk_commands, "platform_of_up", lambda: None)
        monkeypatch.setattr(desk_commands, "url_of", lambda _platform, _service: world.database_url)
        return CommandLine(database_url=world.database_url, seed=world.seed, folder=tmp_path)

    return on


async def test_letters_that_are_settled_while_processes_die_count_once_under_their_own_id(
    kafka, database, toy_world, closes, command_line
):
    async with toy_world(kafka, database("toy")) as world:
        desk = command_line(world)
        async with world.worked(desk):
            for instant in INSTANTS:
                await kill_at(world, instant)
                await kill_at_random(world, random.Random(instant))  # noqa: S311  a schedule, no secret
            life = await world.begin_life()
            while not {"discarded", "edited and redriven", "redriven unchanged"} <= desk.done.keys():  # noqa: ASYNC110  a count tells nobody
                await asyncio.sleep(0.2)
        tally = await closes(world)
        life.send(signal.SIGTERM)
        assert await life.died == 0
    assert tally.redriven
    assert tally.discarded
