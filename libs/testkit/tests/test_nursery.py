"""Who lives and who is dead, told apart by more than a number that the system gives out again."""

import asyncio
import signal

from testkit.chaos import Nursery


async def test_a_process_with_the_number_of_a_dead_one_lives(tmp_path):
    nursery = Nursery(tmp_path / "toy.log")
    lives = []
    for line in ("born 7", "died 7 -9", "born 7"):
        nursery.hear(line)
    while not nursery.births.empty():
        lives.append(nursery.births.get_nowait())
    (_, first_died), (_, second_died) = lives
    assert first_died.result() == -signal.SIGKILL
    assert not second_died.done()
    nursery.hear("died 7 0")
    assert second_died.result() == 0


async def test_who_dies_at_once_is_born_first(tmp_path):
    async with Nursery(tmp_path / "toy.log").open() as nursery:
        lives = [await nursery.bear({"HTTP_PORT": "0"}) for _ in range(20)]
        statuses = await asyncio.wait_for(asyncio.gather(*(life.died for life in lives)), 60)
    assert {*statuses} == {1}
