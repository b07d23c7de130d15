"""The account of a demo: counted from files that receivers hold and from what was said on Kafka; it must add up."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.demo.bank import Bank
from cli.demo.debtors import Debtors
from cli.demo.handing_over import Office
from cli.demo.mailbox import Notice
from cli.demo.witness import Said, Stop
from local_stack.faults import LocalStackError


class AccountError(LocalStackError):
    """The figures do not add up; says which."""


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where everything of a demo lies."""

    top: Path

    @property
    def portfolio(self) -> Path:
        """Watched folders of the clients, and copies of what they sent by HTTP."""
        return self.top / "portfolio"

    @property
    def mail(self) -> Path:
        """Accepted mails."""
        return self.top / "mail"

    @property
    def sms(self) -> Path:
        """Accepted SMS."""
        return self.top / "sms"

    @property
    def letters(self) -> Path:
        """Print batches."""
        return self.top / "letters"

    @property
    def bank_in(self) -> Path:
        """Statements."""
        return self.top / "bank" / "in"

    @property
    def bank_out(self) -> Path:
        """Payment files."""
        return self.top / "bank" / "out"

    @property
    def partners(self) -> Path:
        """What partners keep."""
        return self.top / "partners"

    @property
    def account_file(self) -> Path:
        """The account itself."""
        return self.top / "account.json"

    @property
    def timings(self) -> Path:
        """How long each step took to settle."""
        return self.top / "timings.json"

    def named(self) -> dict[str, str]:
        """For the account."""
        named = {
            "portfolio": self.portfolio,
            "mail": self.mail,
            "sms": self.sms,
            "letters": self.letters,
            "bank_in": self.bank_in,
            "bank_out": self.bank_out,
            "partners": self.partners,
            "account": self.account_file,
            "timings": self.timings,
            "log": self.top / "log",
        }
        return {name: str(path) for name, path in named.items()}


def make_account(
    *,
    seed: int,
    days: int,
    steps: int,
    seconds: float,
    folders: Folders,
    offices: Iterable[Office],
    bank: Bank,
    debtors: Debtors,
    notices: Iterable[Notice],
    said: Said,
) -> dict[str, Any]:
    """The account as JSON. Raises AccountError naming every equation that does not hold."""
    notices, offices = list(notices), list(offices)
    submitted, refused = (sum(len(getattr(o, kind)) for o in offices) for kind in ("submitted", "refused"))
    states = Counter(state_of(case_file, said) for case_file in said.opened)
    bank_cents, owed_cents = bank.balance_cents, said.owed_cents
    figures: dict[str, Any] = {
        "seed": seed,
        "simulated_days": days,
        "steps": steps,
        "claims": {"submitted": submitted, "accepted": len(said.accepted), "refused": refused},
        "case_files": {"opened": len(said.opened)}
        | {state: states[state] for state in ("paid", "on_hold", "handed_off", "open")},
        "holds": dict(sorted(Counter(said.held.values()).items())),
        "disputes": len(said.disputed),
        "handoffs": dict(sorted(Counter(said.handed_off.values()).items())),
        "recalled": len(said.recalled),
        "messages": count_messages(folders),
        "payments": {
            "received": bank.received,
            "matched": len(said.matched),
            "unmatched": len(said.unmatched),
            "amount_cents": bank.received_cents,
        },
        "remitted_cents": bank.remitted_cents,
        "trust_account": {
            "bank_cents": bank_cents,
            "owed_cents": owed_cents,
            "difference_cents": bank_cents - owed_cents,
        },
        "sent_after_payment": count_sent_after_payment(notices, said),
        "seconds": round(seconds, 1),
        "files": folders.named(),
    }
    told = sum(len(office.accepted) for office in offices)
    check(figures, bank=bank, debtors=debtors, accepted_told=told, notices=notices, said=said)
    return figures


def count_messages(folders: Folders) -> dict[str, int]:
    """What the receivers hold."""
    return {
        "email": len(list(folders.mail.glob("*.eml"))),
        "sms": len(list(folders.sms.glob("*.json"))),
        "letter": len(list(folders.letters.glob("*/letters/*.pdf"))),
    }


def state_of(case_file: Any, said: Said) -> str:
    """Where a case file stands: paid before all, then with a partner, then on hold."""
    if case_file in said.paid:
        return "paid"
    if case_file in said.handed_off:
        return "handed_off"
    return "on_hold" if case_file in said.held else "open"


def count_sent_after_payment(notices: Iterable[Notice], said: Said) -> int:
    """How many messages a receiver accepted after the ledger had committed the payment that stops their case file."""
    stops = {said.opened[case_file]: stop for case_file, stop in said.paid.items()}
    return sum(1 for notice in notices if is_after(notice, stops.get(notice.reference_number)))


def is_after(notice: Notice, stop: Stop | None) -> bool:
    """By simulated time, and at one simulated instant by the system's time of record and acceptance."""
    if stop is None:
        return False
    if notice.accepted_at != stop.at:
        return notice.accepted_at > stop.at
    return notice.accepted_seconds > stop.recorded_seconds


def check(
    figures: Mapping[str, Any],
    *,
    bank: Bank,
    debtors: Debtors,
    accepted_told: int,
    notices: list[Notice],
    said: Said,
) -> None:
    """Raise AccountError with every equation that does not hold."""
    claims, case_files, payments = figures["claims"], figures["case_files"], figures["payments"]
    trust, messages = figures["trust_account"], figures["messages"]
    equations: dict[str, tuple[object, object]] = {
        "submitted = accepted + refused": (claims["submitted"], claims["accepted"] + claims["refused"]),
        "accepted = accepted as clients were told": (claims["accepted"], accepted_told),
        "opened = paid + on_hold + handed_off + open": (
            case_files["opened"],
            sum(case_files[state] for state in ("paid", "on_hold", "handed_off", "open")),
        ),
        "received = matched + unmatched": (payments["received"], payments["matched"] + payments["unmatched"]),
        "amount received = amount matched + amount unmatched": (
            payments["amount_cents"],
            sum(said.matched.values()) + sum(said.unmatched.values()),
        ),
        "bank = received - remitted": (trust["bank_cents"], payments["amount_cents"] - figures["remitted_cents"]),
        "remitted by the bank = remitted by the ledger": (figures["remitted_cents"], sum(said.remitted.values())),
        "bank - owed = 0": (trust["difference_cents"], 0),
        "statements written = statements proved": (bank.closings, said.closings),
        "statements with a difference": (said.broken, []),
        "statements held": (said.statements_held, []),
        "messages read = messages accepted": (len(notices), sum(messages.values())),
        "messages to nobody": (debtors.strays, 0),
        "payments to an account of nobody's": (bank.refused, 0),
        "disputes filed = disputes told": (debtors.disputes_filed, len(said.disputed)),
        "disputes refused": (debtors.disputes_refused, 0),
        "messages sent after payment": (figures["sent_after_payment"], 0),
    }
    wrong = [f"{name}: {left} is not {right}" for name, (left, right) in equations.items() if left != right]
    if wrong:
        raise AccountError("the account does not add up:\n" + "\n".join(wrong))


def write_account(figures: Mapping[str, Any], folders: Folders, settle_seconds: list[float]) -> None:
    """`account.json`, and beside it what differs from run to run."""
    folders.account_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    timings = {
        "steps": len(settle_seconds),
        "median_seconds": round(percentile(settle_seconds, 50), 3),
        "p90_seconds": round(percentile(settle_seconds, 90), 3),
        "most_seconds": round(max(settle_seconds, default=0.0), 3),
        "total_seconds": round(sum(settle_seconds), 1),
    }
    folders.timings.write_text(json.dumps(timings, indent=2) + "\n", encoding="utf-8")


def percentile(values: list[float], percent: int) -> float:
    """The value below which so many percent lie; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0.0
