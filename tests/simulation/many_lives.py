"""Many seeds, lived by several processes: each takes a few at a time, and what they came to is added up."""

import asyncio
import gc
import logging
import multiprocessing
import os
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed

import structlog

from testkit.simulation_store import Crash

FEWEST_TO_SHARE = 100  # seeds: fewer are lived before other processes have begun
AT_ONCE = 10
COLLECT_AFTER = 50_000  # objects: most of a life goes when it ends


def live_all(judge, seeds):
    """What `judge`, a coroutine function of a module, says of each seed: a tuple of counters, added up.

    Raises AssertionError that begins with the first seed that fails; alone it fails again.
    """
    seeds, processes = list(seeds), len(os.sched_getaffinity(0))
    shares = [seeds[n : n + AT_ONCE] for n in range(0, len(seeds), AT_ONCE)]
    if processes == 1 or len(seeds) < FEWEST_TO_SHARE:
        return added(told(live_share(judge, share)) for share in shares)
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawning, initializer=prepare) as pool:
        try:
            return added(told(f.result()) for f in as_completed([pool.submit(live_share, judge, s) for s in shares]))
        except AssertionError:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def prepare():
    """A process that lives seeds and nothing else."""
    be_quiet()
    gc.set_threshold(COLLECT_AFTER)


def be_quiet():
    """Thousands of refusals are wanted here; writing each of them down takes longer than living it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def live_share(judge, seeds):
    """What these seeds came to, or the text of the first one that failed: an exception may not survive the way back."""
    lived = []
    for seed in seeds:
        try:
            lived.append(asyncio.run(judge(seed)))
        except (Exception, Crash):  # noqa: BLE001  whatever it is, it is told with its seed
            return None, f"seed {seed}\n{traceback.format_exc()}"
    return added(lived), None


def told(share):
    """Its counters; raises AssertionError when a seed of it failed."""
    counted, failure = share
    assert failure is None, failure
    return counted


def added(many):
    """The counters of each place, added up."""
    return tuple(sum(counters, Counter()) for counters in zip(*many, strict=True))
