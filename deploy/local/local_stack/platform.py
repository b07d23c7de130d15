"""The services of one platform as processes: of `up`, the demo, an end-to-end test; many side by side if wanted."""

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from contracts.registry import topics_for
from kafka_admin import create_topics, delete_topics
from local_stack.databases import Databases, ServiceDatabase
from local_stack.faults import LocalStackError
from local_stack.partners import partner_names
from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import Processes

SERVICES = ("intake", "dunning", "notifications", "ledger", "legal")
READY_PATH = "/health/ready"
_READY_SECONDS = 180
_STOP_SECONDS = 30


class PlatformError(LocalStackError):
    """A service does not start, or ended."""


class Platform:
    """Databases, topics and processes of the services, told apart from other platforms by two prefixes.

    `env` is given to every service (SMTP_HOST, PRINT_FOLDER, ...), `env_of` to one. `pick_port` chooses a service's
    HTTP port; without it the system does. `partners` are those of legal's own list unless named.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        database_url: str,
        bootstrap: str,
        database_prefix: str = "quittance_",
        topic_prefix: str = "",
        services: Sequence[str] = SERVICES,
        partners: Sequence[str] | None = None,
        env: Mapping[str, str] | None = None,
        env_of: Mapping[str, Mapping[str, str]] | None = None,
        pick_port: Callable[[str], int] | None = None,
    ) -> None:
        self.state_dir = state_dir
        self.services = tuple(services)
        self.bootstrap = bootstrap
        self.topic_prefix = topic_prefix
        self.processes = Processes(state_dir)
        self._databases = Databases(database_url, prefix=database_prefix, state_dir=state_dir)
        self.partners = partner_names() if partners is None else tuple(partners)
        self.env = dict(env or {})
        self.env_of = {service: dict(more) for service, more in (env_of or {}).items()}
        self._pick_port = pick_port or Ports().pick
        self._http_ports: dict[str, int] = {}

    def prepare(self) -> None:
        """Topics, databases, roles and migrations: what is missing is made, nothing is lost."""
        create_topics(self.bootstrap, topics_for(self.partners), self.topic_prefix)
        self._databases.create(self.services)
        self._databases.migrate(self.services)

    def start(self) -> None:
        """Start every service that does not run, and wait until all of them are ready."""
        for service in self.services:
            self.start_service(service)
        self.wait_until_ready()

    def start_service(self, service: str) -> None:
        """Start one, with its database, topics, port and instance id; its id is the same after every restart."""
        if self.processes.is_running(service):
            return
        self.state_dir.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", f"{service}.app"]
        self.processes.start(service, command, env=self.environment(service), cwd=self.state_dir)

    def environment(self, service: str) -> dict[str, str]:
        """All that a service is told."""
        return {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": self.database(service).url,
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "TOPIC_PREFIX": self.topic_prefix,
            "HTTP_PORT": str(self.http_port(service)),
            "PUBLIC_URL": self.http_url(service),
            "INSTANCE": f"{service}-0",
            **self.env,
            **self.env_of.get(service, {}),
        }

    def http_port(self, service: str) -> int:
        """Where a service answers HTTP; the same as long as this object lives, restarts included."""
        if service not in self._http_ports:
            self._http_ports[service] = self._pick_port(service)
        return self._http_ports[service]

    def http_url(self, service: str) -> str:
        """Without a slash at its end."""
        return f"http://{LOOPBACK}:{self.http_port(service)}"

    def database(self, service: str) -> ServiceDatabase:
        """Names and URLs of a service's database."""
        return self._databases.of(service)

    def wait_until_ready(self, services: Sequence[str] | None = None) -> None:
        """Until each service says of itself that it is ready. Raises PlatformError with the end of its log."""
        deadline = time.monotonic() + _READY_SECONDS
        for service in services or self.services:
            while not self.is_ready(service):
                if not self.processes.is_running(service):
                    raise PlatformError(f"{service} ended at its start:\n{self.processes.log_tail(service)}")
                if time.monotonic() > deadline:
                    raise PlatformError(f"{service} is not ready:\n{self.processes.log_tail(service)}")
                time.sleep(0.05)

    def is_ready(self, service: str) -> bool:
        """What its readiness says now."""
        try:
            with urllib.request.urlopen(f"{self.http_url(service)}{READY_PATH}", timeout=2) as answer:  # noqa: S310 - a loopback URL
                return answer.status == 200  # noqa: PLR2004 - HTTP's OK
        except (urllib.error.URLError, OSError):
            return False

    def stop_service(self, service: str) -> bool:
        """Ask one to end; it finishes its batch."""
        return self.processes.stop(service, timeout_seconds=_STOP_SECONDS)

    def kill_service(self, service: str) -> bool:
        """SIGKILL, for tests."""
        return self.processes.kill(service)

    def stop(self) -> None:
        """Ask all to end at once, then wait for each."""
        for service in reversed(self.services):
            self.processes.ask_to_end(service)
        for service in self.services:
            self.stop_service(service)

    def erase(self) -> None:
        """Stop, and forget databases and topics. Without a topic prefix the topics stay: they could be others'."""
        self.stop()
        self._databases.drop(self.services)
        if self.topic_prefix:
            delete_topics(self.bootstrap, self.topic_prefix)
