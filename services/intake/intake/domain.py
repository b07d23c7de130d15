"""The rules of intake: who a debtor is, which case file a claim joins, what may be collected, and what is kept."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import ClassVar, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from common.decisions import Row, Thing
from common.ids import name_id
from common.messages import Message, Personal, Value
from contracts.values import Address, ClaimTerms, Country, DebtorFacts, Mandate, Segment
from statutes import be, nl

# --- what others hand over -------------------------------------------------------------------------------------------


class RegisterClient(Message):
    """A creditor who mandates us, for the first time."""

    key_field: ClassVar[str] = "client_id"

    client_id: UUID
    folder: str  # his watched folder
    mandate: Mandate
    payout_account: Personal
    payout_name: str
    api_key_sha256: str


class AmendMandate(Message):
    """The whole mandate anew. Case files that are open keep the mandate they were opened under."""

    key_field: ClassVar[str] = "client_id"

    client_id: UUID
    mandate: Mandate
    payout_account: Personal
    payout_name: str


class ReplaceApiKey(Message):
    """A new key for a client; the old one ends at once."""

    key_field: ClassVar[str] = "client_id"

    client_id: UUID
    api_key_sha256: str


class HandOverFile(Message):
    """A file under the name that its client gave to the request. Its rows follow, each by itself."""

    key_field: ClassVar[str] = "client_id"

    client_id: UUID
    sha256: str


class Placement(Value):
    """Where a claim belongs, and the mandate in force when it came."""

    case_file_id: UUID
    ordinal: int
    mandate: Mandate


class SubmitClaim(Message):
    """A claim that could be read whole. `placement` is found for it when it comes."""

    key_field: ClassVar[str] = "client_id"

    client_id: UUID
    debtor: DebtorFacts
    terms: ClaimTerms
    placement: Placement | None = None


# --- what is kept ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client with the mandate in force."""

    client_id: UUID
    folder: str
    mandate: Mandate
    payout_account: Personal
    payout_name: str
    api_key_sha256: str  # hex; the key itself is shown once and kept nowhere
    registered_at: datetime


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim as it was accepted; the hash tells a repeat from a change."""

    claim_id: UUID
    content_sha256: str
    terms: ClaimTerms
    accepted_at: datetime


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """One debtor for one client, with his claims of one day."""

    case_file_id: UUID
    client_id: UUID
    ordinal: int  # among the case files of this client on this debtor, from 1
    reference_number: str
    segment: Segment
    debtor: DebtorFacts
    opened_on: date  # local day
    claims: tuple[Claim, ...] = ()
    closed_on: date | None = None
    closed_as: Literal["paid"] | None = None

    def claim(self, claim_id: UUID) -> Claim | None:
        """The claim of this id, if it was accepted here."""
        return next((claim for claim in self.claims if claim.claim_id == claim_id), None)

    def with_claim(self, claim: Claim) -> "CaseFile":
        """This case file with one claim more."""
        assert self.claim(claim.claim_id) is None
        assert self.closed_on is None
        return replace(self, claims=(*self.claims, claim))


@dataclass(frozen=True, kw_only=True)
class AcceptedClaim(Row):
    """Where each accepted claim is: a client's reference names one claim for ever."""

    claim_id: UUID
    case_file_id: UUID


CLIENT = Thing(name="client", state=Client)
CASE_FILE = Thing(name="case_file", state=CaseFile, extra_columns=("reference_number",))


# --- names of things -------------------------------------------------------------------------------------------------


def name_client(*, country: str, enterprise_number: str) -> UUID:
    """A client is the enterprise of this number: registered twice, he is still one."""
    return name_id("client", country, enterprise_number)


def name_claim(*, client_id: UUID, client_reference: str) -> UUID:
    """A claim is what the client calls by this reference."""
    return name_id("claim", client_id, client_reference)


def name_case_file(*, client_id: UUID, debtor_id: UUID, ordinal: int) -> UUID:
    """The nth case file of this client on this debtor."""
    return name_id("case_file", client_id, debtor_id, ordinal)


def name_debtor(*, country: str, enterprise_number: str | None, name: str, address: Address | None) -> UUID:
    """Who a debtor is, for all clients: his registered number in its country; without one his name, postcode and
    house number, written in any way.
    """
    if enterprise_number is not None:
        return name_id("debtor", country, enterprise_number)
    assert address is not None, "without a number the address tells people of one name apart"
    return name_id("debtor", country, *map(plain, (name, address.postcode, address.house_number)))


def plain(text: str) -> str:
    """Text without case, accents, punctuation and spaces, for comparing names."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in decomposed if character.isalnum())


def name_folder(*, name: str, client_id: UUID) -> str:
    """The client's watched folder: readable, and never another's."""
    readable = re.sub(
        r"[^a-z0-9]+", "-", unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    )
    return f"{readable.strip('-')[:40].strip('-') or 'client'}-{str(client_id)[:8]}"


def content_hash(*, debtor: DebtorFacts, terms: ClaimTerms) -> str:
    """SHA-256 of all that was said about a claim."""
    return sha256(f"{debtor.model_dump_json()}\n{terms.model_dump_json()}".encode()).hexdigest()


# --- what may be collected -------------------------------------------------------------------------------------------

LOCAL_TIME: Mapping[Country, ZoneInfo] = {"NL": ZoneInfo("Europe/Amsterdam"), "BE": ZoneInfo("Europe/Brussels")}

SEGMENTS: Mapping[tuple[Country, bool], Segment] = {
    ("NL", True): Segment.NL_CONSUMER,
    ("NL", False): Segment.NL_ENTERPRISE,
    ("BE", True): Segment.BE_CONSUMER,
    ("BE", False): Segment.BE_ENTERPRISE,
}


@dataclass(frozen=True, kw_only=True)
class Objection:
    """Why a claim may not be collected: the field it lies in, a word for machines, a sentence for people."""

    field: str
    code: str
    reason: str


def segment_of(debtor: DebtorFacts) -> Segment:
    """Which of the four ways of the law: whoever does not act as a consumer is dealt with as an enterprise."""
    return SEGMENTS[debtor.country, debtor.acts_as_consumer]


def local_day(now: datetime, country: Country) -> date:
    """The day it is where the debtor lives."""
    return now.astimezone(LOCAL_TIME[country]).date()


def objections_to(submitted: SubmitClaim, *, today: date) -> tuple[Objection, ...]:
    """Why this claim may not be collected today; nothing when it may."""
    terms = submitted.terms
    found: list[Objection] = []
    if terms.principal_cents <= 0:
        found.append(Objection(field="principal", code="not_positive", reason="the principal must be more than zero"))
    if terms.due_on >= today:
        found.append(
            Objection(
                field="due_date", code="not_due", reason=f"it may be paid until {terms.due_on} and is not late yet"
            )
        )
    last_day_on = LAST_DAY_TO_SUE[submitted.debtor.country](terms.due_on)
    if today > last_day_on:
        found.append(
            Objection(
                field="due_date", code="time_barred", reason=f"the claim was barred by limitation after {last_day_on}"
            )
        )
    return tuple(found)


def last_day_to_sue_nl(due_on: date) -> date:
    """NL-LIM-1: a contractual payment. A shorter term (a consumer sale) is judged by a person, never assumed here."""
    return nl.limitation(claim_kind="contract", due_on=due_on).last_day_on


def last_day_to_sue_be(due_on: date) -> date:
    """BE-LIM-1: the general term. The shorter ones hang on what was sold, which the claim does not say."""
    return be.limitation(starts_on=due_on, term_months=be.limitation_term_months(claim_kind="general")).ends_on


LAST_DAY_TO_SUE: Mapping[Country, Callable[[date], date]] = {"NL": last_day_to_sue_nl, "BE": last_day_to_sue_be}
