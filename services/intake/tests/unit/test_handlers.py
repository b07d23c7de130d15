"""What becomes of claims, case files and mandates: messages in, decisions out."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.decisions import Decision
from common.errors import InvalidMessage, TemporaryFailure
from common.fold import Loaded, fold
from common.messages import Message, Personal
from common.records import Arrival
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
from contracts.values import Address, ClaimTerms, Country, Creditor, DebtorContact, DebtorFacts, Mandate, Segment
from intake import domain, handlers
from intake.consumers import CONSUMERS
from intake.domain import AcceptedClaim, CaseFile, Placement, RegisterClient, SubmitClaim

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CLIENT = UUID(int=1)
ADDRESS = Address(street="Kade", house_number="1", postcode="3511 AB", city="Utrecht", country="NL")


def a_mandate(**changes: object) -> Mandate:
    creditor = Creditor(
        client_id=CLIENT, name="Jansen", address=ADDRESS, email="a@example.org", phone="+31302345678",
        enterprise_number="12345678", country="NL", is_sme=True, can_deduct_vat=True,
    ).model_copy(update=changes)  # fmt: skip
    return Mandate(creditor=creditor, judicial_phase_approved=True, payout_rhythm="daily")


def a_debtor(*, country: Country = "NL", acts_as_consumer: bool = True, name: str = "S. de Vries") -> DebtorFacts:
    address = ADDRESS.model_copy(update={"country": country})
    return DebtorFacts(
        debtor_id=domain.name_debtor(country=country, enterprise_number=None, name=name, address=address),
        is_natural_person=True,
        acts_as_consumer=acts_as_consumer,
        country=country,
        language="nl",
        contact=Personal.pack(DebtorContact(name=name, address=address)),
    )


def a_claim(
    reference: str = "D-1", *, debtor: DebtorFacts | None = None, due_on: date = date(2026, 2, 4), cents: int = 34_990,
    ordinal: int = 1,
) -> SubmitClaim:  # fmt: skip
    debtor = debtor or a_debtor()
    case_file_id = domain.name_case_file(client_id=CLIENT, debtor_id=debtor.debtor_id, ordinal=ordinal)
    return SubmitClaim(
        client_id=CLIENT,
        debtor=debtor,
        terms=ClaimTerms(
            claim_id=domain.name_claim(client_id=CLIENT, client_reference=reference),
            client_reference=reference,
            invoice_number="F-1",
            invoice_on=due_on - timedelta(days=30),
            due_on=due_on,
            contract_on=due_on - timedelta(days=30),
            description="Bicycle",
            principal_cents=cents,
            is_commercial_contract=False,
        ),
        placement=Placement(case_file_id=case_file_id, ordinal=ordinal, mandate=a_mandate()),
    )


def submit(case_file: CaseFile | None, claim: SubmitClaim, now: datetime = NOW) -> Decision[CaseFile | None]:
    return handlers.submit_claim(case_file, claim, now, reference_number="1000000001")


def opened(*references: str) -> CaseFile:
    case_file = None
    for reference in references or ("D-1",):
        case_file = submit(case_file, a_claim(reference)).state
    assert case_file is not None
    return case_file


def kinds(decision: Decision) -> list[type[Message]]:
    return [type(message) for message in decision.send]


# --- claims ----------------------------------------------------------------------------------------------------------


def test_the_first_claim_opens_the_case_file_before_it_is_accepted():
    decision = submit(None, a_claim())
    opening, accepted = decision.send
    assert isinstance(opening, CaseFileOpened)
    assert isinstance(accepted, ClaimAccepted)
    assert (opening.reference_number, opening.segment) == ("1000000001", Segment.NL_CONSUMER)
    assert opening.mandate == a_mandate()
    assert accepted.case_file_id == opening.case_file_id
    assert decision.append == [AcceptedClaim(claim_id=accepted.terms.claim_id, case_file_id=opening.case_file_id)]
    assert decision.answer is not None
    assert decision.answer["outcome"] == "accepted"


def test_the_next_claim_joins_it():
    decision = submit(opened("D-1"), a_claim("D-2"))
    assert kinds(decision) == [ClaimAccepted]
    assert decision.state is not None
    assert [claim.terms.client_reference for claim in decision.state.claims] == ["D-1", "D-2"]


def test_the_same_claim_again_changes_nothing():
    before = opened("D-1")
    decision = submit(before, a_claim("D-1"), NOW + timedelta(days=400))
    assert (decision.state, decision.send, decision.append) == (before, (), ())
    assert decision.answer is not None
    assert decision.answer["outcome"] == "repeated"


def test_the_same_reference_with_other_content_is_refused():
    with pytest.raises(InvalidMessage) as refused:
        submit(opened("D-1"), a_claim("D-1", cents=1))
    assert refused.value.code == "changed_claim"


@pytest.mark.parametrize(
    ("due_on", "now", "reasons"),
    [
        (date(2026, 3, 2), NOW, ("not_due",)),
        (date(2026, 3, 2), datetime(2026, 3, 2, 22, 59, tzinfo=UTC), ("not_due",)),
        (date(2026, 3, 2), datetime(2026, 3, 2, 23, 0, tzinfo=UTC), ()),  # midnight in Amsterdam
        (date(2021, 3, 2), NOW, ()),  # the last day of the five years
        (date(2021, 3, 1), NOW, ("time_barred",)),
    ],
)
def test_a_claim_is_collected_from_the_day_after_its_due_day_until_it_is_time_barred(due_on, now, reasons):
    decision = submit(None, a_claim(due_on=due_on), now)
    found = [message.reasons for message in decision.send if isinstance(message, ClaimRejected)]
    assert found == ([reasons] if reasons else [])
    assert (decision.state is None) == bool(reasons)


def test_the_general_belgian_term_is_ten_years():
    debtor = a_debtor(country="BE")
    assert submit(None, a_claim(debtor=debtor, due_on=date(2016, 3, 2))).state is not None
    assert submit(None, a_claim(debtor=debtor, due_on=date(2016, 3, 1))).state is None


def test_a_rejected_claim_leaves_no_case_file_and_says_why_by_field():
    decision = submit(None, a_claim(due_on=date(2026, 3, 2)))
    assert decision.state is None
    assert kinds(decision) == [ClaimRejected]
    assert decision.answer == {
        "outcome": "refused",
        "errors": [
            {"field": "due_date", "code": "not_due", "reason": "it may be paid until 2026-03-02 and is not late yet"}
        ],
    }


def test_a_claim_without_a_sum_is_rejected():
    decision = submit(None, a_claim(cents=0))
    assert [m.reasons for m in decision.send if isinstance(m, ClaimRejected)] == [("not_positive",)]


def test_a_claim_that_finds_its_case_file_closed_is_placed_anew():
    closed = handlers.close_case_file(
        opened(), CloseCaseFile(case_file_id=opened().case_file_id, code="paid"), NOW
    ).state
    with pytest.raises(TemporaryFailure):
        submit(closed, a_claim("D-2"))
    assert submit(closed, a_claim("D-1")).send == ()  # but what is there already is still only repeated


@pytest.mark.parametrize(
    ("country", "acts_as_consumer", "segment"),
    [
        ("NL", True, Segment.NL_CONSUMER),
        ("NL", False, Segment.NL_ENTERPRISE),
        ("BE", True, Segment.BE_CONSUMER),
        ("BE", False, Segment.BE_ENTERPRISE),
    ],
)
def test_the_segment_is_the_flag_and_the_country(country: Country, acts_as_consumer: bool, segment: Segment):
    opening = submit(None, a_claim(debtor=a_debtor(country=country, acts_as_consumer=acts_as_consumer))).send[0]
    assert isinstance(opening, CaseFileOpened)
    assert opening.segment is segment


def test_whatever_the_order_of_claims_the_case_file_holds_the_same():
    claims = [a_claim("D-1"), a_claim("D-2"), a_claim("D-3"), a_claim("D-1")]
    ends = set()
    for order in itertools.permutations(claims):
        case_file = None
        for claim in order:
            case_file = submit(case_file, claim).state
        assert case_file is not None
        ends.add(frozenset(claim.claim_id for claim in case_file.claims))
    assert len(ends) == 1


# --- closing ---------------------------------------------------------------------------------------------------------


def test_a_case_file_closes_once():
    command = CloseCaseFile(case_file_id=opened().case_file_id, code="paid")
    decision = handlers.close_case_file(opened(), command, datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    assert decision.send == [CaseFileClosed(case_file_id=command.case_file_id, code="paid", closed_on=date(2026, 3, 3))]
    again = handlers.close_case_file(decision.state, command, NOW + timedelta(days=9))
    assert (again.state, again.send) == (decision.state, ())


def test_a_closed_case_file_reopens_once_and_one_that_is_open_says_nothing():
    case_file_id = opened().case_file_id
    close = CloseCaseFile(case_file_id=case_file_id, code="paid")
    reopen = ReopenCaseFile(case_file_id=case_file_id, code="payment_reversed")
    untouched = handlers.reopen_case_file(opened(), reopen, NOW)
    assert (untouched.state, untouched.send) == (opened(), ())
    closed = handlers.close_case_file(opened(), close, NOW).state
    decision = handlers.reopen_case_file(closed, reopen, datetime(2026, 3, 9, 23, 30, tzinfo=UTC))
    assert decision.send == [
        CaseFileReopened(case_file_id=case_file_id, code="payment_reversed", reopened_on=date(2026, 3, 10))
    ]
    assert decision.state == opened()
    again = handlers.reopen_case_file(decision.state, reopen, NOW)
    assert (again.state, again.send) == (decision.state, ())
    assert kinds(handlers.close_case_file(decision.state, close, NOW)) == [CaseFileClosed]


def test_a_claim_joins_a_case_file_that_is_open_again():
    case_file_id = opened().case_file_id
    closed = handlers.close_case_file(opened(), CloseCaseFile(case_file_id=case_file_id, code="paid"), NOW).state
    reopen = ReopenCaseFile(case_file_id=case_file_id, code="payment_reversed")
    assert kinds(submit(handlers.reopen_case_file(closed, reopen, NOW).state, a_claim("D-2"))) == [ClaimAccepted]


def folded(messages: Sequence[Message]):
    claim = a_claim()
    assert claim.placement is not None
    loaded = Loaded(
        key=claim.placement.case_file_id, version=0, state=None, sequences={}, drawn={"reference_number": "1000000001"}
    )
    arrivals = [
        Arrival(message=message, source="intake.requests.v1", source_id=str(n), event_id=UUID(int=n))
        for n, message in enumerate(messages)
    ]
    return fold(domain.CASE_FILE, loaded, arrivals, consumers=CONSUMERS, now=NOW)


def test_a_closing_that_comes_before_its_case_file_waits_for_it():
    claim = a_claim()
    assert claim.placement is not None
    close = CloseCaseFile(case_file_id=claim.placement.case_file_id, code="paid")
    first, late = folded([claim, close]), folded([close, claim])
    assert first.state == late.state
    assert late.state.closed_on == date(2026, 3, 2)
    assert [type(message) for message, _ in late.sent] == [CaseFileOpened, ClaimAccepted, CaseFileClosed]
    assert [type(a.message) for a, _ in folded([close]).held] == [CloseCaseFile]


def test_a_closing_and_a_reopening_that_come_before_their_case_file_leave_it_open():
    claim = a_claim()
    assert claim.placement is not None
    case_file_id = claim.placement.case_file_id
    close = CloseCaseFile(case_file_id=case_file_id, code="paid")
    reopen = ReopenCaseFile(case_file_id=case_file_id, code="payment_reversed")
    late = folded([close, reopen, claim])
    assert late.state.closed_on is None
    assert [type(message) for message, _ in late.sent][2:] == [CaseFileClosed, CaseFileReopened]


# --- clients ---------------------------------------------------------------------------------------------------------


def a_registration() -> RegisterClient:
    return RegisterClient(
        client_id=CLIENT, folder="jansen-1", mandate=a_mandate(), payout_account=Personal.of("NL91ABNA0417164300"),
        payout_name="Jansen", api_key_sha256="0" * 64,
    )  # fmt: skip


def test_a_client_is_registered_once_and_his_mandate_told():
    decision = handlers.register_client(None, a_registration(), NOW)
    assert kinds(decision) == [MandateGranted]
    with pytest.raises(InvalidMessage) as refused:
        handlers.register_client(decision.state, a_registration(), NOW)
    assert refused.value.code == "client_exists"


def test_an_amended_mandate_is_told_whole_and_a_new_key_is_told_to_nobody():
    client = handlers.register_client(None, a_registration(), NOW).state
    message = domain.AmendMandate(
        client_id=CLIENT, mandate=a_mandate(name="Jansen en Zoon"), payout_account=Personal.of("BE68539007547034"),
        payout_name="Jansen en Zoon",
    )  # fmt: skip
    decision = handlers.amend_mandate(client, message, NOW)
    [granted] = decision.send
    assert isinstance(granted, MandateGranted)
    assert granted.mandate.creditor.name == "Jansen en Zoon"
    assert granted.payout_account.value == "BE68539007547034"
    assert decision.state.api_key_sha256 == "0" * 64
    replaced = handlers.replace_api_key(client, domain.ReplaceApiKey(client_id=CLIENT, api_key_sha256="1" * 64), NOW)
    assert (replaced.state, replaced.send) == (replace(client, api_key_sha256="1" * 64), ())


# --- names -----------------------------------------------------------------------------------------------------------


def named(
    name: str = "S. de Vries", postcode: str = "3511 AB", house_number: str = "12a", number: str | None = None
) -> UUID:
    address = ADDRESS.model_copy(update={"postcode": postcode, "house_number": house_number})
    return domain.name_debtor(country="NL", enterprise_number=number, name=name, address=address)


def test_a_debtor_is_the_same_however_his_name_and_address_are_written():
    assert named() == named("s de  VRIES", "3511ab", "12 A") == named("S. de Vríes", "3511 AB", "12-a")
    assert len({named(), named("T. de Vries"), named(postcode="3512 AB"), named(house_number="12b")}) == 4


def test_an_enterprise_is_its_number_whatever_its_name():
    assert named("Bakker B.V.", number="12345678") == named("BAKKER", house_number="1", number="12345678")
    belgian = domain.name_debtor(country="BE", enterprise_number="12345678", name="Bakker", address=None)
    assert belgian != named(number="12345678")


@given(name=st.text(max_size=80), client_id=st.uuids())
def test_the_name_of_a_folder_is_safe_on_any_disk(name: str, client_id: UUID):
    folder = domain.name_folder(name=name, client_id=client_id)
    assert set(folder) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert folder.endswith(str(client_id)[:8])
    assert len(folder) <= 49
    assert not folder.startswith("-")
