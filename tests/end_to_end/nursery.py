"""Services that are back at once: one process imports all five, and forks one whenever a service is started.

What is killed, stopped and started again is a process of its own all the same; only its imports are paid once.
"""

import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import traceback
from contextlib import contextmanager

from common import failpoints
from local_stack.platform import SERVICES
from local_stack.processes import Child, Processes, start_time_of


class Nursery:
    """The process that forks the others."""

    def __init__(self):
        self.program = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def bear(self, **order):
        """One more process; answers its id."""
        self.program.stdin.write(json.dumps(order) + "\n")
        self.program.stdin.flush()
        return int(self.program.stdout.readline())


@contextmanager
def a_nursery():
    nursery = Nursery()
    yield nursery
    nursery.program.stdin.close()
    nursery.program.wait(60)
    nursery.program.stdout.close()


class Forked(Processes):
    """The processes of a state folder, started by a nursery."""

    def __init__(self, state_dir, nursery):
        super().__init__(state_dir)
        self.nursery = nursery

    def start(self, name, command, *, env=None, cwd=None, stop_signal=signal.SIGTERM):
        pid = self.nursery.bear(
            module=command[-1], environment=env, folder=os.fspath(cwd), log=os.fspath(self.log_path(name))
        )
        child = Child(name=name, pid=pid, start_time=start_time_of(pid) or "", stop_signal=int(stop_signal))
        self._write(child)
        return child


def nurse():
    """Fork a process for each line of stdin, and say its id. The kernel buries the dead."""
    for service in SERVICES:
        importlib.import_module(f"{service}.app")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            live(**json.loads(line))
        print(pid, flush=True)  # noqa: T201  the answer


def live(*, module, environment, folder, log):
    """What a forked process does, to its end."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.dup2(written, 1)
        os.dup2(written, 2)
        importlib.reload(failpoints)  # the names it is armed with are read at import
        sys.modules.pop(module)  # run anew, as `python -m` does
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        status = 0
    except BaseException:  # noqa: BLE001  its last words, for the log
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    nurse()
