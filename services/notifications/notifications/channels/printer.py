"""The printer's folder: one folder a batch, read by the printer once `.ready` stands in it.

    <batch>/letters/<message id>.pdf   <batch>/manifest.json   <batch>/.ready (empty, written last)

A batch is written once: when `.ready` is there, its manifest is the answer, however often the batch is ordered.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from pathlib import Path
from typing import Any
from uuid import UUID

from common.calls import Outcome
from common.decisions import Result
from common.errors import TemporaryFailure
from common.messages import Value
from contracts.notifications import Content
from notifications.channels.letter import SetLetter, try_letter
from notifications.domain import NEVER_LEFT, LetterToPrint, PrintOrder
from notifications.metrics import ANSWERS, BATCH_SECONDS, LETTERS

FORMAT_VERSION = 1
READY = ".ready"
MANIFEST = "manifest.json"
PRODUCT = "standard"


class PrintChannel:
    """Sets the letters of a batch in other processes and hands them over as files."""

    payload: type[Value] = PrintOrder

    def __init__(self, folder: Path, make_pool: Callable[[], Executor]) -> None:
        self.folder = folder
        self.make_pool = make_pool
        self.pool: Executor | None = None  # made with the first batch: most processes of a test or a day print none

    async def call(self, call_id: UUID, payload: PrintOrder) -> str:
        """Write the batch; answers the SHA-256 of each letter and the faults of those left out. Raises TemporaryFailure
        when the folder cannot be written: nothing was handed over then.
        """
        assert call_id == payload.batch_id, "a batch is called by its own id"
        try:
            manifest = await asyncio.to_thread(self.read_manifest, payload)
            if manifest is not None:
                return report(payload, manifest, {})
            with BATCH_SECONDS.time():
                answer = await self.write_batch(payload)
        except OSError as fault:
            ANSWERS.labels("print", "failed").inc()
            raise TemporaryFailure(f"print folder: {fault.strerror or type(fault).__name__}") from fault
        except BrokenExecutor as fault:  # a process died, for want of memory perhaps: a broken pool stays broken
            self.pool = None
            ANSWERS.labels("print", "failed").inc()
            raise TemporaryFailure("a process that sets letters died") from fault
        ANSWERS.labels("print", "accepted").inc()
        return answer

    async def was_accepted(self, call_id: UUID, payload: PrintOrder) -> Outcome | None:
        """What stands in the folder decides."""
        assert call_id == payload.batch_id, "a batch is called by its own id"
        manifest = await asyncio.to_thread(self.read_manifest, payload)
        if manifest is None:
            return Outcome(result=Result.FAILED, detail=NEVER_LEFT)
        return Outcome(result=Result.ACCEPTED, detail=report(payload, manifest, {}))

    async def write_batch(self, order: PrintOrder) -> str:
        """Set and write every letter, then the manifest, then `.ready`."""
        loop = asyncio.get_running_loop()
        letters_folder = self.folder / order.name / "letters"
        await asyncio.to_thread(make_empty, letters_folder)
        self.pool = self.pool or self.make_pool()
        setting = [
            loop.run_in_executor(self.pool, try_letter, letter.content.value, letter.language, order.print_on)
            for letter in order.letters
        ]
        entries: list[Mapping[str, Any]] = []
        faults: dict[str, str] = {}
        for letter, future in zip(order.letters, setting, strict=True):
            done = await future
            if done.fault is not None:
                faults[str(letter.message_id)] = done.fault
                continue
            await asyncio.to_thread(write_whole, letters_folder / f"{letter.message_id}.pdf", done.pdf)
            entries.append(manifest_entry(letter, done))
        manifest = manifest_of(order, entries)
        await asyncio.to_thread(self.hand_over, order, manifest)
        LETTERS.labels("printed").inc(len(entries))
        LETTERS.labels("left_out").inc(len(faults))
        return report(order, manifest, faults)

    def hand_over(self, order: PrintOrder, manifest: Mapping[str, Any]) -> None:
        """The manifest, and `.ready` last."""
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        write_whole(self.folder / order.name / MANIFEST, text.encode())
        write_whole(self.folder / order.name / READY, b"")

    def read_manifest(self, order: PrintOrder) -> Mapping[str, Any] | None:
        """The manifest of a batch that was handed over; None when it was not."""
        folder = self.folder / order.name
        if not (folder / READY).is_file():
            return None
        manifest: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        assert manifest["batch_id"] == str(order.batch_id), f"the folder {order.name} holds another batch"
        return manifest


def manifest_of(order: PrintOrder, entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What the printer is told about the batch."""
    return {
        "format_version": FORMAT_VERSION,
        "batch_id": str(order.batch_id),
        "print_on": order.print_on.isoformat(),
        "created_at": order.created_at.isoformat(),
        "count": len(entries),
        "pages": sum(entry["pages"] for entry in entries),
        "letters": entries,
    }


def manifest_entry(letter: LetterToPrint, done: SetLetter) -> Mapping[str, Any]:
    """What the printer is told about a letter."""
    content = letter.content.unpack(Content)
    assert content.address is not None, "a letter without an address cannot be set"
    return {
        "letter_id": str(letter.message_id),
        "file": f"letters/{letter.message_id}.pdf",
        "pages": done.pages,
        "sha256": done.sha256,
        "language": letter.language,
        "recipient": {"name": content.recipient_name, **content.address.model_dump()},
        "product": PRODUCT,
        "duplex": True,
        "colour": False,
    }


def report(order: PrintOrder, manifest: Mapping[str, Any], faults: Mapping[str, str]) -> str:
    """What became of each letter of the order, as the batch reads it."""
    printed = {entry["letter_id"]: entry["sha256"] for entry in manifest["letters"]}
    left_out = {
        str(letter.message_id): faults.get(str(letter.message_id), "left out")
        for letter in order.letters
        if str(letter.message_id) not in printed
    }
    return json.dumps({"printed": printed, "faults": left_out})


def make_empty(letters_folder: Path) -> None:
    """A folder without what a broken attempt left: a letter withdrawn since must not be printed."""
    letters_folder.mkdir(parents=True, exist_ok=True)
    for path in letters_folder.iterdir():
        path.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """A file that is there whole or not at all."""
    draft = path.with_name(path.name + ".tmp")
    draft.write_bytes(content)
    draft.replace(path)
