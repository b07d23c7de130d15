"""Child processes that outlive their parent: found again by pid file, ended by pid, never a stranger's."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_POLL_SECONDS = 0.02
_AFTER_STAT_COMM = 19  # fields of /proc/<pid>/stat between the command name and the start time


@dataclass(frozen=True)
class Child:
    """A process that we started. A pid comes again; a pid with its start time does not."""

    name: str
    pid: int
    start_time: str
    stop_signal: int

    @property
    def is_alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        return start_time_of(self.pid) == self.start_time


def start_time_of(pid: int) -> str | None:
    """When a process began, in the kernel's own words; None when it is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return _start_time_without_proc(pid)
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else fields[_AFTER_STAT_COMM]


def _start_time_without_proc(pid: int) -> str | None:
    if Path("/proc/self/stat").exists():
        return None
    answer = subprocess.run(  # noqa: S603 - a fixed command
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return None if not answer or answer.startswith("Z") else answer.partition(" ")[2].strip()


class Processes:
    """The processes of one state folder: `run/<name>.json` names each, `log/<name>.log` keeps what it said."""

    def __init__(self, state_dir: Path) -> None:
        self._run_dir = state_dir / "run"
        self.log_dir = state_dir / "log"
        self._started: dict[int, subprocess.Popen[bytes]] = {}

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> Child:
        """Start a process in a session of its own, so that Ctrl-C in the terminal reaches us alone."""
        running = self.child(name)
        if running is not None and running.is_alive:
            return running
        self._run_dir.mkdir(parents=True, exist_ok=True)
        self.log_dir.mkdir(parents=True, exist_ok=True)
        with self.log_path(name).open("ab") as log:
            started = subprocess.Popen(  # noqa: S603 - our own command line, no shell
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
            )
        start_time = start_time_of(started.pid) or ""
        child = Child(name=name, pid=started.pid, start_time=start_time, stop_signal=int(stop_signal))
        self._write(child)
        self._started[started.pid] = started
        return child

    def child(self, name: str) -> Child | None:
        """What the pid file says, alive or not."""
        try:
            return Child(**json.loads(self._pid_file(name).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def is_running(self, name: str) -> bool:
        """Whether the process of that name, started by us now or in an earlier run, lives."""
        child = self.child(name)
        self._reap()
        return child is not None and child.is_alive

    def names(self) -> list[str]:
        """Names of all processes with a pid file, in the order of their start."""
        if not self._run_dir.is_dir():
            return []
        files = sorted(self._run_dir.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        return [path.stem for path in files]

    def started_at(self, name: str) -> float:
        """When its pid file was written, in seconds since 1970."""
        return self._pid_file(name).stat().st_mtime

    def stop(self, name: str, *, timeout_seconds: float = 20) -> bool:
        """Ask a process to end, kill it when it does not in time, forget it. False when it did not run."""
        child = self.child(name)
        ended = False
        if child is not None and child.is_alive:
            self.ask_to_end(name)
            if not self._wait(child, timeout_seconds):
                self._signal(child, signal.SIGKILL)
                self._wait(child, timeout_seconds)
            ended = True
        self._pid_file(name).unlink(missing_ok=True)
        return ended

    def ask_to_end(self, name: str) -> None:
        """Send the stop signal and do not wait; `stop` does."""
        child = self.child(name)
        if child is not None:
            self._signal(child, child.stop_signal)

    def kill(self, name: str) -> bool:
        """SIGKILL, as a power cut would. The pid file stays, as it would."""
        child = self.child(name)
        if child is None or not child.is_alive:
            return False
        self._signal(child, signal.SIGKILL)
        return self._wait(child, 10)

    def stop_all(self, last: Sequence[str] = ()) -> list[str]:
        """Stop everything with a pid file here, all at once, `last` after the rest; the names of what ran."""
        names = [name for name in reversed(self.names()) if name not in last] + [
            name for name in last if self.child(name)
        ]
        running = [name for name in names if self.is_running(name)]
        for name in names:
            if name not in last:
                self.ask_to_end(name)
        for name in names:
            self.stop(name)
        return running

    def log_path(self, name: str) -> Path:
        """Where a process's output is kept."""
        return self.log_dir / f"{name}.log"

    def log_tail(self, name: str, lines: int = 15) -> str:
        """The last lines that a process wrote, for an error message."""
        try:
            return "\n".join(self.log_path(name).read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def _write(self, child: Child) -> None:
        draft = self._pid_file(child.name).with_suffix(".draft")
        draft.write_text(json.dumps(asdict(child)))
        draft.replace(self._pid_file(child.name))

    def _pid_file(self, name: str) -> Path:
        return self._run_dir / f"{name}.json"

    def _signal(self, child: Child, number: int) -> None:
        if child.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, number)

    def _wait(self, child: Child, timeout_seconds: float) -> bool:
        deadline = time.monotonic() + timeout_seconds
        while child.is_alive:
            self._reap()
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        self._reap()
        return True

    def _reap(self) -> None:
        self._started = {pid: child for pid, child in self._started.items() if child.poll() is None}
