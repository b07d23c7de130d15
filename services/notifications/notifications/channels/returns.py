"""The printer's status file: which letters of a batch came back."""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from common.errors import InvalidMessage
from notifications.channels.printer import MANIFEST
from notifications.handlers.batches import LetterReturned

STATUS_FILE = "status.csv"
COLUMNS = ("letter_id", "status", "reason", "on")
RETURNED = "returned"
TAKEN = "taken"
MOST_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class StatusFile:
    """What a status file says, line by line; lines that cannot be read are counted, and harm no other."""

    returned: tuple[LetterReturned, ...]
    unreadable: int


def read_status(path: Path) -> StatusFile:
    """Read the status file of a batch. Raises InvalidMessage when it is none, or its batch was not handed over."""
    if path.stat().st_size > MOST_BYTES:
        raise InvalidMessage("too_big", f"{path.name} is larger than {MOST_BYTES} bytes")
    manifest_path = path.parent / MANIFEST
    if not manifest_path.is_file():
        raise InvalidMessage("no_batch", f"{path.parent.name} was not handed over")
    batch_id = UUID(json.loads(manifest_path.read_text("utf-8"))["batch_id"])
    lines = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    if lines and not set(COLUMNS) <= set(lines[0]):
        raise InvalidMessage("columns", f"{path.name} needs the columns {', '.join(COLUMNS)}")
    read = list(read_lines(lines, batch_id))
    return StatusFile(
        returned=tuple(line for line in read if line is not None), unreadable=sum(line is None for line in read)
    )


def read_lines(lines: list[dict[str, str]], batch_id: UUID) -> Iterator[LetterReturned | None]:
    """The letters that came back; None for a line that cannot be read."""
    for line in lines:
        if line["status"] != RETURNED:
            continue
        try:
            message_id, returned_on = UUID(line["letter_id"]), date.fromisoformat(line["on"])
        except (ValueError, TypeError):
            yield None
        else:
            yield LetterReturned(
                batch_id=batch_id, message_id=message_id, reason=line["reason"] or "", returned_on=returned_on
            )


def put_away(path: Path) -> Path:
    """Move a status file that was taken out of the printer's way, under its own hash."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    taken = path.parent / TAKEN / f"{digest}.csv"
    taken.parent.mkdir(exist_ok=True)
    return path.replace(taken)
