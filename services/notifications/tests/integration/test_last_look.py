"""A message whose call waits behind others is looked at once more before it leaves."""

from contextlib import AsyncExitStack

import asyncpg
import pytest
from notification_builders import MESSAGE, RELEASE_UNTIL, a_recall, an_order, wait_for

from common.calls import AT_ONCE
from common.errors import TemporaryFailure
from common.ids import name_id
from notifications.app import build
from notifications.channels.last_look import LastLook

OTHER = name_id("other")
RECALLED = """SELECT count(*) FROM correspondence WHERE state -> 'messages' @> '[{"is_recalled": true}]'"""


@pytest.mark.parametrize("medium", ["email", "sms"])
async def test_what_is_recalled_while_its_call_waits_does_not_leave(world, smtp_server, sms_server, medium):
    service = build(world.settings)
    async with service.running():
        async with every_slot_taken(service):
            await world.send(an_order(medium), an_order(medium, message_id=OTHER))
            await wait_for(world.database, "SELECT count(*) FROM outside_call", count=2)
            await world.send(a_recall())
            await wait_for(world.database, RECALLED)
        told = await world.hear(2)
    assert {event.message_id: type(event).__name__ for event in told} == {
        MESSAGE: "MessageRecalled",
        OTHER: "MessageSent",
    }
    assert len(smtp_server.mails) + len(sms_server.double.messages) == 1


async def test_what_waits_past_its_last_instant_does_not_leave(world, smtp_server):
    service = build(world.settings)
    async with service.running():
        async with every_slot_taken(service):
            await world.send(an_order())
            await wait_for(world.database, "SELECT count(*) FROM outside_call")
            await world.step(RELEASE_UNTIL)
        (event,) = await world.hear(1)
    assert type(event).__name__ == "MessageExpired"
    assert smtp_server.mails == []


async def test_without_a_database_nothing_leaves_and_that_is_certain():
    async def away(_):
        raise asyncpg.CannotConnectNowError("the database system is starting up")

    with pytest.raises(TemporaryFailure, match="CannotConnectNowError"):  # any other fault would mean: nobody knows
        await LastLook(channel=None, may_leave=away).call(MESSAGE, payload=None)


def every_slot_taken(service):
    """Calls wait, as they do when the receiver is slow for those before them."""

    class Taken(AsyncExitStack):
        async def __aenter__(self):
            for _ in range(AT_ONCE):
                await self.enter_async_context(service.runner.caller.slots)
            return self

    return Taken()
