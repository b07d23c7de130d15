"""Free ports on the loopback address."""

import socket
from collections.abc import Callable

LOOPBACK = "127.0.0.1"
_LAST_PORT = 65535


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def any_free_port() -> int:
    """A port that nobody listens on; the system's own choice."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


class Ports:
    """Hands out ports: the preferred one or the next free one, and says so; never the same one twice."""

    def __init__(self, say: Callable[[str], None] = lambda _: None) -> None:
        self._say = say
        self._taken: set[int] = set()

    def pick(self, purpose: str, preferred: int | None = None) -> int:
        """The preferred port, else the next free one after it; without a preference the system's choice."""
        if preferred is None:
            return self._take(self._any_other())
        for port in range(preferred, _LAST_PORT + 1):
            if port not in self._taken and is_free(port):
                if port != preferred:
                    self._say(f"port {preferred} is taken, {purpose} listens on {port}")
                return self._take(port)
        raise OSError(f"no free port for {purpose} from {preferred} on")

    def _any_other(self) -> int:
        port = any_free_port()
        while port in self._taken:
            port = any_free_port()
        return port

    def _take(self, port: int) -> int:
        self._taken.add(port)
        return port
