"""The partners' programs: `examples/partner.py` as strangers run it, each with his own credentials and folder."""

import asyncio
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from kafka_admin import grant_partner
from local_stack.processes import Processes

LONGEST_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.01


class Partners:
    """All partners of legal's list; use as an async context. Their processes end with it."""

    def __init__(
        self,
        names: Sequence[str],
        *,
        program: Path,
        folder: Path,
        bootstrap: str,
        partner_bootstrap: str | None,
        prefix: str,
    ) -> None:
        self.names, self.program, self.folder = names, program, folder
        self.bootstrap, self.partner_bootstrap, self.prefix = bootstrap, partner_bootstrap, prefix
        self.processes = Processes(folder.parent)
        self.seen: dict[TopicPartition, int] = {}
        self._consumer: Any = AIOKafkaConsumer(bootstrap_servers=bootstrap)
        self._admin: Any = AIOKafkaAdminClient(bootstrap_servers=bootstrap)

    async def __aenter__(self) -> Self:
        for name in self.names:
            self._start(name)
        await self._consumer.start()
        await self._admin.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in self.names:
            self.processes.ask_to_end(f"partner-{name}")
        for name in self.names:
            self.processes.stop(f"partner-{name}")
        await self._consumer.stop()
        await self._admin.close()

    def _start(self, name: str) -> None:
        """With SCRAM credentials of this run; on a broker that runs elsewhere, by its plain listener."""
        command = [sys.executable, str(self.program), name, "--folder", str(self.folder / name)]
        command += ["--prefix", self.prefix, "--bootstrap", self.partner_bootstrap or self.bootstrap]
        if self.partner_bootstrap is not None:
            password = secrets.token_hex(16)  # never begins like an option
            grant_partner(self.bootstrap, name, password, self.prefix)
            command += ["--user", f"{self.prefix}{name}", "--password", password]
        (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.processes.start(f"partner-{name}", command, cwd=self.folder.parent)

    async def catch_up(self) -> bool:
        """Wait until each partner has answered all he was told; true when anything was new. Raises TimeoutError."""
        places = [TopicPartition(f"{self.prefix}legal.partner-{name}.v1", 0) for name in self.names]
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets(places)
        fresh = {place: end for place, end in ends.items() if end > self.seen.get(place, 0)}
        for name, place in zip(self.names, places, strict=True):
            if place in fresh:
                await self._wait_for(name, place, fresh[place])
        self.seen |= fresh
        return bool(fresh)

    async def _wait_for(self, name: str, place: TopicPartition, end: int) -> None:
        deadline = time.monotonic() + LONGEST_SECONDS
        while True:
            if await self._committed(name, place) >= end:
                return
            if not self.processes.is_running(f"partner-{name}"):
                raise RuntimeError(f"the partner {name} ended:\n{self.processes.log_tail(f'partner-{name}')}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"the partner {name} does not answer")
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _committed(self, name: str, place: TopicPartition) -> int:
        try:
            offsets = await self._admin.list_consumer_group_offsets(f"{self.prefix}{name}.files")
        except KafkaError:  # the broker is away, or just back
            return 0
        return offsets[place].offset if place in offsets else 0
