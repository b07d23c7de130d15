"""The demo's world: one seed, one world; good rows are taken and bad ones refused by intake's own readers."""

from collections import Counter
from uuid import UUID

import phonenumbers
import pytest

from cli.demo.bank_days import is_bank_day, next_bank_day, post_day_after
from cli.demo.clients import CLIENTS, Way
from cli.demo.handing_over import csv_file
from cli.demo.invoices import write_invoice
from cli.demo.people import Behaviour
from cli.demo.world import FIRST_DAY, Handover, World, make_world, working_days
from intake.domain import SubmitClaim, objections_to
from intake.formats.claim_fields import read_claim
from intake.formats.claims_csv import read_chunks, read_rows
from intake.formats.refusals import ClaimRow
from intake.formats.ubl import claim_of, read_invoice
from statutes.references import is_iban

CLIENT_ID = UUID(int=1)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(seed=1, claims=500)


def as_read(handover: Handover, folder) -> list[object]:
    """What intake reads of a handover: a SubmitClaim for a good row, anything else for a bad one."""
    match handover.way:
        case Way.FOLDER | Way.UPLOAD:
            path = folder / handover.name
            path.write_bytes(csv_file(handover))
            rows = [row for chunk in read_chunks(path) for row in read_rows(chunk, client_id=CLIENT_ID)]
            return [row.claim if isinstance(row, ClaimRow) else row for row in rows]
        case Way.SINGLE:
            [claim] = handover.claims
            return [read_claim({name: text for name, text in claim.fields.items() if text}, client_id=CLIENT_ID)]
        case Way.INVOICES:
            [claim] = handover.claims
            invoice = read_invoice(write_invoice(claim).encode())
            number = handover.client.enterprise_number
            return [claim_of(invoice, client_id=CLIENT_ID, client_number=number)]


def test_one_seed_gives_one_world(world):
    assert make_world(seed=1, claims=500) == world
    assert make_world(seed=2, claims=500) != world


def test_intake_takes_every_good_row_and_refuses_every_bad_one(world, tmp_path):
    for handover in world.handovers:
        for claim, read in zip(handover.claims, as_read(handover, tmp_path), strict=True):
            is_taken = isinstance(read, SubmitClaim) and not objections_to(read, today=handover.on)
            assert is_taken == (claim.fault is None), (claim.fault, claim.fields, read)


def test_about_six_rows_in_a_hundred_are_bad_and_most_come_in_two_days(world):
    assert 0.03 < sum(claim.fault is not None for claim in world.claims) / 500 < 0.09
    first_days = [h for h in world.handovers if h.on in working_days(FIRST_DAY, 2) and not h.is_repeat]
    assert 0.5 < sum(len(handover.claims) for handover in first_days) / 500 < 0.7


def test_a_repeated_file_is_the_same_file(world):
    repeats = [handover for handover in world.handovers if handover.is_repeat]
    originals = {(h.on, h.name): h for h in world.handovers if not h.is_repeat}
    assert repeats
    assert all(originals[r.on, r.name.removeprefix("again-")].claims == r.claims for r in repeats)


def test_some_debtors_owe_one_client_twice_on_a_day(world):
    once = [handover for handover in world.handovers if not handover.is_repeat]
    owed = Counter((h.on, h.client.number, claim.debtor.number) for h in once for claim in h.claims)
    assert sum(count > 1 for count in owed.values()) > 10


def test_every_behaviour_and_every_segment_is_there(world):
    assert {debtor.behaviour for debtor in world.debtors} == set(Behaviour)
    assert len({debtor.segment for debtor in world.debtors}) == 4


def test_nobody_shares_an_address_or_has_a_number_that_does_not_exist(world):
    emails = [debtor.email for debtor in world.debtors if debtor.email]
    phones = [debtor.phone for debtor in world.debtors if debtor.phone]
    assert len(emails) == len(set(emails))
    assert len(phones) == len(set(phones))
    assert all(email.endswith(".example") for email in emails)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(phone)) for phone in phones)
    assert all(is_iban(debtor.iban) for debtor in world.debtors)
    assert all(is_iban(client.registration()["payout_iban"]) for client in CLIENTS)


def test_banks_rest_at_easter_and_the_post_at_weekends():
    days = [day for day in working_days(FIRST_DAY, 60) if not is_bank_day(day)]
    assert [day.isoformat() for day in days] == ["2026-04-03", "2026-04-06", "2026-05-01"]
    assert next_bank_day(days[0]).isoformat() == "2026-04-07"
    assert post_day_after(FIRST_DAY.replace(day=6), 2).isoformat() == "2026-03-10"
