"""The judicial phase: what legal says inside the house, and the messages of its partners' own topics."""

from datetime import date, datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from common.messages import Command, Event, Personal, Value
from contracts.values import Cents, ClaimTerms, DebtorFacts, Mandate, Segment


class Balance(Value):
    """What is owed on a day, by bucket."""

    as_of: date
    principal_cents: Cents
    late_interest_cents: Cents
    costs_cents: Cents  # VAT included
    indemnity_cents: Cents
    paid_cents: Cents
    open_cents: Cents


class MandateProcedure(Command):
    """The amicable phase ended unpaid: start the judicial phase. Carries all that legal needs."""

    topic: ClassVar[str] = "legal.requests.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    segment: Segment
    mandate: Mandate
    debtor: DebtorFacts
    claims: tuple[ClaimTerms, ...]
    balance: Balance
    payment_reference: str
    notices_sent: int


class FileHandedOff(Event):
    """The file is with a partner."""

    topic: ClassVar[str] = "legal.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    handoff_id: UUID
    partner: str
    profession: Literal["lawyer", "bailiff"]
    procedure: Literal["writ", "uncontested_claim_procedure"]


class ProcedureDeclined(Event):
    """No handoff: the law or the mandate does not allow it, with the reasons."""

    topic: ClassVar[str] = "legal.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    reasons: tuple[str, ...]


class HandoffAcknowledged(Event):
    """The partner took the file."""

    topic: ClassVar[str] = "legal.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    handoff_id: UUID
    partner: str
    acknowledged_on: date


class RecallOrdered(Event):
    """The partner was told to stop: paid."""

    topic: ClassVar[str] = "legal.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    handoff_id: UUID
    partner: str
    reason: Literal["paid"]


class RecallAcknowledged(Event):
    """The partner stopped; no new cost is accepted after this."""

    topic: ClassVar[str] = "legal.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    handoff_id: UUID
    partner: str


class ActRecorded(Event):
    """A partner did something, with its day and cost."""

    topic: ClassVar[str] = "legal.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    handoff_id: UUID
    partner: str
    act: str
    act_on: date
    cost_cents: Cents


# --- the partner's own topics: minimal, versioned, documented for strangers ---------------------------


class HandoffOrdered(Event):
    """To a partner: take this file. Only what the procedure needs."""

    topic: ClassVar[str] = "legal.partner-{partner}.v1"
    key_field: ClassVar[str] = "handoff_id"

    partner: str
    handoff_id: UUID
    procedure: Literal["writ", "uncontested_claim_procedure"]
    creditor_name: str
    creditor_enterprise_number: str
    debtor: Personal  # packs a DebtorContact: name and address, for service needs no more
    debtor_enterprise_number: str | None
    language: Literal["nl", "fr"]
    claims: tuple["PartnerClaim", ...]
    balance: Balance
    payment_reference: str
    ordered_at: datetime

    def topic_name(self) -> str:
        """The partner's own topic."""
        return self.topic.format(partner=self.partner)


class PartnerClaim(Value):
    """One claim as a court needs it."""

    invoice_number: str
    invoice_on: date
    due_on: date
    description: str
    principal_cents: Cents


class HandoffRecalled(Event):
    """To a partner: stop, and answer that you did."""

    topic: ClassVar[str] = "legal.partner-{partner}.v1"
    key_field: ClassVar[str] = "handoff_id"

    partner: str
    handoff_id: UUID
    reason: Literal["paid"]
    recalled_at: datetime

    def topic_name(self) -> str:
        """The partner's own topic."""
        return self.topic.format(partner=self.partner)


class PartPaymentReceived(Event):
    """To a partner: the debtor paid us a part; ask for what is left. That is less than the payment alone would leave
    where it was made inside a term, so that costs fell away.
    """

    topic: ClassVar[str] = "legal.partner-{partner}.v1"
    key_field: ClassVar[str] = "handoff_id"

    partner: str
    handoff_id: UUID
    amount_cents: Cents
    value_on: date  # the day on which the payment counts
    balance: Balance  # what is left, by the rules of the procedure
    told_at: datetime

    def topic_name(self) -> str:
        """The partner's own topic."""
        return self.topic.format(partner=self.partner)


class PartPaymentReversed(Event):
    """To a partner: the bank took a payment back that you were told of, or that was counted in the order; ask for what
    is left now.
    """

    topic: ClassVar[str] = "legal.partner-{partner}.v1"
    key_field: ClassVar[str] = "handoff_id"

    partner: str
    handoff_id: UUID
    amount_cents: Cents
    value_on: date  # of the bank line that took it back
    balance: Balance  # what is left, by the rules of the procedure
    told_at: datetime

    def topic_name(self) -> str:
        """The partner's own topic."""
        return self.topic.format(partner=self.partner)


class PartnerAct(Event):
    """From a partner: a typed act. `act_on` is dated by the message that it answers."""

    topic: ClassVar[str] = "legal.partner-{partner}-acts.v1"
    key_field: ClassVar[str] = "handoff_id"

    handoff_id: UUID
    act: Literal["acknowledged", "refused", "recalled", "recall_too_late", "demand_served", "writ_served"]
    act_on: date
    partner_reference: str | None = None
    cost_cents: Cents = 0
    remark: str | None = None
    partner: str = ""  # whatever he writes here: his topic says who he is

    def received_on(self, topic: str) -> Self:
        """Named by the topic, to which only this partner may write."""
        partner = topic.removeprefix("legal.partner-").removesuffix("-acts.v1")
        return self.model_copy(update={"partner": partner})


HandoffOrdered.model_rebuild()
