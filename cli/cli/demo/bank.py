"""The bank of the demo: takes transfers and payment files, books them on its days, and writes statements at 06:00."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

from lxml import etree as untyped_etree  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]

from cli.demo.bank_days import BANK_TIME, instant, next_bank_day
from cli.demo.statements import Booking, StatementFile, write_statement

etree: Any = cast("Any", untyped_etree)
DONE = "done"  # where taken files go, on both sides


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """A debtor's order to his bank. With `issuer` the reference is structured, else `text` is what he typed."""

    amount_cents: int
    to_iban: str
    payer: str
    payer_iban: str
    issuer: str = ""
    reference: str = ""
    text: str = ""


@dataclass(kw_only=True)
class TrustBook:
    """One trust account as the bank keeps it."""

    country: str
    iban: str
    bic: str
    holder: str
    balance_cents: int = 0
    sequence_number: int = 0
    closed_on: date
    entries: int = 0
    bookings: list[Booking] = field(default_factory=list[Booking])  # since the last statement

    def book(self, booking: Booking) -> None:
        """Booked, to stand in the next statement."""
        self.bookings.append(booking)

    def next_bank_reference(self, on: date) -> str:
        """The bank's own reference of an entry: unique, and the same in every run."""
        self.entries += 1
        return f"{self.country}{on:%y%m%d}{self.entries:08d}"


@dataclass(frozen=True, kw_only=True)
class PaymentOrder:
    """One credit transfer of a payment file."""

    execute_on: date
    from_iban: str
    amount_cents: int
    creditor: str
    creditor_iban: str
    end_to_end_id: str
    text: str


class Bank:
    """Both trust accounts, and the folders that the agency's channel has with the bank."""

    def __init__(self, *, agency_file: Path, inbound: Path, outbound: Path, opened_on: date) -> None:
        accounts: Mapping[str, Mapping[str, str]] = tomllib.loads(agency_file.read_text("utf-8"))["trust_account"]
        self.inbound, self.outbound = inbound, outbound
        self.books = {
            country: TrustBook(
                country=country,
                iban=row["iban"].replace(" ", ""),
                bic=row["bic"],
                holder=row["holder"],
                closed_on=opened_on,
            )
            for country, row in accounts.items()
        }
        self.received = 0
        self.received_cents = 0
        self.remitted_cents = 0
        self.refused = 0
        self.closings: dict[str, int] = {}  # statement, cents
        self._orders: list[PaymentOrder] = []
        for folder in (inbound, outbound / DONE):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def balance_cents(self) -> int:
        """What the last statements say is there."""
        return sum(book.balance_cents for book in self.books.values())

    def pay(self, transfer: Transfer, *, on: date) -> None:
        """Book a debtor's transfer on this day or the next bank day. One to a stranger is none of our matter."""
        book = next((book for book in self.books.values() if book.iban == transfer.to_iban), None)
        if book is None:
            self.refused += 1
            return
        booked_on = next_bank_day(on)
        book.book(
            Booking(
                amount_cents=transfer.amount_cents,
                booked_on=booked_on,
                bank_reference=book.next_bank_reference(booked_on),
                other_name=transfer.payer,
                other_iban=transfer.payer_iban,
                issuer=transfer.issuer,
                reference=transfer.reference,
                text=transfer.text,
            )
        )

    def open_morning(self, day: date) -> list[Path]:
        """06:00 of a bank day: a statement of each account up to yesterday, then the orders of today are executed.
        Returns the statements' files, which the ledger takes away.
        """
        self._take_orders()
        files = [self._write_statement(book, day) for book in self.books.values()]
        due = [order for order in self._orders if order.execute_on <= day]
        self._orders = [order for order in self._orders if order.execute_on > day]
        for order in sorted(due, key=lambda order: (order.execute_on, order.creditor, order.from_iban)):
            self._execute(order, day)
        return files

    def _execute(self, order: PaymentOrder, day: date) -> None:
        book = next(book for book in self.books.values() if book.iban == order.from_iban)
        book.book(
            Booking(
                amount_cents=-order.amount_cents,
                booked_on=day,
                bank_reference=book.next_bank_reference(day),
                other_name=order.creditor,
                other_iban=order.creditor_iban,
                end_to_end_id=order.end_to_end_id,
                text=order.text,
            )
        )

    def _write_statement(self, book: TrustBook, day: date) -> Path:
        bookings = [booking for booking in book.bookings if booking.booked_on < day]
        book.bookings = [booking for booking in book.bookings if booking.booked_on >= day]
        book.sequence_number += 1
        closed_on = day - timedelta(days=1)
        statement = StatementFile(
            statement_id=f"{book.country}-{day:%Y%m%d}-{book.sequence_number:04d}",
            sequence_number=book.sequence_number,
            created_at=instant(day, BANK_TIME),
            iban=book.iban,
            bic=book.bic,
            holder=book.holder,
            opened_on=book.closed_on,
            closed_on=closed_on,
            opening_cents=book.balance_cents,
            bookings=bookings,
        )
        book.balance_cents, book.closed_on = statement.closing_cents, closed_on
        self.closings[statement.statement_id] = statement.closing_cents
        receipts = [booking.amount_cents for booking in bookings if booking.amount_cents > 0]
        self.received += len(receipts)
        self.received_cents += sum(receipts)
        self.remitted_cents -= sum(booking.amount_cents for booking in bookings if booking.amount_cents < 0)
        return put_whole(self.inbound / f"{day}-{book.country}.xml", write_statement(statement))

    def _take_orders(self) -> None:
        for path in sorted(self.outbound.glob("*.xml")):
            self._orders += read_payment_file(path.read_bytes())
            path.replace(self.outbound / DONE / path.name)


def read_payment_file(raw: bytes) -> Sequence[PaymentOrder]:
    """The transfers of a pain.001 file."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(raw, parser)
    return [
        PaymentOrder(
            execute_on=date.fromisoformat(payment.findtext("{*}ReqdExctnDt/{*}Dt")),
            from_iban=payment.findtext("{*}DbtrAcct/{*}Id/{*}IBAN"),
            amount_cents=int(transfer.findtext("{*}Amt/{*}InstdAmt").replace(".", "")),
            creditor=transfer.findtext("{*}Cdtr/{*}Nm"),
            creditor_iban=transfer.findtext("{*}CdtrAcct/{*}Id/{*}IBAN"),
            end_to_end_id=transfer.findtext("{*}PmtId/{*}EndToEndId"),
            text=transfer.findtext("{*}RmtInf/{*}Ustrd") or "",
        )
        for payment in root.iterfind(".//{*}PmtInf")
        for transfer in payment.iterfind("{*}CdtTrfTxInf")
    ]


def put_whole(path: Path, text: str) -> Path:
    """A file that is there whole or not at all."""
    draft = path.with_name(f"{path.name}.tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return path
