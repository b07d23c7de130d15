"""A TCP proxy of our own: it delays, stalls, cuts and swallows what goes through, and counts every time it did."""

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from enum import StrEnum

from local_stack.kafka import Kafka
from local_stack.ports import LOOPBACK

CHUNK = 65536
LOOK_AGAIN_SECONDS = 0.05
RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: RST instead of FIN


class Mode(StrEnum):
    """What happens to bytes."""

    PASS = "pass"  # noqa: S105  no password
    DELAY = "delay"
    STALL = "stall"  # half-open: the connection lives, nothing moves
    SWALLOW = "swallow"  # taken, and never handed on


class FaultProxy:
    """In front of one listener. `mode` may change while it runs; `hits` counts what it did to whom, by mode."""

    def __init__(self, *, target_port: int, port: int = 0, delay_seconds: float = 0.2) -> None:
        self.target_port, self.port, self.delay_seconds = target_port, port, delay_seconds
        self.mode = Mode.PASS
        self.hits: Counter[str] = Counter()
        self.pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self.server: asyncio.Server

    async def start(self) -> int:
        """Listen; returns the port."""
        self.server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
        self.port = self.server.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        """Listen no more, and end every connection."""
        self.server.close()
        self._abort_all()

    def cut(self) -> None:
        """End every connection by a reset, at once; new ones are let in."""
        self.hits["cut"] += len(self.pairs)
        self._abort_all()

    def _abort_all(self) -> None:
        for pair in list(self.pairs):
            for end in pair:
                with contextlib.suppress(OSError):
                    end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
                end.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self.target_port)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, far_writer)
        self.pairs.add(pair)
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self.pairs.discard(pair)
            for end in pair:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(CHUNK):
                mode = self.mode
                if mode is not Mode.PASS:
                    self.hits[mode] += 1
                if mode is Mode.SWALLOW:
                    continue
                if mode is Mode.DELAY:
                    await asyncio.sleep(self.delay_seconds)
                while self.mode is Mode.STALL:  # noqa: ASYNC110  one look for all connections
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)
                writer.write(chunk)
                await writer.drain()
        writer.close()


class ProxiedKafka(Kafka):
    """A broker with one more listener, which it advertises at the proxy: clients that come through it stay in it."""

    heap = "256m"
    listener_port: int
    proxy_port: int

    def _write_properties(self) -> None:
        super()._write_properties()
        path = self._folder / "server.properties"
        lines = path.read_text().splitlines()
        more = {
            "listeners": f"PROXIED://{LOOPBACK}:{self.listener_port}",
            "advertised.listeners": f"PROXIED://{LOOPBACK}:{self.proxy_port}",
            "listener.security.protocol.map": "PROXIED:PLAINTEXT",
        }
        changed = [f"{line},{more[name]}" if (name := line.partition("=")[0]) in more else line for line in lines]
        path.write_text("\n".join([*changed, ""]))
