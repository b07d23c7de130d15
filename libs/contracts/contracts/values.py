"""Values that several messages share: money, addresses, parties, claims."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from common.messages import Personal, Value

Cents = Annotated[int, Field(description="integer cents of EUR")]
Rate = Annotated[str, Field(pattern=r"^\d+(\.\d+)?$", description="percent as a decimal string")]
Country = Literal["NL", "BE"]
Language = Literal["nl", "fr"]


class Address(Value):
    """Where a letter goes, or who a sender is. Line by line as the post wants it."""

    street: str
    house_number: str
    postcode: str
    city: str
    country: str  # ISO 3166-1 alpha-2


class DebtorContact(Value):
    """What is personal about a debtor: packed whole into one `Personal`."""

    name: str
    address: Address | None = None
    email: str | None = None
    phone: str | None = None  # E.164


class DebtorFacts(Value):
    """What the law asks about a debtor, as separate flags, and how to reach him."""

    debtor_id: UUID  # uuid5 of his identity: the same person at two clients is one debtor
    is_natural_person: bool
    acts_as_consumer: bool
    enterprise_number: str | None = None  # KvK or KBO/BCE, digits only
    country: Country
    language: Language
    contact: Personal  # packs a DebtorContact


class Segment(StrEnum):
    """Which of the four ways of the law a case file goes."""

    NL_CONSUMER = "nl_consumer"
    NL_ENTERPRISE = "nl_enterprise"
    BE_CONSUMER = "be_consumer"
    BE_ENTERPRISE = "be_enterprise"


class Creditor(Value):
    """Who is owed: the client, as notices must name him. Not personal: an enterprise."""

    client_id: UUID
    name: str
    address: Address
    email: str
    phone: str
    enterprise_number: str
    country: Country
    is_sme: bool
    can_deduct_vat: bool


class Mandate(Value):
    """What the client has ordered, as it stood when the case file was opened."""

    creditor: Creditor
    judicial_phase_approved: bool  # beforehand: an unpaid file may go to a partner without asking again
    payout_rhythm: Literal["daily", "weekly"]


class IndemnityClause(Value):
    """A clause of the general terms: fixed sum and percent of the balance, with its own bounds."""

    fixed_cents: Cents = 0
    percent: Rate = "0"
    minimum_cents: Cents | None = None
    maximum_cents: Cents | None = None


class ClaimTerms(Value):
    """One sum due on one ground, with what the law needs to compute what is owed on a day."""

    claim_id: UUID
    client_reference: str  # the client's own, unique at the client
    invoice_number: str
    invoice_on: date
    due_on: date  # last day for payment, a fatal term
    contract_on: date
    description: str  # product or service, as the notice must name it
    principal_cents: Cents  # VAT included
    is_commercial_contract: bool
    agreed_percent_per_year: Rate | None = None
    indemnity_clause: IndemnityClause | None = None
