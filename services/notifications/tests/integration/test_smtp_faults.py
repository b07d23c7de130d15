"""Our own proxy between the mail channel and its relay: no mail twice, nothing healthy lost, no blind repeat."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from notification_builders import an_order, at

from common.ids import name_id
from local_stack.platform import Platform
from notifications.app import build
from notifications.channels.email import EmailChannel
from notifications.channels.last_look import LastLook
from testkit.faults import FaultProxy, Mode

TIMEOUT_SECONDS = 5  # of the channel here; 20 s in production
STAGES = {  # the piece of an SMTP session at which a fault strikes, before it is handed on
    "greeting": lambda chunk: chunk.startswith(b"220 "),
    "recipient": lambda chunk: chunk.startswith(b"RCPT TO"),
    "DATA": lambda chunk: chunk == b"DATA\r\n",
    "content": lambda chunk: chunk.endswith(b"\r\n.\r\n"),
    "answer": lambda chunk: chunk.startswith(b"250 2.0.0 Kept"),
}
NEVER_LEFT = {"greeting", "recipient"}  # certainly; after DATA was said only the relay knows


@dataclass(frozen=True)
class Case:
    """A fault at a stage, and how many copies the mailbox has in the end."""

    fault: str
    stage: str
    mails: int

    @property
    def message_id(self):
        return name_id(self.fault, self.stage)


CASES = (
    Case("cut", "greeting", 1),
    Case("cut", "recipient", 1),
    Case("cut", "DATA", 0),
    Case("cut", "content", 0),
    Case("cut", "answer", 1),
    Case("stall", "recipient", 1),
    Case("stall", "content", 1),  # it arrives after the channel gave up: why an unknown outcome is no failure
    Case("stall", "answer", 1),
    Case("swallow", "recipient", 1),
    Case("swallow", "content", 0),
    Case("swallow", "answer", 1),
)


class SmtpProxy(FaultProxy):
    """Strikes once, at one stage of a session."""

    stage = fault = None

    def strike_at(self, stage, fault):
        self.stage, self.fault, self.struck = stage, fault, asyncio.Event()

    def see(self, chunk):
        if self.stage is not None and STAGES[self.stage](chunk):
            self.stage = None
            if self.fault == "cut":
                self.cut()
            else:
                self.mode = Mode(self.fault)
            self.struck.set()

    async def _pump(self, reader, writer):
        await super()._pump(Overheard(reader, self.see), writer)


class Overheard:
    """A reader that tells what it read."""

    def __init__(self, reader, tell):
        self.reader, self.tell = reader, tell

    async def read(self, most):
        chunk = await self.reader.read(most)
        self.tell(chunk)
        return chunk


@pytest.fixture
async def proxy(smtp_server):
    proxy = SmtpProxy(target_port=smtp_server.port)
    await proxy.start()
    yield proxy
    await proxy.stop()


async def test_given_a_fault_at_any_stage_then_what_never_left_is_sent_later_and_what_may_have_left_is_not_repeated(
    world, smtp_server, proxy
):
    service = build(world.settings.model_copy(update={"smtp_port": proxy.port}))
    looking = service.channels["smtp"]
    impatient = replace(looking.channel.relay, timeout_seconds=TIMEOUT_SECONDS)
    service.channels = {**service.channels, "smtp": LastLook(EmailChannel(impatient), looking.may_leave)}
    now, told = at(2, 9), 0
    async with service.running():
        for case in CASES:
            proxy.strike_at(case.stage, case.fault)
            await world.send(an_order(message_id=case.message_id))
            await asyncio.wait_for(proxy.struck.wait(), 60)
            if case.stage in NEVER_LEFT:  # tried again after a minute, when the relay is well
                await has_status(world.database, case.message_id, "waiting")
                proxy.mode = Mode.PASS
                now += timedelta(minutes=2)
                await world.step(now)
            told += 1
            events = await world.hear(told)
            proxy.mode = Mode.PASS
            await has_mails(smtp_server, case.message_id, case.mails)
            event = events[-1]
            assert event.message_id == case.message_id, case
            if case.stage in NEVER_LEFT:
                assert type(event).__name__ == "MessageSent", case
            else:
                assert (type(event).__name__, event.reason) == ("MessageFailed", "outcome_unknown"), case
        healthy = name_id("healthy")
        proxy.mode = Mode.DELAY
        await world.send(an_order(message_id=healthy))
        last = (await world.hear(told + 1))[-1]
        assert (type(last).__name__, last.message_id) == ("MessageSent", healthy)
        await world.step(now + timedelta(hours=2))  # whatever would be repeated is due by then
        assert await world.database.fetchval("SELECT count(*) FROM correspondence WHERE due_at IS NOT NULL") == 0
    sent = {str(case.message_id): case.mails for case in CASES} | {str(healthy): 1}
    assert len(smtp_server.mails) == sum(sent.values()), "a mail twice"
    assert all(proxy.hits[fault] for fault in ("cut", "stall", "swallow", "delay"))


async def test_given_a_process_that_is_killed_while_the_relay_is_silent_then_its_next_life_asks_and_sends_no_mail_twice(
    world, smtp_server, proxy, prefix, postgres, run_dir, tmp_path
):
    settings = world.settings
    platform = Platform(
        tmp_path,
        database_url=postgres,
        bootstrap=settings.kafka_bootstrap_servers,
        database_prefix=prefix,
        topic_prefix=prefix,
        services=("notifications",),
        env={
            "DATABASE_URL": settings.database_url,
            "SMTP_PORT": str(proxy.port),
            "SMTP_ARCHIVE_FOLDER": str(smtp_server.folder),
            "SMS_BASE_URL": settings.sms_base_url,
            "SMS_ACCOUNT_SID": settings.sms_account_sid,
            "SMS_AUTH_TOKEN": settings.sms_auth_token,
            "SMS_SENDER": settings.sms_sender,
            "PRINT_FOLDER": str(settings.print_folder),
        },
    )
    try:
        for number, stage in enumerate(("answer", "recipient"), start=1):
            await asyncio.to_thread(platform.start)
            proxy.strike_at(stage, "stall")
            await world.send(an_order(message_id=name_id(stage)))
            await asyncio.wait_for(proxy.struck.wait(), 60)
            assert await asyncio.to_thread(platform.kill_service, "notifications")
            proxy.cut()
            proxy.mode = Mode.PASS
            await asyncio.to_thread(platform.start)
            event = (await world.hear(number))[-1]
            assert (type(event).__name__, event.message_id) == ("MessageSent", name_id(stage))
            assert event.proof.startswith("in the relay's archive" if stage == "answer" else "250 ")
            await has_mails(smtp_server, name_id(stage), 1)
    finally:
        await asyncio.to_thread(platform.stop)
    assert len(smtp_server.mails) == 2


async def has_status(database, message_id, status):
    """Wait until a message stands so."""
    query = "SELECT count(*) FROM correspondence, jsonb_array_elements(state->'messages') AS m (message)"
    query += " WHERE message->>'message_id' = $1 AND message->>'status' = $2"
    for _ in range(600):
        if await database.fetchval(query, str(message_id), status):
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{message_id} is not {status}")


async def has_mails(smtp_server, message_id, count):
    """Wait until the mailbox has so many copies."""
    for _ in range(300):
        copies = sum(path.name.startswith(str(message_id)) for path in smtp_server.mails)
        if copies == count:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{copies} copies of {message_id}, not {count}")
