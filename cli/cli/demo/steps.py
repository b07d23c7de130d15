"""The loop: time goes to the next deed of the world or the next alarm, and on only when the platform is quiet."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from cli.demo.account import make_account
from cli.demo.bank_days import BANK_TIME, WORLD_TIME, instant, is_bank_day, is_post_day, local_day
from cli.demo.handing_over import wait_for_files
from cli.demo.show import DayTotals, Show
from cli.demo.stage import Setting, Stage, set_up
from cli.demo.world import FIRST_DAY
from local_stack.faults import LocalStackError

MOST_STEPS = 500  # in 90 days; more of them would be a fault of the platform, which rests until something is due
MOST_ROUNDS = 50  # of one step, until platform and partners have nothing to say to each other


class DemoError(LocalStackError):
    """The demo can't go on; says why."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """The account, and the seconds that each step took to settle."""

    figures: dict[str, Any]
    settle_seconds: list[float]


async def play(setting: Setting, show: Show) -> Played:
    """Play the whole demo on an empty folder, empty databases and no topics; everything started here is stopped."""
    async with AsyncExitStack() as exits:
        stage = await set_up(setting, show, exits)
        await begin(stage, show)
        await play_days(stage, show)
        said = await stage.witness.catch_up()
        figures = make_account(
            seed=setting.seed,
            days=setting.days,
            steps=len(stage.settle_seconds),
            seconds=time.monotonic() - setting.began,
            folders=stage.folders,
            offices=stage.offices.offices.values(),
            bank=stage.bank,
            debtors=stage.debtors,
            notices=[*stage.receivers.notices, *(letter.notice for letter in stage.post.letters)],
            said=said,
        )
    return Played(figures=figures, settle_seconds=stage.settle_seconds)


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
        if len(stage.settle_seconds) >= most_steps(stage.setting.days):
            raise DemoError(f"more than {most_steps(stage.setting.days)} steps before {coming}")
        await take_step(stage, coming, is_deed=coming == deed, is_alarm=coming == alarm)


def most_steps(days: int) -> int:
    """500, and in proportion for more than 90 days."""
    return max(MOST_STEPS, MOST_STEPS * days // 90)


async def take_step(stage: Stage, coming: datetime, *, is_deed: bool, is_alarm: bool) -> None:
    """One instant: alarms first, then what the world does, each until all is quiet."""
    began = time.perf_counter()
    stage.clock.now = coming
    await stage.stepper.move_to(coming)
    beside = asyncio.ensure_future(stage.beside_step(coming)) if stage.beside_step else None
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
