"""Three brokers as one cluster, and what can befall a broker that only its process knows: sleep, and a lost tail."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from local_stack.kafka import Kafka, KafkaPorts
from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import Child

NODES = 3
LONGEST_ELECTION_SECONDS = 180
LOOK_AGAIN_SECONDS = 0.2
FLIPPED_BYTES = 64


class SmallKafka(Kafka):
    """A broker for a test of its own: several of them run at once."""

    heap = "256m"

    def lose_power(self, prefix: str, *, kept: float) -> int:
        """SIGKILL; then of the logs of the topics with this prefix only a part is on the disk, and the last bytes of it
        are wrong. Returns how many logs lost something.
        """
        self.kill()
        logs = [path for path in self._folder.glob(f"data/{prefix}*/*.log") if path.stat().st_size > FLIPPED_BYTES]
        for path in logs:
            whole = path.read_bytes().rstrip(b"\0")
            left = whole[: int(len(whole) * kept)]
            flipped = bytes(byte ^ 0x55 for byte in left[-FLIPPED_BYTES:])
            path.write_bytes(left[:-FLIPPED_BYTES] + flipped)
        return len(logs)


class Node(SmallKafka):
    """One of three: broker and controller, every topic of Kafka's own on all of them."""

    def __init__(self, state_dir: Path, ports: KafkaPorts, *, number: int, controllers: Sequence[int]) -> None:
        super().__init__(state_dir, ports, for_tests=True)
        self.number, self.controllers = number, controllers

    def _write_properties(self) -> None:
        super()._write_properties()
        voters = ",".join(f"{n}@{LOOPBACK}:{port}" for n, port in enumerate(self.controllers, start=1))
        ours = {
            "node.id": str(self.number),
            "controller.quorum.voters": voters,
            "offsets.topic.replication.factor": str(NODES),
            "min.insync.replicas": "2",
        }
        path = self._folder / "server.properties"
        kept = [line for line in path.read_text().splitlines() if line.partition("=")[0] not in ours]
        path.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in ours.items()), ""]))


class Cluster:
    """Three nodes; a record is acknowledged when two of them have it."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        purposes = ("Kafka", "controller", "partners")
        chosen = [KafkaPorts(*(ports.pick(purpose) for purpose in purposes)) for _ in range(NODES)]
        controllers = [node.controller for node in chosen]
        self.nodes = {
            n: Node(folder.with_name(f"{folder.name}-{n}"), node, number=n, controllers=controllers)
            for n, node in enumerate(chosen, start=1)
        }
        self.bootstrap = ",".join(f"{LOOPBACK}:{node.plain}" for node in chosen)

    def start(self) -> None:
        """All at once: none answers before two of them met."""
        with ThreadPoolExecutor(NODES) as threads:
            list(threads.map(Node.start, self.nodes.values()))

    def stop(self) -> None:
        """One after the other: the first hands over, the others would find nobody who takes over, and are killed."""
        first, *others = self.nodes.values()
        first.stop()
        for node in others:
            node.kill()

    def erase(self) -> None:
        """Kill them all, and forget every record."""
        for node in self.nodes.values():
            wake(node)
            node.kill()
            node.erase()

    def kill(self, number: int) -> None:
        """SIGKILL of one node."""
        self.nodes[number].kill()

    def put_to_sleep(self, number: int) -> None:
        """SIGSTOP of one node."""
        put_to_sleep(self.nodes[number])

    def bring_back(self, number: int) -> None:
        """Wake a node that sleeps, start one that is dead."""
        wake(self.nodes[number])
        self.nodes[number].start()

    def leader(self, topic: str, partition: int = 0) -> int:
        """The node that leads a partition now; -1 when none does."""
        return int(self._partitions(topic)[partition].leader)

    def without_leader(self, topics: Sequence[str]) -> int:
        """How many partitions of the topics nobody leads."""
        return sum(p.leader < 0 for topic in topics for p in self._partitions(topic).values())

    def wait_for_other_leader(self, topic: str, *, than: int) -> None:
        """Until another node leads the topic's first partition. Raises TimeoutError after three minutes."""
        _wait(lambda: self.leader(topic) not in {than, -1}, f"nobody takes over {topic} from {than}")

    def wait_until_whole(self, topics: Sequence[str]) -> None:
        """Until all replicas are in step, so that any one node may go. Raises TimeoutError after three minutes."""
        _wait(lambda: self._is_whole(topics), f"some replicas of {topics} are not in step")

    def _is_whole(self, topics: Sequence[str]) -> bool:
        found = [p for topic in topics for p in self._partitions(topic).values()]
        return all(p.leader > 0 and len(p.isrs) == len(p.replicas) for p in found)

    def _partitions(self, topic: str) -> dict[int, Any]:
        client: Any = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        return client.list_topics(topic, timeout=30).topics[topic].partitions


def _wait(holds: Callable[[], bool], fault: str) -> None:
    deadline = time.monotonic() + LONGEST_ELECTION_SECONDS
    while True:
        with contextlib.suppress(KafkaException):  # nobody answers yet
            if holds():
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {LONGEST_ELECTION_SECONDS} s {fault}")
        time.sleep(LOOK_AGAIN_SECONDS)


def members_of(bootstrap: str, group: str) -> set[str]:
    """The ids of a group's members: who is put out of it, or comes again, gets another one."""
    client: Any = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    described = client.describe_consumer_groups([group], request_timeout=30)[group].result()
    return {str(member.member_id) for member in described.members}


def process_of(server: Kafka) -> Child:
    """The broker's process."""
    child = server.processes.child(server.name)
    assert child is not None, "it was never started"
    return child


def put_to_sleep(server: Kafka) -> None:
    """SIGSTOP: its connections live, and nobody answers."""
    os.kill(process_of(server).pid, signal.SIGSTOP)


def wake(server: Kafka) -> None:
    """SIGCONT, if it lives."""
    child = process_of(server)
    if child.is_alive:
        os.kill(child.pid, signal.SIGCONT)
