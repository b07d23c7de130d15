"""The printer and the post: takes batches, brings letters round two days later, and brings some back."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from cli.demo.bank import put_whole
from cli.demo.bank_days import local_day, post_day_after
from cli.demo.debtors import Debtors
from cli.demo.mailbox import Notice, read_letter
from cli.demo.people import Behaviour

DAYS_TO_DELIVER = 2
DAYS_TO_COME_BACK = 4
MANIFEST, READY, STATUS = "manifest.json", ".ready", "status.csv"


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A letter on its way."""

    letter_id: str
    batch: str
    notice: Notice
    arrives_on: date
    comes_back: bool


class Post:
    """Everything that was printed."""

    def __init__(self, folder: Path, debtors: Debtors) -> None:
        self.folder, self.debtors = folder, debtors
        self.letters: list[Letter] = []
        self.on_the_way: list[Letter] = []
        self._taken: set[str] = set()

    def collect(self, now: datetime) -> None:
        """Take the batches that the printer was handed since the last time."""
        for ready in sorted(self.folder.glob(f"*/{READY}")):
            batch = ready.parent
            if batch.name in self._taken:
                continue
            self._taken.add(batch.name)
            manifest: dict[str, Any] = json.loads((batch / MANIFEST).read_text("utf-8"))
            for entry in manifest["letters"]:
                notice = read_letter(
                    batch / entry["file"],
                    entry["recipient"],
                    accepted_at=now,
                    accepted_seconds=ready.stat().st_mtime,
                )
                self._send(entry["letter_id"], batch.name, notice)

    def _send(self, letter_id: str, batch: str, notice: Notice) -> None:
        debtor = self.debtors.find(notice.recipient)
        comes_back = debtor is None or debtor.behaviour is Behaviour.MOVED_AWAY
        days = DAYS_TO_COME_BACK if comes_back else DAYS_TO_DELIVER
        arrives_on = post_day_after(local_day(notice.accepted_at), days)
        letter = Letter(letter_id=letter_id, batch=batch, notice=notice, arrives_on=arrives_on, comes_back=comes_back)
        self.letters.append(letter)
        self.on_the_way.append(letter)

    def bring_round(self, today: date) -> tuple[list[Notice], list[Path]]:
        """What is in the letter boxes today, and the status files about letters that came back."""
        here = [letter for letter in self.on_the_way if letter.arrives_on <= today]
        self.on_the_way = [letter for letter in self.on_the_way if letter.arrives_on > today]
        returned = [letter for letter in here if letter.comes_back]
        files = [
            put_whole(self.folder / batch / STATUS, status_text(batch, returned, today))
            for batch in sorted({letter.batch for letter in returned})
        ]
        return [letter.notice for letter in here if not letter.comes_back], files


def status_text(batch: str, returned: list[Letter], today: date) -> str:
    """The status file of a batch, as printers send it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("letter_id", "status", "reason", "on"))
    for letter in sorted(returned, key=lambda letter: letter.letter_id):
        if letter.batch == batch:
            writer.writerow((letter.letter_id, "returned", "moved, no new address known", today.isoformat()))
    return out.getvalue()
