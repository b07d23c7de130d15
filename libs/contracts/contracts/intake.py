"""What intake says: mandates, claims, case files; and what it is asked."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from common.messages import Command, Event, Personal
from contracts.values import ClaimTerms, DebtorFacts, Mandate, Segment


class MandateGranted(Event):
    """A client gave the agency its mandate, or changed it (the whole mandate each time)."""

    topic: ClassVar[str] = "intake.clients.v1"
    key_field: ClassVar[str] = "client_id"

    client_id: UUID
    mandate: Mandate
    payout_account: Personal  # IBAN that remittances go to
    payout_name: str


class CaseFileOpened(Event):
    """A case file: one debtor for one client. Its reference number is what every payment reference is formed from."""

    topic: ClassVar[str] = "intake.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    reference_number: str  # ten digits
    segment: Segment
    mandate: Mandate
    debtor: DebtorFacts


class ClaimAccepted(Event):
    """A claim joined its case file. Follows CaseFileOpened on the same key."""

    topic: ClassVar[str] = "intake.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    terms: ClaimTerms


class ClaimRejected(Event):
    """A claim that could be read but may not be collected, with the reasons for the client."""

    topic: ClassVar[str] = "intake.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    claim_id: UUID
    client_id: UUID
    client_reference: str
    reasons: tuple[str, ...]


class CaseFileClosed(Event):
    """The case file is closed with one code."""

    topic: ClassVar[str] = "intake.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    code: Literal["paid"]
    closed_on: date


class CaseFileReopened(Event):
    """A closed case file goes on: what closed it did not hold."""

    topic: ClassVar[str] = "intake.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    code: Literal["payment_reversed"]
    reopened_on: date


class CloseCaseFile(Command):
    """Close it."""

    topic: ClassVar[str] = "intake.requests.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    code: Literal["paid"]


class ReopenCaseFile(Command):
    """Dunning has a closed case file again: the bank took the payment back."""

    topic: ClassVar[str] = "intake.requests.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    code: Literal["payment_reversed"]
