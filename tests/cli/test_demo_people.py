"""Debtors read what is printed and behave as they are; the account's checks can fail."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from cli.demo.account import AccountError, check, count_sent_after_payment
from cli.demo.bank import Bank
from cli.demo.debtors import Debtors
from cli.demo.mailbox import Notice, UnreadableNoticeError, read_sms, read_text
from cli.demo.people import Behaviour, Debtor, Pays, make_debtor
from cli.demo.witness import Said, Stop

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
TODAY = date(2026, 3, 3)
CASE_FILE = UUID(int=1)


def a_debtor(behaviour: Behaviour, *, pays: Pays = Pays.STRUCTURED) -> Debtor:
    debtor = make_debtor(Random(1), number=7, segment="nl_consumer")  # noqa: S311  no secret
    return Debtor(**{**vars(debtor), "behaviour": behaviour, "pays": pays, "email": "noor@post.example"})


def a_notice(cents: int = 10_000, **changed) -> Notice:
    given = {
        "medium": "email", "recipient": "noor@post.example", "accepted_at": NOW, "accepted_seconds": 100.0,
        "amount_cents": cents, "iban": "NL70TRIO0123456789", "reference": "7000001234567890",
        "token": "AAISE-M2EKV-THPCE-ZVK54-ZXPO7-4", "dispute_url": "http://localhost/disputes", "path": Path("x.eml"),
    }  # fmt: skip
    return Notice(**{**given, **changed})


def amounts_paid(debtor: Debtor, *notices: Notice, days: int = 60) -> list[int]:
    """What a debtor pays in so many days, with a notice a week."""
    debtors = Debtors([debtor], seed=1)
    paid: list[int] = []
    for day in range(days):
        due = notices[day // 7 : day // 7 + 1] if day % 7 == 0 else ()
        debtors.read(due, today=TODAY + timedelta(days=day))
        paid += [transfer.amount_cents for transfer in debtors.due_payments(TODAY + timedelta(days=day))]
    return paid


def test_who_pays_at_once_pays_what_the_notice_asks():
    assert amounts_paid(a_debtor(Behaviour.AT_ONCE), a_notice()) == [10_000]


def test_who_pays_late_waits_for_another_notice_and_pays_what_that_one_asks():
    late = amounts_paid(a_debtor(Behaviour.LATE), a_notice(), a_notice(11_000), a_notice(12_000))
    assert late in ([11_000], [12_000])


def test_who_pays_in_part_pays_about_half_first():
    [first] = amounts_paid(a_debtor(Behaviour.IN_PART), a_notice())
    assert 4_000 <= first <= 6_000


def test_who_pays_twice_pays_the_same_again():
    assert amounts_paid(a_debtor(Behaviour.TWICE), a_notice()) == [10_000, 10_000]


@pytest.mark.parametrize("behaviour", [Behaviour.DISPUTES, Behaviour.MOVED_AWAY])
def test_who_disputes_or_moved_away_pays_nothing(behaviour):
    assert amounts_paid(a_debtor(behaviour), a_notice(), a_notice()) == []


def test_a_dispute_is_meant_once():
    debtors = Debtors([a_debtor(Behaviour.DISPUTES)], seed=1)
    debtors.read([a_notice(), a_notice()], today=TODAY)
    assert len(debtors.disputes) == 1


def test_a_payer_who_mistypes_loses_a_digit_and_thinks_he_paid():
    debtors = Debtors([a_debtor(Behaviour.AT_ONCE, pays=Pays.MISTYPED)], seed=1)
    debtors.read([a_notice(), a_notice()], today=TODAY)
    [transfer] = debtors.due_payments(TODAY)
    assert "700000123456789 " in transfer.text
    assert transfer.reference == ""


def test_a_belgian_reference_goes_into_its_field_as_digits():
    debtors = Debtors([a_debtor(Behaviour.AT_ONCE)], seed=1)
    debtors.read([a_notice(reference="+++123/4567/89002+++")], today=TODAY)
    [transfer] = debtors.due_payments(TODAY)
    assert (transfer.issuer, transfer.reference) == ("BBA", "123456789002")


def test_a_letter_is_read_though_its_lines_break():
    text = (
        "Montant 1\u202f851,20\xa0€\r\nCompte BE56 3631 2345 6788\r\nAu nom de X\r\n"
        "Communication structurée +++123/4567/89002+++\r\nsur http://127.0.0.1:41\r\n01/disputes avec ce code :"
        " AAISE-M2EKV-\r\nTHPCE-ZVK54-ZXPO7-4."
    )
    notice = read_text(text, medium="letter", recipient="x", accepted_at=NOW, accepted_seconds=0, path=Path("x.pdf"))
    assert (notice.amount_cents, notice.iban) == (185_120, "BE56363123456788")
    assert notice.reference_number == "1234567890"
    assert notice.token == "AAISE-M2EKV-THPCE-ZVK54-ZXPO7-4"  # noqa: S105  of a notice
    assert notice.dispute_url == "http://127.0.0.1:4101/disputes"


def test_an_sms_is_read():
    body = "Bureau: betaal EUR 1.856,78 op NL70TRIO0123456789 met kenmerk 7000001234567890. Al betaald? Niets doen."
    notice = read_sms({"body": body, "to": "+31612345678"}, accepted_at=NOW, accepted_seconds=0, path=Path("x.json"))
    assert (notice.amount_cents, notice.iban) == (185_678, "NL70TRIO0123456789")
    assert notice.reference_number == "1234567890"


def test_a_message_that_does_not_say_how_to_pay_is_a_fault():
    with pytest.raises(UnreadableNoticeError):
        read_text("Betaal!", medium="letter", recipient="x", accepted_at=NOW, accepted_seconds=0, path=Path("x.pdf"))


@pytest.mark.parametrize(
    ("paid_at", "recorded_seconds", "count"),
    [
        (NOW + timedelta(hours=1), 0.0, 0),  # paid afterwards
        (NOW - timedelta(hours=1), 999.0, 1),  # paid an hour before, by simulated time
        (NOW, 101.0, 0),  # at one instant, and the payment was told after the mail was taken
        (NOW, 99.0, 1),  # at one instant, and before it
    ],
)
def test_a_message_accepted_after_the_payment_is_counted(paid_at, recorded_seconds, count):
    stop = Stop(at=paid_at, recorded_seconds=recorded_seconds)
    said = Said(opened={CASE_FILE: "1234567890"}, paid={CASE_FILE: stop})
    assert count_sent_after_payment([a_notice()], said) == count


# --- the equations -------------------------------------------------------------------------------------


@pytest.fixture
def empty_figures() -> dict:
    """An account of nothing, which adds up."""
    return {
        "claims": {"submitted": 0, "accepted": 0, "refused": 0},
        "case_files": {"opened": 0, "paid": 0, "on_hold": 0, "handed_off": 0, "open": 0},
        "messages": {"email": 0, "sms": 0, "letter": 0},
        "payments": {"received": 0, "matched": 0, "unmatched": 0, "amount_cents": 0},
        "remitted_cents": 0,
        "trust_account": {"bank_cents": 0, "owed_cents": 0, "difference_cents": 0},
        "sent_after_payment": 0,
    }


def checked(figures, tmp_path, **said):
    agency = Path(__file__).parents[2] / "agency.toml"
    bank = Bank(agency_file=agency, inbound=tmp_path / "in", outbound=tmp_path / "out", opened_on=TODAY)
    check(figures, bank=bank, debtors=Debtors([], seed=1), accepted_told=0, notices=[], said=Said(**said))


def test_an_account_of_nothing_adds_up(empty_figures, tmp_path):
    checked(empty_figures, tmp_path)


@pytest.mark.parametrize(
    ("place", "name", "equation"),
    [
        ("claims", "submitted", "submitted = accepted + refused"),
        ("claims", "accepted", "accepted = accepted as clients were told"),
        ("case_files", "opened", "opened = paid + on_hold + handed_off + open"),
        ("payments", "received", "received = matched + unmatched"),
        ("payments", "amount_cents", "bank = received - remitted"),
        ("trust_account", "difference_cents", "bank - owed = 0"),
        ("messages", "letter", "messages read = messages accepted"),
    ],
)
def test_a_figure_that_is_wrong_is_named(empty_figures, tmp_path, place, name, equation):
    empty_figures[place][name] += 1
    with pytest.raises(AccountError, match=re.escape(equation)):
        checked(empty_figures, tmp_path)


def test_a_message_after_payment_fails_the_account(empty_figures, tmp_path):
    with pytest.raises(AccountError, match="sent after payment"):
        checked({**empty_figures, "sent_after_payment": 1}, tmp_path)


def test_a_broken_proof_and_a_held_statement_fail_the_account(empty_figures, tmp_path):
    with pytest.raises(AccountError, match="statements with a difference"):
        checked(empty_figures, tmp_path, broken=["NL-1: 5 cents"])
    with pytest.raises(AccountError, match="statements held"):
        checked(empty_figures, tmp_path, statements_held=["NL-1: opening"])
