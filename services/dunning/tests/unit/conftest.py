"""A small world around dunning: it folds what is due, posts what is sent, and answers as the other services would."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from common.decisions import Due
from common.fold import Loaded, fold
from common.ids import name_id
from common.messages import Message, Personal
from common.records import Arrival
from contracts.dunning import AskContact, GrantContact, NoticeTermExpired, RefuseContact
from contracts.intake import CaseFileOpened, ClaimAccepted
from contracts.ledger import (
    AllocationPart,
    CaseFilePaid,
    Charge,
    CostCharged,
    InterestTerms,
    PaymentAllocated,
    PaymentReversed,
    PaymentShare,
)
from contracts.legal import Balance
from contracts.notifications import Content, MessageFailed, MessageRecalled, MessageSent, RecallMessage, SendMessage
from contracts.values import Address, ClaimTerms, Creditor, DebtorContact, DebtorFacts, Mandate, Segment
from dunning.consumers import consumers
from dunning.domain.agency import read_agency
from dunning.domain.case_file import CASE_FILE, CaseFile
from dunning.domain.composer import House
from dunning.domain.debtor import DEBTOR
from dunning.domain.receipts import DecisionReceipt

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
TOKEN = "00112233445566778899aabbccddeeff"  # noqa: S105  everybody may know it
AGENCY_FILE = Path(__file__).parents[4] / "agency.toml"
SERIES = {
    Segment.NL_CONSUMER: "nl_6_119",
    Segment.NL_ENTERPRISE: "nl_6_119a",
    Segment.BE_CONSUMER: None,
    Segment.BE_ENTERPRISE: "be_b2b",
}
CONTACT_COMMANDS = (GrantContact, RefuseContact)


def a_local_time(day: date, at: str = "00:00") -> datetime:
    return datetime.combine(day, time.fromisoformat(at), AMSTERDAM).astimezone(UTC)


def an_address(country: str = "NL", city: str = "Utrecht") -> Address:
    return Address(street="Dorpsstraat", house_number="1", postcode="3511 AB", city=city, country=country)


def a_mandate(*, judicial_phase_approved: bool = True, can_deduct_vat: bool = True, is_sme: bool = True) -> Mandate:
    creditor = Creditor(
        client_id=name_id("client", "bakker"),
        name="Bakker Energie B.V.",
        address=an_address(),
        email="debiteuren@bakker.example",
        phone="+31301234567",
        enterprise_number="12345678",
        country="NL",
        is_sme=is_sme,
        can_deduct_vat=can_deduct_vat,
    )
    return Mandate(creditor=creditor, judicial_phase_approved=judicial_phase_approved, payout_rhythm="weekly")


def a_debtor(segment: Segment, **changed: Any) -> DebtorFacts:
    contact = {"name": "J. Jansen", "address": an_address(), "email": "jansen@mail.example", "phone": "+31612345678"}
    contact |= {name: changed.pop(name) for name in tuple(changed) if name in contact}
    is_consumer = segment in {Segment.NL_CONSUMER, Segment.BE_CONSUMER}
    facts = {
        "debtor_id": name_id("debtor", "jansen"),
        "is_natural_person": is_consumer,
        "acts_as_consumer": is_consumer,
        "enterprise_number": None if is_consumer else "0789123407",
        "country": "NL" if segment.value.startswith("nl") else "BE",
        "language": "nl",
        "contact": Personal.pack(DebtorContact(**contact)),
    }
    return DebtorFacts(**{**facts, **changed})


def a_claim(number: int = 1, *, cents: int = 76_000, due_on: date = date(2026, 1, 14), **changed: Any) -> ClaimTerms:
    facts = {
        "claim_id": name_id("claim", number),
        "client_reference": f"R{number}",
        "invoice_number": f"2026-{number:03d}",
        "invoice_on": date(2025, 12, 31),
        "due_on": due_on,
        "contract_on": date(2025, 1, 1),
        "description": "Levering van gas en stroom",
        "principal_cents": cents,
        "is_commercial_contract": False,
    }
    return ClaimTerms(**{**facts, **changed})


@dataclass
class World:
    """One case file, its debtor, and whoever answers dunning. Time is stepped from due instant to due instant."""

    segment: Segment
    now: datetime = field(default_factory=lambda: a_local_time(date(2026, 3, 2), "08:00"))
    mandate: Mandate = field(default_factory=a_mandate)
    debtor_changes: dict[str, Any] = field(default_factory=dict)
    house: House | None = None
    bounces: set[str] = field(default_factory=set)  # media in which messages fail
    printing_works: bool = True
    ledger_answers: bool = True
    costs_cents: int = 7_800  # the cap of a Belgian clause on 760
    vat_cents: int = 0
    told: list[tuple[datetime, Message]] = field(default_factory=list)
    receipts: list[DecisionReceipt] = field(default_factory=list)
    parked: list[tuple[Message, str]] = field(default_factory=list)
    waiting: list[Arrival] = field(default_factory=list)
    in_print: list[tuple[datetime, SendMessage]] = field(default_factory=list)
    rows: dict[tuple[str, UUID], tuple[int, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        agency = read_agency(AGENCY_FILE.read_text("utf-8"))
        house = self.house or House(agency=agency, dispute_url="https://pay.example/disputes")
        self.consumers = consumers(house)
        self.case_file_id = name_id("case_file", self.segment)
        self.debtor = a_debtor(self.segment, **self.debtor_changes)

    # --- facts ---------------------------------------------------------------------------------------

    def open_file(self) -> CaseFileOpened:
        return CaseFileOpened(
            case_file_id=self.case_file_id,
            reference_number="1234567890",
            segment=self.segment,
            mandate=self.mandate,
            debtor=self.debtor,
        )

    def accept(self, *claims: ClaimTerms) -> list[Message]:
        return [ClaimAccepted(case_file_id=self.case_file_id, terms=terms) for terms in claims]

    def interest_of(self, *claims: ClaimTerms) -> tuple[InterestTerms, ...]:
        series = SERIES[self.segment]
        starts = [(terms.claim_id, terms.due_on + timedelta(days=1)) for terms in claims]
        return tuple(InterestTerms(claim_id=id_, from_on=on, series=series) for id_, on in starts if series)

    def charged_at_acceptance(self, *claims: ClaimTerms, cents: int = 0) -> CostCharged:
        charges = [Charge(claim_id=claims[0].claim_id, kind="costs", amount_cents=cents, on=claims[0].due_on, rule="X")]
        return CostCharged(
            case_file_id=self.case_file_id,
            notice_id=None,
            charges=tuple(charges) if cents else (),
            interest=self.interest_of(*claims),
        )

    def payment(self, cents: int, *, on: date, claim: ClaimTerms | None = None) -> PaymentAllocated:
        claim_id = (claim or a_claim()).claim_id
        return PaymentAllocated(
            case_file_id=self.case_file_id,
            payment_id=name_id("payment", cents, on),
            amount_cents=cents,
            value_on=on,
            parts=(AllocationPart(claim_id=claim_id, principal_cents=cents),),
            overpaid_cents=0,
            open_cents=0,
        )

    def paid(self, on: date) -> CaseFilePaid:
        return CaseFilePaid(case_file_id=self.case_file_id, payment_id=name_id("payment", on), paid_on=on)

    def reversal(self, payment: PaymentAllocated, *left: PaymentAllocated, open_cents: int = 76_000) -> PaymentReversed:
        """The bank took a payment back; `left` are those that count still."""
        shares = [
            PaymentShare(
                payment_id=one.payment_id,
                claim_id=part.claim_id,
                amount_cents=part.principal_cents,
                value_on=one.value_on,
            )
            for one in left
            for part in one.parts
        ]
        buckets = dict.fromkeys(("late_interest_cents", "costs_cents", "indemnity_cents", "paid_cents"), 0)
        on = self.now.astimezone(AMSTERDAM).date()
        return PaymentReversed(
            case_file_id=self.case_file_id,
            payment_id=payment.payment_id,
            amount_cents=payment.amount_cents,
            value_on=on,
            parts=(),
            overpaid_cents=-payment.amount_cents,
            open_cents=open_cents,
            all_shares=tuple(shares),
            balance=Balance(as_of=on, principal_cents=open_cents, open_cents=open_cents, **buckets),
        )

    def start(self, *claims: ClaimTerms) -> "World":
        chosen = claims or (a_claim(),)
        for message in (self.open_file(), *self.accept(*chosen), self.charged_at_acceptance(*chosen)):
            self.deliver(message)
        return self

    # --- folding -------------------------------------------------------------------------------------

    def deliver(self, message: Message) -> None:
        """Fold a message into its thing, and whatever follows from it at this instant."""
        queue = [message]
        while queue:
            self.fold_one(queue.pop(0), queue)

    def fold_one(self, message: Message, queue: list[Message]) -> None:
        is_ask = isinstance(message, AskContact)
        thing = DEBTOR if is_ask else CASE_FILE
        key = message.debtor_id if is_ask else self.case_file_id
        version, state = self.rows.get((thing.name, key), (0, None))
        arrivals = [Arrival(message=message, source="test", source_id=str(len(self.told)))]
        waiting = [] if is_ask else list(enumerate(self.waiting, start=1))
        loaded = Loaded(
            key=key,
            version=version,
            state=state,
            sequences={},
            drawn={"token": TOKEN} if not is_ask else {},
            waiting=waiting,
        )
        folded = fold(thing, loaded, arrivals, consumers=self.consumers, now=self.now)
        if not is_ask:
            released = {id(arrival) for _, arrival in folded.released}
            self.waiting = [a for a in self.waiting if id(a) not in released] + [a for a, _ in folded.held]
        self.parked += [(arrival.message, code) for arrival, code, _ in folded.parked]
        restored = None if folded.state is None else thing.adapter.validate_json(thing.adapter.dump_json(folded.state))
        assert restored == folded.state  # what is stored is what was decided
        self.rows[thing.name, key] = (version + folded.steps, restored)
        self.receipts += folded.rows
        for sent, _ in folded.sent:
            self.told.append((self.now, sent))
            queue += self.answers_to(sent)

    def answers_to(self, sent: Message) -> list[Message]:
        match sent:
            case AskContact() | GrantContact() | RefuseContact():
                return [sent]
            case SendMessage() if sent.medium == "letter" and sent.medium not in self.bounces:
                cut_off = a_local_time(self.now.astimezone(AMSTERDAM).date(), "17:00")
                self.in_print.append((cut_off, sent))
                return []
            case SendMessage():
                return [self.outcome_of(sent)]
            case RecallMessage():
                recalled = [one for one in self.in_print if one[1].message_id == sent.message_id]
                self.in_print = [one for one in self.in_print if one not in recalled]
                return [
                    MessageRecalled(case_file_id=self.case_file_id, message_id=sent.message_id, medium="letter")
                    for _ in recalled
                ]
            case NoticeTermExpired() if self.ledger_answers:
                return [self.ledger_answer(sent)]
            case _:
                return []

    def outcome_of(self, sent: SendMessage) -> Message:
        facts = {"case_file_id": sent.case_file_id, "message_id": sent.message_id, "medium": sent.medium}
        if sent.medium in self.bounces:
            reason = "invalid_address" if sent.medium == "sms" else "returned" if sent.medium == "letter" else "bounced"
            return MessageFailed(**facts, reason=reason, detail="550", failed_at=self.now)
        return MessageSent(**facts, sent_at=self.now, proof="250 OK")

    def ledger_answer(self, expired: NoticeTermExpired) -> CostCharged:
        kind = {"fourteen_day_letter": "costs", "first_reminder": "indemnity"}.get(expired.notice_type.value)
        amounts = {kind: self.costs_cents, "vat": self.vat_cents if kind == "costs" else 0}
        charges = [
            Charge(
                claim_id=self.case_file.claims[0].terms.claim_id,
                kind=charged,
                amount_cents=cents,
                on=expired.charges_from,
                rule="NL-BIK-1",
            )
            for charged, cents in amounts.items()
            if charged and cents
        ]
        return CostCharged(
            case_file_id=self.case_file_id, notice_id=expired.notice_id, charges=tuple(charges), interest=()
        )

    # --- time ----------------------------------------------------------------------------------------

    @property
    def case_file(self) -> CaseFile:
        return self.rows["case_file", self.case_file_id][1]

    @property
    def next_instant(self) -> datetime | None:
        instants = [at for at, _ in self.in_print]
        is_open = ("case_file", self.case_file_id) in self.rows and self.case_file is not None
        if is_open and not self.parked:  # a file behind a dead letter rests
            due_at = CASE_FILE.next_due_at(self.case_file)
            instants += [due_at] if due_at is not None else []
        return min(instants, default=None)

    def run_until(self, day: date, at: str = "23:59") -> "World":
        """Let everything happen that is due until a local time."""
        until = a_local_time(day, at)
        for _ in range(200):
            instant = self.next_instant
            if instant is None or instant > until:
                self.now = until
                return self
            self.now = max(self.now, instant)
            printed = [one for at_, one in self.in_print if at_ <= self.now]
            self.in_print = [one for one in self.in_print if one[0] > self.now]
            if printed and self.printing_works:
                for letter in printed:
                    self.deliver(self.outcome_of(letter))
            else:
                self.deliver(Due(due_at=self.now))
        raise AssertionError("two hundred instants were not enough: something is due for ever")

    # --- what was seen -------------------------------------------------------------------------------

    def of(self, kind: type[Message]) -> list[Any]:
        return [message for _, message in self.told if isinstance(message, kind)]

    def story(self) -> list[str]:
        """What left or was told, with its local time, but the talk about contacts."""
        lines = []
        for at, message in self.told:
            if isinstance(message, (AskContact, *CONTACT_COMMANDS)):
                continue
            local = at.astimezone(AMSTERDAM).strftime("%m-%d %H:%M")
            extra = ""
            match message:
                case SendMessage():
                    extra = f" {message.medium}"
                case NoticeTermExpired():
                    extra = f" {message.notice_type.value}"
                case _:
                    extra = f" {message.reason.value}" if type(message).__name__ == "HoldPlaced" else ""
            lines.append(f"{local} {type(message).__name__}{extra}")
        return lines

    def contents(self) -> list[Content]:
        return [message.content.unpack(Content) for message in self.of(SendMessage)]

    def texts(self) -> list[str]:
        return [content_text(content) for content in self.contents()]


def content_text(content: Content) -> str:
    """All words of a message, as its reader sees them."""
    parts = [content.subject]
    for block in content.blocks:
        match block.kind:
            case "table":
                rows = (block.header, *block.rows, *((block.total,) if block.total else ()))
                parts += [" | ".join(row) for row in rows]
            case "payment":
                parts.append(f"{block.amount_cents} {block.iban} {block.reference}")
            case _:
                parts.append(block.text)
    return "\n".join(parts)


@pytest.fixture
def a_world() -> Callable[..., World]:
    return World


@pytest.fixture
def make_claim() -> Callable[..., ClaimTerms]:
    return a_claim


@pytest.fixture
def make_mandate() -> Callable[..., Mandate]:
    return a_mandate


@pytest.fixture
def local() -> Callable[..., datetime]:
    return a_local_time
