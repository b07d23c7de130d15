"""The last look before a message leaves: its call may have waited behind others since it was committed."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg

from common.calls import Channel, Outcome
from common.errors import TemporaryFailure
from common.messages import Value
from common.postgres import AWAY
from notifications.domain import NEVER_LEFT, Delivery

MayLeave = Callable[[UUID], Awaitable[bool]]


class LastLook:
    """A channel that is called only while its message may leave: before `release_until`, and not recalled. Calls wait
    for each other, longer when a receiver is slow; what is recalled meanwhile, or whose time is over, must not go.
    """

    payload: type[Value] = Delivery

    def __init__(self, channel: Channel, may_leave: MayLeave) -> None:
        self.channel, self.may_leave = channel, may_leave

    async def call(self, call_id: UUID, payload: Delivery) -> str:
        """Raises TemporaryFailure for what may not leave any more: it certainly did not, and is judged again."""
        try:
            may_leave = await self.may_leave(call_id)
        except (asyncpg.PostgresError, *AWAY) as fault:
            raise TemporaryFailure(f"no last look: {type(fault).__name__}") from fault
        if not may_leave:
            raise TemporaryFailure(NEVER_LEFT)
        return await self.channel.call(call_id, payload)

    async def was_accepted(self, call_id: UUID, payload: Delivery) -> Outcome | None:
        """The channel knows."""
        return await self.channel.was_accepted(call_id, payload)
