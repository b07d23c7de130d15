"""The loop: time goes to the next deed of the world or the next alarm, and on only when the platform is quiet."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from cli.demo.account import Folders, make_account
from cli.demo.bank import Bank
from cli.demo.bank_days import BANK_TIME, WORLD_TIME, instant, is_bank_day, is_post_day, local_day
from cli.demo.debtors import Debtors
from cli.demo.handing_over import OPERATOR_KEY, Offices, wait_for_files
from cli.demo.http import HttpClient
from cli.demo.partners import Partners
from cli.demo.post import Post
from cli.demo.receivers import Receivers
from cli.demo.show import DayTotals, Show
from cli.demo.witness import Witness
from cli.demo.world import FIRST_DAY, World, make_world
from common.stepping import Stepped, Stepper
from contracts.registry import topics_of
from local_stack.partners import partner_names
from local_stack.platform import SERVICES, Platform
from local_stack.ports import LOOPBACK, Ports
from local_stack.sms import LOCAL_ACCOUNT_SID, LOCAL_AUTH_TOKEN, LOCAL_SENDER

DATABASE_PREFIX, TOPIC_PREFIX = "quittance_demo_", "demo_"
MOST_STEPS = 500
MOST_ROUNDS = 50  # of one step, until platform and partners have nothing to say to each other
Interference = Callable[[int, datetime, Platform], Awaitable[None]]
"""Called beside the work of each step, with its number and instant: tests kill services here."""


class DemoError(RuntimeError):
    """The demo can't go on; says why."""


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Where broker and database server are."""

    database_url: str
    bootstrap: str
    partner_bootstrap: str | None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is played, and where."""

    claims: int
    days: int
    seed: int
    top: Path
    agency_file: Path
    partner_program: Path
    servers: Servers
    database_prefix: str = DATABASE_PREFIX
    topic_prefix: str = TOPIC_PREFIX
    interference: Interference | None = None


@dataclass(frozen=True, kw_only=True)
class Played:
    """The account, and the seconds that each step took to settle."""

    account: dict[str, Any]
    settle_seconds: list[float]


@dataclass(kw_only=True)
class Clock:
    """Simulated time, as the receivers look at it."""

    now: datetime


@dataclass(kw_only=True)
class Stage:
    """All who act."""

    setting: Setting
    folders: Folders
    clock: Clock
    world: World
    platform: Platform
    stepper: Stepper
    receivers: Receivers
    offices: Offices
    debtors: Debtors
    bank: Bank
    post: Post
    partners: Partners
    witness: Witness
    http: HttpClient
    settle_seconds: list[float] = field(default_factory=list[float])


async def play(setting: Setting, show: Show) -> Played:
    """Play the whole demo on an empty folder, empty databases and no topics; everything started here is stopped."""
    began = time.monotonic()
    async with AsyncExitStack() as exits:
        stage = await set_up(setting, show, exits)
        await begin(stage, show)
        await play_days(stage, show)
        said = await stage.witness.catch_up()
        account = make_account(
            seed=setting.seed,
            days=setting.days,
            steps=len(stage.settle_seconds),
            seconds=time.monotonic() - began,
            folders=stage.folders,
            offices=stage.offices.offices.values(),
            bank=stage.bank,
            notices=[*stage.receivers.notices, *(letter.notice for letter in stage.post.letters)],
            said=said,
        )
    return Played(account=account, settle_seconds=stage.settle_seconds)


async def set_up(setting: Setting, show: Show, exits: AsyncExitStack) -> Stage:
    """World, doubles, topics, databases; the clocks stand before a service starts, so that none sees another time."""
    folders, http = Folders(top=setting.top), HttpClient()
    clock = Clock(now=instant(FIRST_DAY, BANK_TIME))
    world = make_world(seed=setting.seed, claims=setting.claims)
    receivers = Receivers(folders, now=lambda: clock.now)
    exits.callback(receivers.stop)
    receivers.start()
    platform = make_platform(setting, folders, receivers)
    show.say("making topics and databases, applying migrations")
    await asyncio.to_thread(platform.prepare)
    stepped = {
        service: Stepped(database_url=platform.database(service).owner_url, topics=topics_of(service, partner_names()))
        for service in platform.services
    }
    stepper = await exits.enter_async_context(
        Stepper(stepped, bootstrap=setting.servers.bootstrap, prefix=setting.topic_prefix)
    )
    await stepper.move_to(clock.now)
    exits.callback(platform.stop)
    show.say("starting the services")
    await asyncio.to_thread(platform.start)
    partners = Partners(
        partner_names(),
        program=setting.partner_program,
        folder=folders.partners,
        bootstrap=setting.servers.bootstrap,
        partner_bootstrap=setting.servers.partner_bootstrap,
        prefix=setting.topic_prefix,
    )
    await exits.enter_async_context(partners)
    debtors = Debtors(world.debtors, seed=setting.seed)
    return Stage(
        setting=setting,
        folders=folders,
        clock=clock,
        world=world,
        platform=platform,
        stepper=stepper,
        receivers=receivers,
        offices=Offices(intake_url=platform.http_url("intake"), portfolio=folders.portfolio, http=http),
        debtors=debtors,
        bank=Bank(
            agency_file=setting.agency_file,
            inbound=folders.bank_in,
            outbound=folders.bank_out,
            opened_on=FIRST_DAY - timedelta(days=1),
        ),
        post=Post(folders.letters, debtors),
        partners=partners,
        witness=await exits.enter_async_context(
            Witness(bootstrap=setting.servers.bootstrap, prefix=setting.topic_prefix)
        ),
        http=http,
    )


def make_platform(setting: Setting, folders: Folders, receivers: Receivers) -> Platform:
    """The five services as the demo's own platform."""
    for folder in (folders.portfolio, folders.letters, folders.bank_in, folders.bank_out, folders.partners):
        folder.mkdir(parents=True, exist_ok=True)
    ports = Ports()
    http_ports = {service: ports.pick(service) for service in SERVICES}
    return Platform(
        setting.top,
        database_url=setting.servers.database_url,
        bootstrap=setting.servers.bootstrap,
        database_prefix=setting.database_prefix,
        topic_prefix=setting.topic_prefix,
        partners=partner_names(),
        env={
            "AGENCY_FILE": str(setting.agency_file),
            "OPERATOR_KEY_SHA256": hashlib.sha256(OPERATOR_KEY.encode()).hexdigest(),
            "WATCH_FOLDER": str(folders.portfolio),
            "PRINT_FOLDER": str(folders.letters),
            "BANK_IN": str(folders.bank_in),
            "BANK_OUT": str(folders.bank_out),
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(receivers.smtp_port),
            "SMTP_ARCHIVE_FOLDER": str(folders.mail),
            "SMS_BASE_URL": receivers.sms_url,
            "SMS_ACCOUNT_SID": LOCAL_ACCOUNT_SID,
            "SMS_AUTH_TOKEN": LOCAL_AUTH_TOKEN,
            "SMS_SENDER": LOCAL_SENDER,
        },
        env_of={"dunning": {"PUBLIC_URL": f"http://{LOOPBACK}:{http_ports['dunning']}"}},
        pick_port=http_ports.__getitem__,
    )


async def begin(stage: Stage, show: Show) -> None:
    """The clients are made; then the first day may come."""
    show.say("registering the clients")
    await asyncio.to_thread(stage.offices.register)
    await settle(stage)


async def play_days(stage: Stage, show: Show) -> None:
    """From instant to instant, to the end of the last day. Raises DemoError for too many steps."""
    last_day = FIRST_DAY + timedelta(days=stage.setting.days - 1)
    shown = FIRST_DAY
    while True:
        alarm = await stage.stepper.next_due_at()
        deed = next_deed(stage.clock.now)
        coming = min(deed, alarm) if alarm is not None else deed
        if coming <= stage.clock.now:
            raise DemoError(f"something is due at {coming}, which has passed, and nobody takes it")
        while shown < min(local_day(coming), last_day + timedelta(days=1)):
            show.day_passed(totals(stage, shown), number=(shown - FIRST_DAY).days + 1)
            shown += timedelta(days=1)
        if local_day(coming) > last_day:
            return
        if len(stage.settle_seconds) >= MOST_STEPS:
            raise DemoError(f"more than {MOST_STEPS} steps before {coming}")
        await take_step(stage, coming, is_deed=coming == deed, is_alarm=coming == alarm)


async def take_step(stage: Stage, coming: datetime, *, is_deed: bool, is_alarm: bool) -> None:
    """One instant: alarms first, then what the world does, each until all is quiet."""
    began = time.perf_counter()
    stage.clock.now = coming
    await stage.stepper.move_to(coming)
    number = len(stage.settle_seconds) + 1
    disturbing = stage.setting.interference
    beside = asyncio.ensure_future(disturbing(number, coming, stage.platform)) if disturbing else None
    if is_alarm:
        await settle(stage)
    if is_deed:
        await act(stage, coming)
        await settle(stage)
    if beside is not None:
        await beside
        await settle(stage)
    stage.settle_seconds.append(time.perf_counter() - began)


async def settle(stage: Stage) -> None:
    """Until platform and partners are quiet together; then the printer's batches are with the post."""
    for _ in range(MOST_ROUNDS):
        await stage.stepper.settle()
        if not await stage.partners.catch_up():
            await asyncio.to_thread(stage.post.collect, stage.clock.now)
            return
    raise DemoError("platform and partners do not come to rest")


async def act(stage: Stage, now: datetime) -> None:
    """The deeds of a fixed hour."""
    today = local_day(now)
    if now == instant(today, BANK_TIME):
        await wait_for_files(stage.bank.open_morning(today))
        return
    letters, files = stage.post.bring_round(today)
    await wait_for_files(files)
    await asyncio.to_thread(hand_over, stage, today)
    stage.debtors.read([*stage.receivers.unread(), *letters], today=today)
    for transfer in stage.debtors.due_payments(today):
        stage.bank.pay(transfer, on=today)
    await asyncio.to_thread(stage.debtors.file_disputes, stage.http)


def hand_over(stage: Stage, today: date) -> None:
    """What the clients hand over today."""
    for handover in stage.world.handovers:
        if handover.on == today:
            stage.offices.hand_over(handover)


def next_deed(now: datetime) -> datetime:
    """The next fixed hour at which the world acts: 06:00 on bank days, 11:00 on days of post."""
    day = local_day(now)
    while True:
        hours: Sequence[datetime] = [
            *([instant(day, BANK_TIME)] if is_bank_day(day) else []),
            *([instant(day, WORLD_TIME)] if is_post_day(day) else []),
        ]
        coming = [at for at in hours if at > now]
        if coming:
            return coming[0]
        day += timedelta(days=1)


def totals(stage: Stage, day: date) -> DayTotals:
    """What the world has seen up to the end of a day."""
    media = [notice.medium for notice in stage.receivers.notices]
    return DayTotals(
        on=day,
        claims=sum(len(office.submitted) for office in stage.offices.offices.values()),
        mails=media.count("email"),
        sms=media.count("sms"),
        letters=len(stage.post.letters),
        payments=stage.bank.received,
        received_cents=stage.bank.received_cents,
        remitted_cents=stage.bank.remitted_cents,
        disputes=stage.debtors.disputes_filed,
        with_partners=len(list(stage.folders.partners.glob("*/HandoffOrdered-*.json"))),
    )
