"""What intake does with each message. Pure: the state and a message in, a decision out."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from common.decisions import Decision
from common.errors import InvalidMessage, TemporaryFailure
from contracts.intake import (
    CaseFileClosed,
    CaseFileOpened,
    CaseFileReopened,
    ClaimAccepted,
    ClaimRejected,
    CloseCaseFile,
    MandateGranted,
    ReopenCaseFile,
)
from intake.domain import (
    AcceptedClaim,
    AmendMandate,
    CaseFile,
    Claim,
    Client,
    HandOverFile,
    Placement,
    RegisterClient,
    ReplaceApiKey,
    SubmitClaim,
    content_hash,
    local_day,
    name_case_file,
    objections_to,
    segment_of,
)

# --- clients ---------------------------------------------------------------------------------------------------------


def register_client(client: Client | None, message: RegisterClient, now: datetime) -> Decision[Client]:
    """A new client and his mandate. Refused as `client_exists` when this enterprise is registered already."""
    if client is not None:
        raise InvalidMessage("client_exists", f"this enterprise is client {client.client_id} already")
    client = Client(
        client_id=message.client_id,
        folder=message.folder,
        mandate=message.mandate,
        payout_account=message.payout_account,
        payout_name=message.payout_name,
        api_key_sha256=message.api_key_sha256,
        registered_at=now,
    )
    answer = {"client_id": str(client.client_id), "folder": client.folder}
    return Decision(client, send=[mandate_granted(client)], answer=answer)


def amend_mandate(client: Client, message: AmendMandate, now: datetime) -> Decision[Client]:
    """The mandate anew, for case files opened from now on. The enterprise itself must stay the same."""
    old, new = client.mandate.creditor, message.mandate.creditor
    if (old.client_id, old.country, old.enterprise_number) != (new.client_id, new.country, new.enterprise_number):
        raise InvalidMessage("another_enterprise", "another country or enterprise number is another client")
    client = replace(
        client, mandate=message.mandate, payout_account=message.payout_account, payout_name=message.payout_name
    )
    return Decision(client, send=[mandate_granted(client)], answer={"client_id": str(client.client_id)})


def replace_api_key(client: Client, message: ReplaceApiKey, now: datetime) -> Decision[Client]:
    """The key that was, opens nothing any more."""
    client = replace(client, api_key_sha256=message.api_key_sha256)
    return Decision(client, answer={"client_id": str(client.client_id)})


def hand_over_file(client: Client, message: HandOverFile, now: datetime) -> Decision[Client]:
    """One name, one file: that it came is all there is to know; the inbox tells a repeat from another file."""
    return Decision(client, answer={"client_id": str(client.client_id)})


def mandate_granted(client: Client) -> MandateGranted:
    """The mandate as it stands, for all."""
    return MandateGranted(
        client_id=client.client_id,
        mandate=client.mandate,
        payout_account=client.payout_account,
        payout_name=client.payout_name,
    )


# --- claims and case files -------------------------------------------------------------------------------------------


def submit_claim(
    case_file: CaseFile | None, message: SubmitClaim, now: datetime, *, reference_number: str = ""
) -> Decision[CaseFile | None]:
    """Accept a claim into its case file, opening that if it is the first; or reject it with the reasons.

    The same claim again changes nothing; the same reference with other content is refused as `changed_claim`.
    """
    placement = message.placement
    assert placement is not None, "a claim is placed before it is folded"
    digest = content_hash(debtor=message.debtor, terms=message.terms)
    known = case_file.claim(message.terms.claim_id) if case_file is not None else None
    if case_file is not None and known is not None:
        if known.content_sha256 != digest:
            raise InvalidMessage("changed_claim", "this client_reference was handed over before with other content")
        return Decision(case_file, answer=accepted(case_file, known, outcome="repeated"))
    if placement.case_file_id != placement_of(message, placement.ordinal):
        raise InvalidMessage("changed_claim", "this client_reference stands twice in one batch, for two debtors")
    today = local_day(now, message.debtor.country)
    if objections := objections_to(message, today=today):
        rejected = ClaimRejected(
            case_file_id=placement.case_file_id,
            claim_id=message.terms.claim_id,
            client_id=message.client_id,
            client_reference=message.terms.client_reference,
            reasons=tuple(objection.code for objection in objections),
        )
        errors = [{"field": o.field, "code": o.code, "reason": o.reason} for o in objections]
        return Decision(case_file, send=[rejected], answer={"outcome": "refused", "errors": errors})
    if case_file is not None and case_file.closed_on is not None:
        raise TemporaryFailure("the case file was closed since the claim was placed: it is placed anew")
    opening = [] if case_file is not None else [case_file_opened(message, placement, reference_number)]
    case_file = case_file or opened_case_file(message, placement, reference_number, now)
    claim = Claim(claim_id=message.terms.claim_id, content_sha256=digest, terms=message.terms, accepted_at=now)
    case_file = case_file.with_claim(claim)
    return Decision(
        case_file,
        send=[*opening, ClaimAccepted(case_file_id=case_file.case_file_id, terms=message.terms)],
        append=[AcceptedClaim(claim_id=claim.claim_id, case_file_id=case_file.case_file_id)],
        answer=accepted(case_file, claim, outcome="accepted"),
    )


def placement_of(message: SubmitClaim, ordinal: int) -> UUID:
    """The case file that this number on this debtor names."""
    return name_case_file(client_id=message.client_id, debtor_id=message.debtor.debtor_id, ordinal=ordinal)


def close_case_file(case_file: CaseFile, message: CloseCaseFile, now: datetime) -> Decision[CaseFile]:
    """Close it once, whatever comes how often."""
    if case_file.closed_on is not None:
        return Decision(case_file)
    closed_on = local_day(now, case_file.debtor.country)
    case_file = replace(case_file, closed_on=closed_on, closed_as=message.code)
    closed = CaseFileClosed(case_file_id=case_file.case_file_id, code=message.code, closed_on=closed_on)
    return Decision(case_file, send=[closed])


def reopen_case_file(case_file: CaseFile, message: ReopenCaseFile, now: datetime) -> Decision[CaseFile]:
    """Let it go on once, whatever comes how often."""
    if case_file.closed_on is None:
        return Decision(case_file)
    case_file = replace(case_file, closed_on=None, closed_as=None)
    reopened_on = local_day(now, case_file.debtor.country)
    reopened = CaseFileReopened(case_file_id=case_file.case_file_id, code=message.code, reopened_on=reopened_on)
    return Decision(case_file, send=[reopened])


def opened_case_file(message: SubmitClaim, placement: Placement, reference_number: str, now: datetime) -> CaseFile:
    """The case file that a first claim opens."""
    assert len(reference_number) == 10, f"reference number {reference_number!r} has not ten digits"  # noqa: PLR2004
    return CaseFile(
        case_file_id=placement.case_file_id,
        client_id=message.client_id,
        ordinal=placement.ordinal,
        reference_number=reference_number,
        segment=segment_of(message.debtor),
        debtor=message.debtor,
        opened_on=local_day(now, message.debtor.country),
    )


def case_file_opened(message: SubmitClaim, placement: Placement, reference_number: str) -> CaseFileOpened:
    """The same for all others, with the mandate as it stands."""
    return CaseFileOpened(
        case_file_id=placement.case_file_id,
        reference_number=reference_number,
        segment=segment_of(message.debtor),
        mandate=placement.mandate,
        debtor=message.debtor,
    )


def accepted(case_file: CaseFile, claim: Claim, *, outcome: str) -> dict[str, str]:
    """What the client is told about a claim that we have."""
    return {
        "outcome": outcome,
        "claim_id": str(claim.claim_id),
        "client_reference": claim.terms.client_reference,
        "case_file_id": str(case_file.case_file_id),
        "reference_number": case_file.reference_number,
    }
