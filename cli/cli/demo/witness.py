"""What the platform said on its topics, read by a consumer group of its own: the other side of the account."""

from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from aiokafka import AIOKafkaConsumer

from common.envelope import Envelope, text_headers
from common.messages import Message
from contracts.dunning import DisputeFiled, HoldPlaced
from contracts.intake import CaseFileOpened, ClaimAccepted
from contracts.ledger import (
    CaseFilePaid,
    PaymentAllocated,
    PaymentUnmatched,
    RemittanceExecuted,
    StatementHeld,
    StatementReconciled,
    TrustInvariantBroken,
    TrustInvariantHeld,
)
from contracts.legal import FileHandedOff, RecallAcknowledged
from contracts.registry import CATALOGUE

TOPICS = (
    "intake.case-files.v1",
    "dunning.case-files.v1",
    "ledger.case-files.v1",
    "ledger.trust-accounts.v1",
    "ledger.clients.v1",
    "legal.case-files.v1",
)
POLL_MILLISECONDS = 200
MOST_POLLS = 3_000


@dataclass(frozen=True, kw_only=True)
class Stop:
    """When the ledger said that a case file is paid: simulated, and the record's own time."""

    at: datetime
    recorded_seconds: float


@dataclass(kw_only=True)
class Said:
    """The facts, each once."""

    opened: dict[UUID, str] = field(default_factory=dict[UUID, str])  # reference number
    accepted: set[UUID] = field(default_factory=set[UUID])
    paid: dict[UUID, Stop] = field(default_factory=dict[UUID, Stop])
    held: dict[UUID, str] = field(default_factory=dict[UUID, str])  # first reason
    handed_off: dict[UUID, str] = field(default_factory=dict[UUID, str])  # partner
    recalled: set[UUID] = field(default_factory=set[UUID])
    disputed: set[UUID] = field(default_factory=set[UUID])
    matched: dict[UUID, int] = field(default_factory=dict[UUID, int])  # payment, cents
    unmatched: dict[UUID, int] = field(default_factory=dict[UUID, int])
    remitted: dict[UUID, int] = field(default_factory=dict[UUID, int])
    closings: dict[str, int] = field(default_factory=dict[str, int])  # statement, cents
    proofs: dict[str, tuple[UUID, int, int]] = field(default_factory=dict[str, tuple[UUID, int, int]])
    broken: list[str] = field(default_factory=list[str])
    statements_held: list[str] = field(default_factory=list[str])

    @property
    def owed_cents(self) -> int:
        """What the ledger owes to others by the last proof of each trust account."""
        last = {trust_account: owed for trust_account, _, owed in self.proofs.values()}
        return sum(last.values())

    def hear(self, message: Message, *, at: datetime, recorded_seconds: float) -> None:
        """Take one message."""
        match message:
            case CaseFileOpened():
                self.opened[message.case_file_id] = message.reference_number
            case ClaimAccepted():
                self.accepted.add(message.terms.claim_id)
            case CaseFilePaid():
                self.paid.setdefault(message.case_file_id, Stop(at=at, recorded_seconds=recorded_seconds))
            case HoldPlaced():
                self.held.setdefault(message.case_file_id, message.reason.value)
            case DisputeFiled():
                self.disputed.add(message.case_file_id)
            case FileHandedOff():
                self.handed_off.setdefault(message.case_file_id, message.partner)
            case RecallAcknowledged():
                self.recalled.add(message.case_file_id)
            case _:
                self._hear_of_money(message)

    def _hear_of_money(self, message: Message) -> None:
        match message:
            case PaymentAllocated():
                self.matched[message.payment_id] = message.amount_cents
            case PaymentUnmatched():
                self.unmatched[message.payment_id] = message.amount_cents
            case RemittanceExecuted():
                self.remitted[message.remittance_id] = message.amount_cents
            case StatementReconciled():
                self.closings[message.statement_id] = message.closing_cents
            case TrustInvariantHeld():
                proof = (message.trust_account_id, message.bank_cents, message.owed_cents)
                self.proofs[message.statement_id] = proof
            case TrustInvariantBroken():
                proof = (message.trust_account_id, message.bank_cents, message.owed_cents)
                self.proofs[message.statement_id] = proof
                self.broken.append(f"{message.statement_id}: {message.difference_cents} cents")
            case StatementHeld():
                self.statements_held.append(f"{message.statement_id}: {'; '.join(message.findings)}")
            case _:
                pass


class Witness:
    """Reads along; use as an async context."""

    def __init__(self, *, bootstrap: str, prefix: str) -> None:
        self.said = Said()
        self.prefix = prefix
        self._consumer: Any = AIOKafkaConsumer(
            *(prefix + topic for topic in TOPICS),
            bootstrap_servers=bootstrap,
            group_id=f"{prefix}account",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def catch_up(self) -> Said:
        """Read up to the present ends. Raises TimeoutError when that does not come to an end."""
        for _ in range(MOST_POLLS):
            if await self._is_there():
                return self.said
            batches: dict[Any, list[Any]] = await self._consumer.getmany(timeout_ms=POLL_MILLISECONDS)
            for records in batches.values():
                for record in records:
                    self._hear(record)
        raise TimeoutError("the topics of the demo can't be read to their end")

    async def _is_there(self) -> bool:
        places = list(self._consumer.assignment())
        if not places:
            return False
        ends = await self._consumer.end_offsets(places)
        for place in places:
            if await self._consumer.position(place) < ends[place]:
                return False
        return True

    def _hear(self, record: Any) -> None:
        envelope = Envelope.from_headers(text_headers(record.headers))
        model = CATALOGUE.model(envelope.type, topic=record.topic.removeprefix(self.prefix))
        assert model is not None, f"the registry knows no {envelope.type}"
        message = model.model_validate_json(record.value)
        at = datetime.fromisoformat(envelope.time)
        self.said.hear(message, at=at, recorded_seconds=record.timestamp / 1000)
