"""Somebody at the desk of a chaos run: redrives, edits and discards dead letters while processes die."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

import asyncpg

ASKED = "settled_at IS NULL AND asked_as IS NOT NULL"
OPEN = """
SELECT dead_letter_id, thing_key, EXISTS (SELECT FROM waiting AS w WHERE w.thing_key = d.thing_key) AS has_followers
  FROM dead_letter AS d
 WHERE settled_at IS NULL
   AND asked_as IS NULL
   AND source <> 'due'
 ORDER BY dead_letter_id
"""
EDIT = "UPDATE dead_letter SET edited_value = $2 WHERE dead_letter_id = $1 AND settled_at IS NULL"
ASK = """
UPDATE dead_letter
   SET asked_as = $2, asked_at = failed_at, settled_because = $3
 WHERE dead_letter_id = $1
   AND settled_at IS NULL
"""
EDITED_NUMBER = 3  # what a letter adds once it is mended
LOOK_EVERY_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class OpenLetter:
    """A dead letter that nobody has asked anything of; `has_followers` says whether messages wait behind it."""

    letter_id: int
    key: UUID
    has_followers: bool

    @property
    def mended(self) -> bytes:
        """A text that its handler takes."""
        return json.dumps({"counter_id": str(self.key), "number": EDITED_NUMBER}).encode()


class Desk:
    """Works by chance, as the command line does it; what it did is counted in `done`."""

    def __init__(self, *, database_url: str, seed: int) -> None:
        self.database_url = database_url
        self.rng = random.Random(seed)  # noqa: S311  a schedule, no secret
        self.done: Counter[str] = Counter()

    async def work(self) -> None:
        """Until cancelled: one letter after the other. Some stay open."""
        while True:
            letters = await self._open_letters()
            if letters:
                await self._settle(self.rng.choice(letters))
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def clear(self) -> None:
        """Let go every key on which messages wait."""
        for letter in await self._open_letters():
            if letter.has_followers:
                await self._mend(letter)

    async def edit(self, letter_id: int, text: bytes) -> None:
        """Put a mended text beside the original."""
        await self._execute(EDIT, letter_id, text)

    async def ask(self, letter_id: int, what: str, *, because: str | None = None) -> None:
        """Ask for `redrive` or `discard`."""
        await self._execute(ASK, letter_id, what, because)
        await self._execute("SELECT pg_notify('desk', '')")

    async def _settle(self, letter: OpenLetter) -> None:
        chosen = self.rng.randrange(4)
        if chosen == 0:  # as it is: refused again, and open again
            await self.ask(letter.letter_id, "redrive")
            self.done["redriven unchanged"] += 1
        elif chosen == 1:
            await self.ask(letter.letter_id, "discard", because="chaos")
            self.done["discarded"] += 1
        else:
            await self._mend(letter)

    async def _mend(self, letter: OpenLetter) -> None:
        await self.edit(letter.letter_id, letter.mended)
        await self.ask(letter.letter_id, "redrive")
        self.done["edited and redriven"] += 1

    async def _open_letters(self) -> list[OpenLetter]:
        connection = await asyncpg.connect(self.database_url)
        try:
            rows = await connection.fetch(OPEN)
        finally:
            await connection.close()
        return [
            OpenLetter(letter_id=row["dead_letter_id"], key=row["thing_key"], has_followers=row["has_followers"])
            for row in rows
        ]

    async def _execute(self, sql: str, *values: object) -> None:
        connection = await asyncpg.connect(self.database_url)
        try:
            await connection.execute(sql, *values)
        finally:
            await connection.close()
