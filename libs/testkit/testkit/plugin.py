"""pytest fixtures: real servers, one a run, and a prefix of its own for each test.

`DATABASE_URL` and `KAFKA_BOOTSTRAP_SERVERS` name running servers instead of our own; `TEST_SERVERS=containers` has them
run in containers.
"""

import os
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from common.logs import set_up_structlog
from local_stack.kafka import Kafka
from local_stack.ports import Ports
from local_stack.postgres import Postgres, database_url, identifier, run_sql
from local_stack.sms import SmsDouble, SmsServer
from local_stack.smtp import SmtpServer
from testkit.containers import NoContainersError, kafka_in_container, postgres_in_container, wants_containers
from testkit.servers import a_kafka, a_postgres, run_folder

CONSERVATION = "conservation"


def pytest_configure() -> None:
    """Logs as in production: one line each, and no values in tracebacks."""
    set_up_structlog()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The conservation lines of the run, whichever of its processes drew them up."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    lines = [text for report in reports for name, text in report.user_properties if name == CONSERVATION]
    if lines:
        terminalreporter.section(CONSERVATION)
        for line in lines:
            terminalreporter.line(str(line))


@pytest.fixture
def conserved(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tells the conservation line of a test, which the summary at the end of the run shows."""
    return lambda line: record_property(CONSERVATION, line)


@contextmanager
def skipped_without_docker() -> Generator[None]:
    """Containers that can't be had are no fault of the test: it says why it is skipped."""
    try:
        yield
    except NoContainersError as fault:
        pytest.skip(str(fault))


class MakeDatabase(Protocol):
    """Makes a fresh database `<prefix><name>` and answers its URL."""

    def __call__(self, name: str, *, template: str | None = None) -> str:
        """`template` names a database (or its URL) to copy, migrated once and copied often."""
        ...


@pytest.fixture(scope="session")
def run_dir(request: pytest.FixtureRequest) -> Generator[Path]:
    """Where the servers of this run keep their state; gone at its end."""
    with run_folder(request.config.rootpath / ".quittance" / "test") as folder:
        yield folder


@pytest.fixture(scope="session")
def free_ports() -> Ports:
    """Ports on the loopback address that no other test of this run got."""
    return Ports()


@pytest.fixture(scope="session")
def kafka_server(run_dir: Path, free_ports: Ports) -> Generator[Kafka]:
    """The broker of this run as an object, with its listener for partners (`partner_bootstrap_servers`)."""
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        pytest.skip("needs the partners' listener of our own broker, and KAFKA_BOOTSTRAP_SERVERS names another")
    if wants_containers():
        pytest.skip("needs the partners' listener of our own broker, and TEST_SERVERS asks for one in a container")
    server = a_kafka(run_dir, free_ports)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Generator[str]:
    """Bootstrap servers of the broker of this run. Use `prefix` before every topic and group."""
    named = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if named:
        yield named
    elif wants_containers():
        with skipped_without_docker(), kafka_in_container(request.getfixturevalue("free_ports")) as bootstrap_servers:
            yield bootstrap_servers
    else:
        server: Kafka = request.getfixturevalue("kafka_server")
        yield server.bootstrap_servers


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Generator[str]:
    """The superuser's URL of the database server of this run. Use `database` for one of your own."""
    named = os.environ.get("DATABASE_URL")
    if named:
        yield named
        return
    if wants_containers():
        with skipped_without_docker(), postgres_in_container() as url:
            yield url
        return
    run_dir: Path = request.getfixturevalue("run_dir")
    free_ports: Ports = request.getfixturevalue("free_ports")
    server = a_postgres(run_dir, free_ports)
    yield server.start()
    server.stop()


@pytest.fixture
def own_kafka(tmp_path: Path, run_dir: Path, free_ports: Ports) -> Generator[Kafka]:
    """A started broker of this test alone, to kill and restart."""
    server = a_kafka(run_dir / f"own-{tmp_path.name}", free_ports)
    server.start()
    yield server
    server.erase()


@pytest.fixture
def own_postgres(tmp_path: Path, run_dir: Path, free_ports: Ports) -> Generator[Postgres]:
    """A started database server of this test alone, to kill and restart."""
    server = a_postgres(run_dir / f"own-{tmp_path.name}", free_ports)
    server.start()
    yield server
    server.erase()


@pytest.fixture
def prefix() -> str:
    """Before every topic, group, database and ACL of this test; nobody else has it."""
    return f"t{secrets.token_hex(5)}_"


@pytest.fixture
def database(postgres: str, prefix: str) -> Generator[MakeDatabase]:
    """Make databases of this test: `database("ledger")` answers the URL of a fresh, empty one."""
    made: list[str] = []

    def make(name: str, *, template: str | None = None) -> str:
        full_name = prefix + name
        source = "" if template is None else f" TEMPLATE {identifier(template.rpartition('/')[2])}"
        run_sql(postgres, f"CREATE DATABASE {identifier(full_name)}{source}")
        made.append(full_name)
        return database_url(postgres, full_name)

    yield make
    for name in made:
        run_sql(postgres, f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")


@pytest.fixture
def smtp_server(tmp_path: Path, free_ports: Ports) -> Generator[SmtpServer]:
    """A mail server of this test: `port`, `folder`, `mails`; it refuses whoever is at `bounce.example`."""
    server = SmtpServer(tmp_path / "mail", port=free_ports.pick("SMTP"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sms_server(tmp_path: Path, free_ports: Ports) -> Generator[SmsServer]:
    """An SMS provider of this test: `base_url`, and its `double` with `account_sid`, `auth_token`, `messages`."""
    server = SmsServer(SmsDouble(tmp_path / "sms"), port=free_ports.pick("SMS"))
    server.start()
    yield server
    server.stop()
