"""Named instants at which a test lets a process die. Off unless the environment names one."""

import os
import signal

_WORDS = [word.partition("=") for word in os.environ.get("FAILPOINTS", "").split(",") if word]
_ARMED = {name: action for name, _, action in _WORDS}


def failpoint(name: str) -> None:
    """Die (`FAILPOINTS=name=kill`) or raise (`name=raise`) here, when the environment says so."""
    action = _ARMED.get(name)
    if action is None:
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise RuntimeError(f"failpoint {name}")
