"""Calls to the outside: committed first, made then, their outcome folded like any message. Never a blind repeat."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import structlog

from common.decisions import Call, CallFinished, Result, Thing
from common.errors import InvalidMessage, TemporaryFailure
from common.failpoints import failpoint
from common.messages import Value
from common.postgres import Connection

log = structlog.get_logger()
AT_ONCE = 16
LONGEST_CALL_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a call ended; `detail` is what the receiver answered."""

    result: Result
    detail: str


class Channel(Protocol):
    """Something outside that accepts calls under a stable id."""

    payload: type[Value]

    async def call(self, call_id: UUID, payload: Any) -> str:
        """Make the call; returns the receiver's answer (the proof). Raises InvalidMessage when it will never work and
        TemporaryFailure when it was certainly not done; any other fault means that nobody knows.
        """
        ...

    async def was_accepted(self, call_id: UUID, payload: Any) -> Outcome | None:
        """Ask whether an earlier call arrived: its outcome, or None when it certainly did not."""
        ...


@dataclass(frozen=True, kw_only=True)
class OpenCall:
    """A committed call on its way."""

    thing: str
    key: UUID
    call_id: UUID
    channel: str
    payload: bytes


async def begin_calls(
    connection: Connection, thing: Thing[Any], calls: Sequence[tuple[UUID, Call]], *, instance: str, now: datetime
) -> list[OpenCall]:
    """Commit to calls before they are made. A call id that is under way already is not begun twice."""
    opened = [
        OpenCall(
            thing=thing.name,
            key=key,
            call_id=call.call_id,
            channel=call.channel,
            payload=call.payload.model_dump_json().encode(),
        )
        for key, call in calls
    ]
    if opened:
        await connection.executemany(
            "INSERT INTO outside_call (call_id, thing, thing_key, channel, payload, instance, started_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            [(c.call_id, c.thing, c.key, c.channel, c.payload, instance, now) for c in opened],
        )
    return opened


async def end_calls(connection: Connection, call_ids: Sequence[UUID]) -> set[UUID]:
    """Calls whose outcome is folded now; returns those that were still open: an outcome counts once."""
    rows = await connection.fetch(
        "DELETE FROM outside_call WHERE call_id = ANY($1::uuid[]) RETURNING call_id", sorted(call_ids)
    )
    return {row["call_id"] for row in rows}


async def left_open(connection: Connection, instance: str) -> list[OpenCall]:
    """Calls that this instance began in an earlier life."""
    rows = await connection.fetch(
        "SELECT call_id, thing, thing_key, channel, payload FROM outside_call WHERE instance = $1 ORDER BY started_at",
        instance,
    )
    return [
        OpenCall(thing=r["thing"], key=r["thing_key"], call_id=r["call_id"], channel=r["channel"], payload=r["payload"])
        for r in rows
    ]


class Caller:
    """Makes committed calls, a bounded number at once, and hands each outcome on."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self.channels = channels
        self.slots = asyncio.Semaphore(AT_ONCE)

    async def make(self, call: OpenCall, *, earlier_life: bool) -> Outcome:
        """Make one call; one of an earlier life is asked about first."""
        channel = self.channels[call.channel]
        payload = channel.payload.model_validate_json(call.payload)
        async with self.slots:
            try:
                async with asyncio.timeout(LONGEST_CALL_SECONDS):
                    if earlier_life and (known := await channel.was_accepted(call.call_id, payload)):
                        return known
                    failpoint("before_outside_call")
                    detail = await channel.call(call.call_id, payload)
                    failpoint("after_outside_call")
                    return Outcome(result=Result.ACCEPTED, detail=detail)
            except InvalidMessage as refusal:
                return Outcome(result=Result.REFUSED, detail=f"{refusal.code}: {refusal.message}")
            except TemporaryFailure as failure:
                return Outcome(result=Result.FAILED, detail=str(failure))
            except Exception as fault:
                log.exception("outside_call_outcome_unknown", channel=call.channel, call_id=str(call.call_id))
                return Outcome(result=Result.UNKNOWN, detail=type(fault).__name__)


def finished(call: OpenCall, outcome: Outcome, *, at: datetime) -> CallFinished:
    """The outcome as the message that is folded into the thing."""
    return CallFinished(
        call_id=call.call_id, channel=call.channel, result=outcome.result, detail=outcome.detail, finished_at=at
    )
