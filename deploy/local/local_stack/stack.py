"""Database server, broker and doubles of one checkout, kept under its `.quittance/`; or servers that run elsewhere.

`DATABASE_URL` and `KAFKA_BOOTSTRAP_SERVERS` name running servers, which are then used and neither started nor stopped.
"""

import fcntl
import json
import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from local_stack import kafka as kafka_part
from local_stack import postgres as postgres_part
from local_stack.faults import LocalStackError
from local_stack.kafka import Kafka, KafkaPorts
from local_stack.ports import LOOPBACK, Ports, is_free
from local_stack.postgres import Postgres
from local_stack.processes import Processes

PREFERRED_PORTS = {
    "postgres": 15432,
    "kafka": 19092,
    "kafka-controller": 19093,
    "kafka-partners": 19094,
    "smtp": 1025,
    "sms": 1080,
}
_TRIES_FOR_PORTS = 3
_READY_SECONDS = 30


class Stack:
    """What the services stand on. Starting what already runs changes nothing; data survives a stop."""

    def __init__(self, state_dir: Path, *, say: Callable[[str], None] = lambda _: None) -> None:
        self.state_dir = state_dir
        self.processes = Processes(state_dir)
        self.ports = Ports(say)
        self._say = say
        self._saved = _read_ports(state_dir)
        self._named_database = os.environ.get("DATABASE_URL") or None
        self._named_broker = os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or None

    @property
    def database_url(self) -> str:
        """The superuser's URL, once started."""
        return self._named_database or Postgres(self.state_dir, self._saved["postgres"]).url

    @property
    def bootstrap_servers(self) -> str:
        """For the platform's own clients."""
        return self._named_broker or f"{LOOPBACK}:{self._saved['kafka']}"

    @property
    def partner_bootstrap_servers(self) -> str | None:
        """For partners (SASL); None when the broker is one that runs elsewhere."""
        return None if self._named_broker else f"{LOOPBACK}:{self._saved['kafka-partners']}"

    @property
    def smtp_port(self) -> int:
        """Of the mail server."""
        return self.pick_port("smtp", listener="smtp")

    @property
    def sms_url(self) -> str:
        """Of the SMS double."""
        return f"http://{LOOPBACK}:{self.pick_port('sms', listener='sms')}"

    @property
    def mail_folder(self) -> Path:
        """Every mail as a file."""
        return self.state_dir / "mail"

    @property
    def sms_folder(self) -> Path:
        """Every SMS as a file."""
        return self.state_dir / "sms"

    @property
    def servers_run(self) -> bool:
        """Whether database server and broker answer now."""
        database = self._named_database or ("postgres" in self._saved and self.processes.is_running("postgres"))
        broker = self._named_broker or ("kafka" in self._saved and self.processes.is_running("kafka"))
        return bool(database and broker)

    def start_servers(self) -> None:
        """PostgreSQL and Kafka, unless they are named or run already."""
        with exclusively(self.state_dir):
            self._start_postgres()
            self._start_kafka()

    def start_doubles(self) -> None:
        """The mail server and the SMS double, as processes."""
        with exclusively(self.state_dir):
            self._start_double("smtp", self.mail_folder)
            self._start_double("sms", self.sms_folder)

    def stop(self) -> list[str]:
        """Stop what was started here; data stays. The names of what did run."""
        with exclusively(self.state_dir):
            return self.processes.stop_all(last=("kafka", "postgres"))

    def pick_port(self, name: str, preferred: int | None = None, *, listener: str | None = None) -> int:
        """A port kept for this name: as last time, else the preferred one, else the next free one.

        While the process that listens on it runs, it is that one.
        """
        if listener is not None and name in self._saved and self.processes.is_running(listener):
            return self._saved[name]
        wanted = self._saved.get(name, preferred or PREFERRED_PORTS.get(name))
        self._saved[name] = self.ports.pick(name, wanted)
        (self.state_dir / "ports.json").write_text(json.dumps(self._saved, indent=2) + "\n")
        return self._saved[name]

    def _start_postgres(self) -> None:
        if self._named_database:
            if not postgres_part.answers(self._named_database):
                raise postgres_part.PostgresError("the server that DATABASE_URL names does not answer")
            return
        if not self.processes.is_running("postgres"):
            self._say("starting PostgreSQL")
        self.pick_port("postgres", listener="postgres")
        Postgres(self.state_dir, self._saved["postgres"]).start()

    def _start_kafka(self) -> None:
        if self._named_broker:
            if not kafka_part.answers(self._named_broker, timeout_seconds=10):
                raise kafka_part.KafkaError("the broker that KAFKA_BOOTSTRAP_SERVERS names does not answer")
            return
        names = ("kafka", "kafka-controller", "kafka-partners")
        if not self.processes.is_running("kafka"):
            self._say("starting Apache Kafka")
        for left in reversed(range(_TRIES_FOR_PORTS)):
            plain, controller, partners = (self.pick_port(name, listener="kafka") for name in names)
            ports = KafkaPorts(plain=plain, controller=controller, partners=partners)
            try:
                Kafka(self.state_dir, ports, say=self._say).start()
            except kafka_part.KafkaError as fault:
                if not left or "Address already in use" not in str(fault):
                    raise
                for name in names:  # somebody took one between our look and Kafka's start: look again
                    self._saved.pop(name, None)
            else:
                return

    def _start_double(self, name: str, folder: Path) -> None:
        port = str(self.pick_port(name, listener=name))
        command = [sys.executable, "-m", f"local_stack.{name}", "--port", port, "--folder", str(folder)]
        self.processes.start(name, command, cwd=self.state_dir)
        deadline = time.monotonic() + _READY_SECONDS
        while is_free(int(port)):
            if not self.processes.is_running(name) or time.monotonic() > deadline:
                raise LocalStackError(f"{name} does not start:\n{self.processes.log_tail(name)}")
            time.sleep(0.02)


@contextmanager
def exclusively(state_dir: Path) -> Generator[None]:
    """One start or stop at a time in a state folder."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read_ports(state_dir: Path) -> dict[str, int]:
    try:
        return {str(name): int(port) for name, port in json.loads((state_dir / "ports.json").read_text()).items()}
    except (OSError, ValueError, AttributeError):
        return {}
