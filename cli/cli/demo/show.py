"""What a person sees: the days going by, and the account at the end. Plain lines where there is no terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.demo.account import percentile
from common.money import euro

DAYS_SHOWN = 8
PLAIN_EVERY_DAYS = 7
COLUMNS = ("day", "claims", "e-mail", "SMS", "letters", "payments", "received", "paid out", "disputes", "legal")


@dataclass(frozen=True, kw_only=True)
class DayTotals:
    """Totals since the first day, as the world sees them."""

    on: date
    claims: int
    mails: int
    sms: int
    letters: int
    payments: int
    received_cents: int
    remitted_cents: int
    disputes: int
    with_partners: int


class Show:
    """The live view; use as a context."""

    def __init__(self, console: Console, *, days: int) -> None:
        self.console, self.days = console, days
        self.rows: list[DayTotals] = []
        self.progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f} days"),
            TimeElapsedColumn(), console=console,
        )  # fmt: skip
        self.task = self.progress.add_task("starting", total=days)
        self.live = Live(self._view(), console=console, refresh_per_second=8) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self.live is not None:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live is not None:
            self.live.stop()

    def say(self, text: str) -> None:
        """What is being done before the first day."""
        self.progress.update(self.task, description=text)
        if self.live is None:
            self.console.print(text, style="dim")
        else:
            self.live.update(self._view())

    def day_passed(self, totals: DayTotals, *, number: int) -> None:
        """A simulated day is over."""
        self.rows.append(totals)
        self.progress.update(self.task, description=f"{totals.on:%a %d %b %Y}", completed=number)
        if self.live is not None:
            self.live.update(self._view())
        elif number % PLAIN_EVERY_DAYS == 0 or number == self.days:
            self.console.print(
                f"{totals.on}: {totals.claims} claims handed over; sent {totals.mails} e-mails, {totals.sms} SMS,"
                f" {totals.letters} letters; {totals.payments} payments, {euro(totals.received_cents)} received,"
                f" {euro(totals.remitted_cents)} paid out; {totals.disputes} disputes;"
                f" {totals.with_partners} files with partners",
                soft_wrap=True,
            )

    def _view(self) -> Group:
        table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
        for name in COLUMNS:
            table.add_column(name, justify="left" if name == "day" else "right", no_wrap=True)
        for row in self.rows[-DAYS_SHOWN:]:
            table.add_row(
                f"{row.on:%a %d %b}", str(row.claims), str(row.mails), str(row.sms), str(row.letters),
                str(row.payments), whole_euro(row.received_cents), whole_euro(row.remitted_cents), str(row.disputes),
                str(row.with_partners),
            )  # fmt: skip
        return Group(self.progress, table)


def whole_euro(cents: int) -> str:
    """An amount without its cents, to be looked at while it grows."""
    return f"€{cents // 100:,}"


def show_account(console: Console, figures: Mapping[str, Any], settle_seconds: Sequence[float]) -> None:
    """The account for people: what happened, the money, where to look."""
    console.print()
    console.print(_what_happened(figures))
    console.print(_money(figures))
    settled = list(settle_seconds)
    console.print(
        f"[bold]{figures['simulated_days']} days[/] in {figures['seconds']} seconds: {figures['steps']} steps, each"
        f" quiet after {percentile(settled, 50):.3f} s (median), {percentile(settled, 90):.3f} s (p90)"
    )
    console.print(
        f"Messages sent after the payment that stops a file: [bold]{figures['sent_after_payment']}[/]", end="\n\n"
    )
    places = Table(title="Where to look", title_justify="left", box=None, show_header=False, padding=(0, 2))
    for name, path in figures["files"].items():
        places.add_row(name, path)
    console.print(places)


def _what_happened(figures: Mapping[str, Any]) -> Table:
    table = Table(title="What happened", title_justify="left", box=None, show_header=False, padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    claims, case_files, messages = figures["claims"], figures["case_files"], figures["messages"]
    table.add_row("claims", str(claims["submitted"]), f"{claims['accepted']} accepted, {claims['refused']} refused")
    holds = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in figures["holds"].items())
    table.add_row(
        "case files",
        str(case_files["opened"]),
        f"{case_files['paid']} paid, {case_files['handed_off']} with a partner, {case_files['on_hold']} on hold,"
        f" {case_files['open']} open",
    )
    table.add_row("holds placed", str(sum(figures["holds"].values())), holds)
    table.add_row(
        "messages",
        str(sum(messages.values())),
        f"{messages['email']} e-mails, {messages['sms']} SMS, {messages['letter']} letters",
    )
    partners = ", ".join(f"{count} to {partner}" for partner, count in figures["handoffs"].items())
    table.add_row("handed off", str(sum(figures["handoffs"].values())), f"{partners}; {figures['recalled']} recalled")
    return table


def _money(figures: Mapping[str, Any]) -> Table:
    table = Table(title="Money", title_justify="left", box=None, show_header=False, padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    payments, trust = figures["payments"], figures["trust_account"]
    table.add_row(
        "received",
        euro(payments["amount_cents"]),
        f"{payments['received']} payments: {payments['matched']} matched, {payments['unmatched']} in suspense",
    )
    table.add_row("paid out to clients", euro(figures["remitted_cents"]), "")
    table.add_row("at the bank", euro(trust["bank_cents"]), "both trust accounts")
    table.add_row("owed to others", euro(trust["owed_cents"]), f"difference {euro(trust['difference_cents'])}")
    return table
