"""The whole service on a real broker, database, mail server and SMS double, in stepped time."""

import json

from notification_builders import CASE_FILE, MESSAGE, a_recall, an_order, at, wait_for

from common.ids import name_id
from notifications.app import build


async def test_given_orders_for_each_medium_then_each_receiver_gets_one_and_each_is_told(
    world, smtp_server, sms_server
):
    sms, letter = name_id("sms"), name_id("letter")
    async with build(world.settings).running():
        await world.send(an_order(), an_order("sms", message_id=sms), an_order("letter", message_id=letter))
        await world.send(an_order(), an_order("sms", message_id=sms))  # under new event ids: no inbox helps
        await world.hear(2)
        await wait_for(world.database, "SELECT count(*) FROM print_batch WHERE due_at IS NOT NULL")
        await world.step(at(2, 16))
        told = await world.hear(3)
    by_message = {event.message_id: event for event in told}
    assert {type(event).__name__ for event in told} == {"MessageSent"}
    assert len(smtp_server.mails) == len(sms_server.double.messages) == 1
    assert by_message[sms].proof == sms_server.double.messages[0]["sid"]
    manifest = json.loads((world.settings.print_folder / "2026-03-02-1" / "manifest.json").read_text())
    assert by_message[letter].proof == f"2026-03-02-1 sha256:{manifest['letters'][0]['sha256']}"
    assert by_message[letter].sent_at == at(2, 16)
    rows = await world.database.fetch("SELECT medium, outcome FROM delivery ORDER BY medium")
    assert [tuple(row) for row in rows] == [("email", "sent"), ("letter", "sent"), ("sms", "sent")]


async def test_given_a_bounce_then_it_is_told_as_failed(world, smtp_server):
    async with build(world.settings).running():
        await world.send(an_order(email="jan@bounce.example"))
        (event,) = await world.hear(1)
    assert (type(event).__name__, event.reason, event.detail) == ("MessageFailed", "bounced", "bounced: 550 5.1.1")
    assert smtp_server.mails == []


async def test_given_a_recalled_letter_and_one_that_came_back_then_both_are_told(world):
    kept = name_id("kept")
    async with build(world.settings).running():
        await world.send(an_order("letter"), an_order("letter", message_id=kept), a_recall())
        await world.hear(1)
        await world.step(at(2, 16))
        await world.hear(2)
        status = world.settings.print_folder / "2026-03-02-1" / "status.csv"
        draft = status.with_suffix(".tmp")
        draft.write_text(f"letter_id,status,reason,on\n{kept},returned,moved away,2026-03-06\n")
        draft.replace(status)
        told = await world.hear(3)
    assert [type(event).__name__ for event in told] == ["MessageRecalled", "MessageSent", "MessageFailed"]
    assert (told[2].message_id, told[2].reason) == (kept, "returned")
    assert told[0].message_id == MESSAGE


async def test_given_a_process_that_died_between_commit_and_call_then_the_next_life_asks_before_it_sends(
    world, smtp_server
):
    service = build(world.settings)
    async with service.running():
        await world.send(an_order())
        await world.hear(1)
    payload = await world.database.fetchval("SELECT count(*) FROM outside_call")
    assert payload == 0
    # An open call as a killed process leaves it: of the mail that the relay has, and of one that never left.
    other = name_id("other")
    call = service.consumers.things()[0]
    for message_id in (MESSAGE, other):
        await leave_open(world.database, call.name, message_id)
    await world.database.execute("DELETE FROM delivery")
    async with build(world.settings).running():
        await wait_for(world.database, "SELECT count(*) FROM delivery WHERE outcome = 'sent'", count=2)
    assert sorted(path.stem.partition("@")[0] for path in smtp_server.mails) == sorted([str(MESSAGE), str(other)])


async def leave_open(database, thing, message_id):
    """A message that is being sent, with its call, as if the process had been killed just after the commit."""
    order = an_order(message_id=message_id)
    state = json.loads(await database.fetchval("SELECT state FROM correspondence"))
    sending = {
        "message_id": str(message_id), "medium": "email", "language": "nl", "status": "sending",
        "release_until": order.release_until.isoformat(), "content": order.content.model_dump(), "attempts": 1,
    }  # fmt: skip
    others = [message for message in state["messages"] if message["message_id"] != str(message_id)]
    state["messages"] = [*others, sending]
    await database.execute("UPDATE correspondence SET state = $1", json.dumps(state))
    payload = {
        "message_id": str(message_id), "language": "nl", "released_at": at(2, 9).isoformat(),
        "content": order.content.model_dump(),
    }  # fmt: skip
    await database.execute(
        "INSERT INTO outside_call (call_id, thing, thing_key, channel, payload, instance, started_at)"
        " VALUES ($1, $2, $3, 'smtp', $4, 'notifications-0', $5)",
        message_id, thing, CASE_FILE, json.dumps(payload).encode(), at(2, 9),
    )  # fmt: skip
