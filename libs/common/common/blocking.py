"""Work that blocks: large files are read in a process of their own, so that the event loop never waits for them."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import ParamSpec, TypeVar

from common.errors import TemporaryFailure

LARGE_BYTES = 256 * 1024
P = ParamSpec("P")
T = TypeVar("T")


class BlockingWork:
    """One process for all of a service. Spawned, not forked, with the first large work, for most services of a day see
    none; ended with the service.
    """

    def __init__(self) -> None:
        self._reader: Executor | None = None

    async def run(self, size_bytes: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The outcome of `work` on something of this size: in the process when that is large, else in a thread, for a
        thread that computes for long takes turns with the event loop. Raises what `work` raises (which must be able to
        travel, with its arguments and outcome), and TemporaryFailure when the process died.
        """
        if size_bytes <= LARGE_BYTES:
            return await asyncio.to_thread(work, *args, **kwargs)
        reader = self._reader = self._reader or spawned_processes(1)
        try:
            return await asyncio.wrap_future(reader.submit(work, *args, **kwargs))
        except BrokenExecutor as fault:  # for want of memory perhaps; it stays broken
            if self._reader is reader:
                self._reader = None
            raise TemporaryFailure("the process that reads large files died") from fault

    def close(self) -> None:
        """End the process; what it still works on is given up."""
        if self._reader is not None:
            self._reader.shutdown(wait=False, cancel_futures=True)
            self._reader = None


def spawned_processes(count: int) -> ProcessPoolExecutor:
    """Processes that begin empty: one that is forked from a service with threads may hang."""
    return ProcessPoolExecutor(max_workers=count, mp_context=get_context("spawn"), initializer=end_with_parent)


def end_with_parent() -> None:
    """The process ends when its parent is gone, however that ended: nobody else would end it."""
    parent = parent_process()
    assert parent is not None, "only a spawned process has a parent to wait for"

    def wait_for_end() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait_for_end, name="end_with_parent", daemon=True).start()
