"""Controls over a statement that was read: may it be posted? One block holds the whole statement."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from common.money import euro
from ledger.domain.fingerprints import entry_fingerprints, statement_key
from ledger.domain.statements import DeclaredTotal, Entry, EntryStatus, Message, Statement


class Outcome(StrEnum):
    """A block holds the whole statement, a warning is shown beside it."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    WARN = "warn"
    BLOCK = "block"


class Decision(StrEnum):
    """What becomes of the statement: booked, held for a person, or nothing because it was booked before."""

    BOOK = "book"
    HOLD = "hold"
    SKIP = "skip"


class Control(StrEnum):
    """What is looked at."""

    BOOKED_STATEMENT = "booked_statement"
    READABLE = "readable"
    REGISTERED_ACCOUNT = "registered_account"
    CURRENCY = "currency"
    COMPLETE = "complete"
    OPENING = "opening"
    EQUATION = "equation"
    SEQUENCE = "sequence"
    TOTALS = "totals"
    DETAILS = "details"
    DUPLICATES = "duplicates"
    DATES = "dates"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of one control, with a sentence that tells a person what is wrong and what to do."""

    control: Control
    outcome: Outcome
    text: str


@dataclass(frozen=True, kw_only=True)
class RegisteredAccount:
    """What we know of a trust account of ours before this statement; `last_*` is None before the first one."""

    iban: str
    currency: str = "EUR"
    last_closing_cents: int | None = None
    last_closed_on: date | None = None
    last_sequence_number: int | None = None
    known_statements: frozenset[UUID] = frozenset()
    known_entries: frozenset[UUID] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """All verdicts over one statement, and what follows."""

    decision: Decision
    verdicts: tuple[Verdict, ...]

    @property
    def reasons(self) -> tuple[Verdict, ...]:
        """The verdicts that a person must look at, blocks first."""
        blocks = [verdict for verdict in self.verdicts if verdict.outcome is Outcome.BLOCK]
        return (*blocks, *(verdict for verdict in self.verdicts if verdict.outcome is Outcome.WARN))


def judge_statement(
    statement: Statement, trust_account: RegisteredAccount | None, *, expected_from: date, expected_through: date
) -> Judgement:
    """Runs every control. `trust_account` is None when the statement's account is none of ours.

    A booking day outside of the two days (such as 60 days back to 5 days ahead) is only warned of.
    """
    if trust_account is not None and statement_key(statement) in trust_account.known_statements:
        text = f"Statement {statement.statement_id} was booked before; nothing is booked again."
        return Judgement(
            decision=Decision.SKIP,
            verdicts=(Verdict(control=Control.DUPLICATES, outcome=Outcome.WARN, text=text),),
        )
    verdicts = tuple(_verdicts(statement, trust_account, expected_from, expected_through))
    is_held = any(verdict.outcome is Outcome.BLOCK for verdict in verdicts)
    return Judgement(decision=Decision.HOLD if is_held else Decision.BOOK, verdicts=verdicts)


def entries_to_book(statement: Statement, trust_account: RegisteredAccount) -> tuple[tuple[UUID, Entry], ...]:
    """The booked entries not known yet, each with its fingerprint. Entries of zero move nothing and are left out."""
    return tuple(
        (fingerprint, entry)
        for fingerprint, entry in zip(entry_fingerprints(statement), statement.entries, strict=True)
        if entry.status is EntryStatus.BOOKED
        and entry.amount_cents != 0
        and fingerprint not in trust_account.known_entries
    )


def _verdicts(
    statement: Statement, trust_account: RegisteredAccount | None, expected_from: date, expected_through: date
) -> Iterator[Verdict]:
    yield _booked_statement(statement)
    yield _readable(statement)
    yield _registered_account(statement, trust_account)
    yield _currency(statement, trust_account)
    yield _complete(statement)
    yield _equation(statement)
    yield _totals(statement)
    yield _details(statement)
    yield _dates(statement, expected_from, expected_through)
    if trust_account is not None:
        yield _opening(statement, trust_account)
        yield _sequence(statement, trust_account)
        yield _duplicates(statement, trust_account)


def _verdict(control: Control, problem: str | None, outcome: Outcome = Outcome.BLOCK) -> Verdict:
    return Verdict(control=control, outcome=outcome if problem else Outcome.PASS, text=problem or "in order")


def _booked_statement(statement: Statement) -> Verdict:
    problem = None
    if statement.message is not Message.STATEMENT:
        problem = f"A {statement.message} only announces; wait for the camt.053 of the day."
    return _verdict(Control.BOOKED_STATEMENT, problem)


def _readable(statement: Statement) -> Verdict:
    blocking = [finding for finding in statement.findings if finding.blocks]
    if blocking:
        first = "; ".join(f"{finding.where}: {finding.text}" for finding in blocking[:3])
        return _verdict(
            Control.READABLE, f"{len(blocking)} places cannot be read ({first}). Ask the bank for the file."
        )
    if statement.findings:
        codes = ", ".join(sorted({finding.code for finding in statement.findings}))
        return _verdict(Control.READABLE, f"The file departs from the standard: {codes}.", Outcome.WARN)
    return _verdict(Control.READABLE, None)


def _registered_account(statement: Statement, trust_account: RegisteredAccount | None) -> Verdict:
    problem = None
    if trust_account is None or statement.account_number != trust_account.iban:
        problem = "The statement is of an account that is not registered as ours. Register it, or return the file."
    return _verdict(Control.REGISTERED_ACCOUNT, problem)


def _currency(statement: Statement, trust_account: RegisteredAccount | None) -> Verdict:
    registered = trust_account.currency if trust_account else statement.currency
    found = {entry.currency for entry in statement.entries} | {statement.currency or registered}
    problem = None
    if found != {registered}:
        names = ", ".join(sorted(currency or "none" for currency in found))
        problem = f"The account is kept in {registered}, the statement has {names}."
    return _verdict(Control.CURRENCY, problem)


def _complete(statement: Statement) -> Verdict:
    problem = None
    if statement.opening is None or statement.closing is None:
        missing = "opening" if statement.opening is None else "closing"
        problem = f"The {missing} balance is missing. Ask the bank for a complete statement."
    elif not statement.is_last_page:
        problem = "The last page of the statement is missing. Deliver all pages in one file."
    return _verdict(Control.COMPLETE, problem)


def _equation(statement: Statement) -> Verdict:
    if statement.opening is None or statement.closing is None:
        return _verdict(Control.EQUATION, "Without both balances the entries cannot be proved.")
    entries_cents = sum(entry.amount_cents for entry in statement.booked)
    expected = statement.opening.amount_cents + entries_cents
    difference = statement.closing.amount_cents - expected
    problem = None
    if difference:
        problem = (
            f"Opening {euro(statement.opening.amount_cents)} and {len(statement.booked)} booked entries of together"
            f" {euro(entries_cents)} give {euro(expected)}, but the statement closes at"
            f" {euro(statement.closing.amount_cents)}: {euro(difference)} is unexplained. Nothing is booked."
            " Ask the bank for the statement again."
        )
    return _verdict(Control.EQUATION, problem)


def _opening(statement: Statement, trust_account: RegisteredAccount) -> Verdict:
    problem = None
    last = trust_account.last_closing_cents
    if last is not None and statement.opening is not None and statement.opening.amount_cents != last:
        since = f" on {trust_account.last_closed_on.isoformat()}" if trust_account.last_closed_on else ""
        problem = (
            f"The statement opens at {euro(statement.opening.amount_cents)}, but the last one closed at"
            f" {euro(last)}{since}: a statement between them is missing, or is not booked yet. Deliver it first."
        )
    return _verdict(Control.OPENING, problem)


def _sequence(statement: Statement, trust_account: RegisteredAccount) -> Verdict:
    """The year's first statement starts at 1 again; a bank without numbers is judged by its balances alone."""
    number, last = statement.sequence_number, trust_account.last_sequence_number
    problem = None
    if number is not None and last is not None and number not in (last + 1, 1):
        problem = f"Statement number {number} follows number {last}: numbers are missing or repeated. Ask the bank."
    return _verdict(Control.SEQUENCE, problem)


def _totals(statement: Statement) -> Verdict:
    every = [entry.amount_cents for entry in statement.entries]
    booked = [entry.amount_cents for entry in statement.booked]
    problems: list[str] = []
    for name, declared, sign in (
        ("entries", statement.declared_all, 0),
        ("credits", statement.declared_credits, 1),
        ("debits", statement.declared_debits, -1),
    ):
        if declared is not None and not any(_agrees(declared, amounts, sign) for amounts in (every, booked)):
            problems.append(f"{name}: {declared.count} of {euro(declared.sum_cents or 0)} declared")
    text = (
        f"Declared counts or totals differ from the entries ({'; '.join(problems)}). Ask the bank."
        if problems
        else None
    )
    return _verdict(Control.TOTALS, text)


def _agrees(declared: DeclaredTotal, amounts: list[int], sign: int) -> bool:
    counted = [abs(cents) for cents in amounts if sign == 0 or cents * sign > 0]
    zeros = sum(cents == 0 for cents in amounts) if sign else 0  # an entry of zero may be declared on either side
    return (declared.count is None or len(counted) <= declared.count <= len(counted) + zeros) and (
        declared.sum_cents is None or declared.sum_cents == sum(counted)
    )


def _details(statement: Statement) -> Verdict:
    odd = [entry.ordinal for entry in statement.booked if not entry.details_add_up]
    problem = None
    if odd:
        numbers = ", ".join(map(str, odd[:10]))
        problem = f"The payments inside entry {numbers} do not add up to it; it is booked whole and needs a person."
    return _verdict(Control.DETAILS, problem, Outcome.WARN)


def _duplicates(statement: Statement, trust_account: RegisteredAccount) -> Verdict:
    known = sum(fingerprint in trust_account.known_entries for fingerprint in entry_fingerprints(statement))
    problem = None
    if known or statement.is_duplicate:
        problem = f"{known} of {len(statement.entries)} entries are known and are not booked again."
    return _verdict(Control.DUPLICATES, problem, Outcome.WARN)


def _dates(statement: Statement, expected_from: date, expected_through: date) -> Verdict:
    odd = [entry.ordinal for entry in statement.booked if not expected_from <= entry.booked_on <= expected_through]
    days = f"{expected_from.isoformat()} to {expected_through.isoformat()}"
    problem = f"{len(odd)} entries are booked outside of {days}; look whether the file is an old one." if odd else None
    return _verdict(Control.DATES, problem, Outcome.WARN)
