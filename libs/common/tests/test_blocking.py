"""Work that blocks: where it is done, what comes back of it, and that nothing of it outlives the service."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common.blocking import LARGE_BYTES, BlockingWork
from common.errors import TemporaryFailure


async def test_large_work_is_done_in_one_other_process_and_small_work_here():
    blocking = BlockingWork()
    try:
        first = await blocking.run(LARGE_BYTES + 1, os.getpid)
        assert first != os.getpid()
        assert await blocking.run(LARGE_BYTES + 1, os.getpid) == first
        assert await blocking.run(LARGE_BYTES, os.getpid) == os.getpid()
    finally:
        blocking.close()


async def test_what_the_work_raises_comes_back_as_it_is():
    blocking = BlockingWork()
    try:
        with pytest.raises(ValueError, match="invalid literal"):
            await blocking.run(LARGE_BYTES + 1, int, "nine")
    finally:
        blocking.close()


async def test_given_a_process_that_dies_at_work_then_it_may_be_tried_again_and_another_does_it():
    blocking = BlockingWork()
    try:
        with pytest.raises(TemporaryFailure):
            await blocking.run(LARGE_BYTES + 1, os.abort)
        assert await blocking.run(LARGE_BYTES + 1, os.getpid) != os.getpid()
    finally:
        blocking.close()


PARENT = """
import asyncio, os, time
from common.blocking import LARGE_BYTES, BlockingWork
if __name__ == "__main__":
    print(asyncio.run(BlockingWork().run(LARGE_BYTES + 1, os.getpid)), flush=True)
    time.sleep(600)
"""


def test_the_process_ends_when_the_service_is_killed(tmp_path: Path):
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for _ in range(3000):
        if not is_running(child):
            return
        signal.sigtimedwait([], 0.02)
    os.kill(child, signal.SIGKILL)
    pytest.fail("it outlived its service")


def is_running(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
