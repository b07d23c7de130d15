"""Named instants at which a test lets a process die, stop or fail. Off unless the environment names one."""

import os
import signal
from collections import Counter

ACTIONS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "raise": None}


def _read(text: str) -> dict[str, tuple[str, int | None]]:
    armed: dict[str, tuple[str, int | None]] = {}
    for word in filter(None, text.split(",")):
        name, _, told = word.partition("=")
        action, _, times = told.partition("*")
        assert action in ACTIONS, f"a failpoint can {', '.join(ACTIONS)}, not {action!r}"
        armed[name] = (action, int(times) if times else None)
    return armed


_ARMED = _read(os.environ.get("FAILPOINTS", ""))
_DONE: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Die (`FAILPOINTS=name=kill`), sleep until SIGCONT (`name=stop`) or raise RuntimeError (`name=raise`) here, when
    the environment says so; `name=raise*3` does it the first three times. It says so on stderr before.
    """
    armed = _ARMED.get(name)
    if armed is None:
        return
    action, times = armed
    if times is not None and _DONE[name] >= times:
        return
    _DONE[name] += 1
    os.write(2, f"failpoint {name}={action}\n".encode())
    number = ACTIONS[action]
    if number is not None:
        os.kill(os.getpid(), number)
        return
    raise RuntimeError(f"failpoint {name}")
