"""Named instants at which a test lets a process die, sleep or fail. Off unless the environment names one."""

import os
import signal

_WORDS = [word.partition("=") for word in os.environ.get("FAILPOINTS", "").split(",") if word]
_ARMED = {name: action for name, _, action in _WORDS}
_STDERR = 2


def failpoint(name: str) -> None:
    """Die here (`FAILPOINTS=name=kill`), sleep here once until SIGCONT (`name=stop`), or raise (`name=raise`), when the
    environment says so. Says so before it does, on stderr: a test can tell where a process ended.
    """
    action = _ARMED.get(name)
    if action is None:
        return
    os.write(_STDERR, f"failpoint {name}={action}\n".encode())
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "stop":
        del _ARMED[name]
        os.kill(os.getpid(), signal.SIGSTOP)
        return
    raise RuntimeError(f"failpoint {name}")
