"""All who act in a demo, set up on servers that run: world, doubles, the five services, partners."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cli.demo.account import Folders
from cli.demo.bank import Bank
from cli.demo.bank_days import BANK_TIME, instant
from cli.demo.debtors import Debtors
from cli.demo.handing_over import OPERATOR_KEY, Offices
from cli.demo.http import HttpClient
from cli.demo.partners import Partners
from cli.demo.post import Post
from cli.demo.receivers import Receivers
from cli.demo.show import Show
from cli.demo.witness import Witness
from cli.demo.world import FIRST_DAY, World, make_world
from common.stepping import Stepped, Stepper
from contracts.registry import topics_of
from local_stack.platform import SERVICES, Platform
from local_stack.ports import LOOPBACK, Ports
from local_stack.sms import LOCAL_ACCOUNT_SID, LOCAL_AUTH_TOKEN, LOCAL_SENDER

DATABASE_PREFIX, TOPIC_PREFIX = "quittance_demo_", "demo_"
BesideStep = Callable[[datetime], Awaitable[None]]
"""Called beside the work of each step, with its instant."""
Interference = Callable[[Platform], AbstractAsyncContextManager[BesideStep]]
"""Open from when the services run until they are stopped: tests break things here."""


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
    began: float = field(default_factory=time.monotonic)  # the account's seconds run from here


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
    beside_step: BesideStep | None
    settle_seconds: list[float] = field(default_factory=list[float])


async def set_up(setting: Setting, show: Show, exits: AsyncExitStack) -> Stage:
    """World, doubles, topics, databases, services and partners; what was started ends with `exits`."""
    folders, clock = Folders(top=setting.top), Clock(now=instant(FIRST_DAY, BANK_TIME))
    receivers = Receivers(folders, now=lambda: clock.now)
    exits.callback(receivers.stop)
    receivers.start()
    platform = make_platform(setting, folders, receivers)
    stepper = await start_platform(platform, setting, clock, show, exits)
    partners = Partners(
        platform.partners,
        program=setting.partner_program,
        folder=folders.partners,
        bootstrap=setting.servers.bootstrap,
        partner_bootstrap=setting.servers.partner_bootstrap,
        prefix=setting.topic_prefix,
    )
    await exits.enter_async_context(partners)
    witness = Witness(bootstrap=setting.servers.bootstrap, prefix=setting.topic_prefix)
    await exits.enter_async_context(witness)
    world, http = make_world(seed=setting.seed, claims=setting.claims), HttpClient()
    debtors = Debtors(world.debtors, seed=setting.seed)
    bank = Bank(
        agency_file=setting.agency_file,
        inbound=folders.bank_in,
        outbound=folders.bank_out,
        opened_on=FIRST_DAY - timedelta(days=1),
    )
    interference = setting.interference
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
        bank=bank,
        post=Post(folders.letters, debtors),
        partners=partners,
        witness=witness,
        http=http,
        beside_step=await exits.enter_async_context(interference(platform)) if interference else None,
    )


async def start_platform(
    platform: Platform, setting: Setting, clock: Clock, show: Show, exits: AsyncExitStack
) -> Stepper:
    """The clocks stand before a service starts, so that none sees another time."""
    show.say("making topics and databases, applying migrations")
    await asyncio.to_thread(platform.prepare)
    stepped = {
        service: Stepped(
            database_url=platform.database(service).owner_url, topics=topics_of(service, platform.partners)
        )
        for service in platform.services
    }
    stepper = Stepper(stepped, bootstrap=setting.servers.bootstrap, prefix=setting.topic_prefix)
    await exits.enter_async_context(stepper)
    await stepper.move_to(clock.now)
    exits.callback(platform.stop)
    show.say("starting the services")
    await asyncio.to_thread(platform.start)
    return stepper


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
