"""The servers of a run in containers, where TEST_SERVERS=containers asks for it: testcontainers, the images of compose.

Needs Docker and the extra `quittance-testkit[containers]`. Whoever has none of it is told so in one sentence.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local_stack.ports import Ports

if TYPE_CHECKING:
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.core.container import DockerContainer

KAFKA_IMAGE = "apache/kafka:4.3.1"
POSTGRES_IMAGE = "postgres:18"
LONGEST_START_SECONDS = 180
CHOICES = ("processes", "containers")
NO_LIBRARY = "TEST_SERVERS=containers needs testcontainers: `uv sync` with quittance-testkit[containers] installs it"
NO_DOCKER = "TEST_SERVERS=containers needs Docker, and none answers here: unset it for servers without Docker"


class NoContainersError(Exception):
    """Containers were asked for and can't be had; the text says why, for whoever runs the tests."""


def wants_containers() -> bool:
    """What TEST_SERVERS chooses. Raises ValueError for what is no choice."""
    choice = os.environ.get("TEST_SERVERS") or CHOICES[0]
    if choice not in CHOICES:
        raise ValueError(f"TEST_SERVERS is one of {', '.join(CHOICES)}, not {choice!r}")
    return choice == CHOICES[1]


@contextmanager
def kafka_in_container(ports: Ports) -> Generator[str]:
    """A broker; answers its bootstrap servers. Its port is chosen before it starts, for it must say how to reach it."""
    port = ports.pick("Kafka")
    with _told_plainly():
        container = a_kafka_container(port)
        host = container.get_docker_client().host()
    try:
        container.start()
        yield f"{host}:{port}"
    finally:
        container.stop()


@contextmanager
def postgres_in_container() -> Generator[str]:
    """A database server; answers its superuser's URL."""
    with _told_plainly():
        container = a_postgres_container()
    try:
        container.start()
        yield container.get_connection_url(driver=None)
    finally:
        container.stop()


def a_kafka_container(port: int) -> "DockerContainer":
    """One node that is broker and controller, with the properties of our own broker; not started yet."""
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415  an extra
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy  # noqa: PLC0415

    container = DockerContainer(KAFKA_IMAGE)
    host = container.get_docker_client().host()
    settings = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://localhost:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{host}:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "10",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        # an authorizer, as in production: partners' rights can be declared; whoever reaches this listener may do all
        "KAFKA_AUTHORIZER_CLASS_NAME": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "KAFKA_SUPER_USERS": "User:ANONYMOUS",
    }
    for name, value in settings.items():
        container.with_env(name, value)
    started = LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(LONGEST_START_SECONDS)
    return container.with_bind_ports(9092, port).waiting_for(started)


def a_postgres_container() -> "PostgresContainer":
    """A server that trusts everybody who reaches it, with as many connections as our own; not started yet."""
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415  an extra

    container = PostgresContainer(POSTGRES_IMAGE, username="postgres", password="postgres", dbname="postgres")  # noqa: S106  trusted anyway
    container.with_env("POSTGRES_HOST_AUTH_METHOD", "trust")
    container.with_command("postgres -c max_connections=300")
    return container


@contextmanager
def _told_plainly() -> Generator[None]:
    """Raises NoContainersError instead of what the libraries raise where there is no Docker, or no library."""
    try:
        from docker.errors import DockerException  # noqa: PLC0415  an extra
    except ImportError as fault:
        raise NoContainersError(NO_LIBRARY) from fault
    try:
        yield
    except ImportError as fault:
        raise NoContainersError(NO_LIBRARY) from fault
    except DockerException as fault:
        raise NoContainersError(NO_DOCKER) from fault
