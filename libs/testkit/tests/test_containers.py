"""Servers in containers: the choice, its absence, and what would be started. No Docker runs where these tests do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from testcontainers.core.container import DockerContainer

from local_stack.ports import Ports
from testkit import containers

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
NOBODY = "tcp://127.0.0.1:1"


class NoDocker:
    """What testcontainers asks of Docker before anything starts."""

    def host(self) -> str:
        return "docker.example"


@pytest.fixture
def started(monkeypatch):
    """Containers that run, but for Docker."""
    there = []

    def stop(container):
        there.remove(container)

    monkeypatch.setattr("testcontainers.core.container.DockerClient", NoDocker)
    monkeypatch.setattr(DockerContainer, "start", lambda self: there.append(self) or self)
    monkeypatch.setattr(DockerContainer, "stop", stop)
    return there


@pytest.mark.parametrize(("named", "wanted"), [(None, False), ("", False), ("processes", False), ("containers", True)])
def test_one_setting_chooses(monkeypatch, named, wanted):
    monkeypatch.delenv("TEST_SERVERS", raising=False)
    if named is not None:
        monkeypatch.setenv("TEST_SERVERS", named)
    assert containers.wants_containers() is wanted


def test_what_is_no_choice_is_an_error_that_names_them(monkeypatch):
    monkeypatch.setenv("TEST_SERVERS", "docker")
    with pytest.raises(ValueError, match="processes, containers, not 'docker'"):
        containers.wants_containers()


def test_a_broker_is_one_of_compose_and_says_how_to_reach_it(started):
    with containers.kafka_in_container(Ports()) as bootstrap_servers:
        [broker] = started
        assert broker.image == COMPOSE["kafka"]["image"]
        assert broker.env["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{bootstrap_servers}"
        host, _, port = bootstrap_servers.partition(":")
        assert (host, broker.ports) == ("docker.example", {"9092": int(port)})
        same = set(broker.env) & set(COMPOSE["kafka"]["environment"])
        differ = {name for name in same if broker.env[name] != str(COMPOSE["kafka"]["environment"][name])}
        assert differ == {
            "KAFKA_LISTENERS", "KAFKA_ADVERTISED_LISTENERS", "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP",
        }, "the partners' listener is left out, and nothing else"  # fmt: skip
    assert started == []


def test_a_database_server_is_one_of_compose_and_trusts_us(started, monkeypatch):
    monkeypatch.setattr(DockerContainer, "get_container_host_ip", lambda _: "docker.example")
    monkeypatch.setattr(DockerContainer, "get_exposed_port", lambda _, port: port + 1)
    container = containers.a_postgres_container()
    container._container = object()
    assert container.image == COMPOSE["postgres"]["image"]
    assert container.get_connection_url(driver=None) == "postgresql://postgres:postgres@docker.example:5433/postgres"
    assert container.env["POSTGRES_HOST_AUTH_METHOD"] == "trust"


def test_without_docker_a_test_is_skipped_and_says_why():
    tests = [f"{Path(__file__).parent}/test_servers.py", "-k", "sent_to_the_broker or two_databases"]
    environment = {**os.environ, "TEST_SERVERS": "containers", "DOCKER_HOST": NOBODY}
    for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "pytest", *tests, "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert run.stdout.count(containers.NO_DOCKER) == 2
    assert "2 skipped" in run.stdout


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "docker.errors", None)
    asked = containers.postgres_in_container()
    with pytest.raises(containers.NoContainersError, match=r"quittance-testkit\[containers\]"):
        asked.__enter__()
