"""Bank statements as banks write them, as they should not, and as an attacker would."""

import tracemalloc
from datetime import date
from pathlib import Path

import pytest
from camt_builder import PAYER_IBAN, TRUST_IBAN, Line, Payment, a_balance, a_file, a_line, a_statement
from hypothesis import given
from hypothesis import strategies as st

from ledger.bank.camt053 import MAX_STATEMENT_BYTES, read_camt053
from ledger.bank.xml_border import schema_errors
from ledger.domain.statements import EntryStatus, Message, Statement, StructuredReference, UnreadableStatement

XSD = Path(__file__).parents[2] / "ledger" / "bank" / "xsd"


def read_one(raw: bytes) -> Statement:
    (statement,) = read_camt053(raw).statements
    return statement


def codes(statement: Statement) -> set[str]:
    return {finding.code for finding in statement.findings}


def blocking(statement: Statement) -> set[str]:
    return {finding.code for finding in statement.findings if finding.blocks}


A_DAY = [
    a_line(12_345, reference="090933755493", issuer="BBA"),
    a_line(5_000, text="dossier 17 & dank"),
    a_line(-30_000, name="Client NV", end_to_end_id="P-1", bank_reference="OUT1"),
]


@pytest.mark.parametrize("version", ["02", "08"])
def test_the_builders_write_valid_statements(version: str):
    raw = a_file(a_statement(A_DAY, version=version, totals=True), version=version)
    assert schema_errors(raw, XSD / f"camt.053.001.{version}.xsd") == ()


@pytest.mark.parametrize("version", ["02", "04", "08", "14"])
def test_a_statement_reads_alike_in_every_version(version: str):
    statement = read_one(a_file(a_statement(A_DAY, version=version), version=version))
    assert statement.message is Message.STATEMENT
    assert statement.version == version
    assert (statement.account_number, statement.currency, statement.sequence_number) == (TRUST_IBAN, "EUR", 1)
    assert (statement.opening.amount_cents, statement.closing.amount_cents) == (100_000, 87_345)
    assert statement.closing.on == date(2026, 3, 2)
    assert [entry.amount_cents for entry in statement.entries] == [12_345, 5_000, -30_000]
    first, second, third = (entry.transactions[0] for entry in statement.entries)
    assert first.references == (StructuredReference(value="090933755493", issuer="BBA", code="SCOR"),)
    assert (first.counterparty.account_number, first.counterparty.name) == (PAYER_IBAN, "J. Janssens")
    assert first.end_to_end_id is None
    assert second.text == "dossier 17 & dank"
    assert (third.counterparty.name, third.end_to_end_id) == ("Client NV", "P-1")
    assert statement.entries[0].type_code == "PMNT/RCDT/ESCT"
    assert statement.findings == ()


def test_several_payments_in_one_entry_add_up_to_it():
    batch = Line(cents=300, payments=(Payment(cents=100), Payment(cents=200, text="b")))
    (entry,) = read_one(a_file(a_statement([batch]))).entries
    assert entry.details_add_up
    assert [transaction.amount_cents for transaction in entry.transactions] == [100, 200]


@pytest.mark.parametrize(
    "line",
    [
        Line(cents=300, payments=(Payment(cents=100), Payment(cents=199)), text="whole"),
        Line(cents=300, batch=2, text="whole"),
        Line(cents=300, payments=(Payment(cents=299),), text="whole"),
    ],
)
def test_an_entry_whose_payments_do_not_explain_it_stays_whole(line: Line):
    (entry,) = read_one(a_file(a_statement([line]))).entries
    assert not entry.details_add_up
    (whole,) = entry.transactions
    assert (whole.amount_cents, whole.text) == (300, "whole")


def test_an_entry_without_details_is_its_own_payment():
    (entry,) = read_one(a_file(a_statement([Line(cents=-700, text="kosten", payment_information_id="B-1")]))).entries
    assert entry.details_add_up
    assert entry.payment_information_id == "B-1"
    assert (entry.transactions[0].amount_cents, entry.transactions[0].text) == (-700, "kosten")


def test_a_foreign_amount_is_never_taken():
    raw = a_file(a_statement([a_line(500)])).replace(
        b'<Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><RltdPties>',
        b'<AmtDtls><InstdAmt><Amt Ccy="USD">9.00</Amt></InstdAmt></AmtDtls><RltdPties>',
    )
    assert b"USD" in raw
    (entry,) = read_one(raw).entries
    assert entry.transactions[0].amount_cents == 500


def test_our_own_account_is_never_the_counterparty():
    raw = a_file(a_statement([a_line(500, iban=TRUST_IBAN)]))
    (entry,) = read_one(raw).entries
    assert entry.transactions[0].counterparty.account_number is None


def test_a_returned_payout_names_its_reason():
    (entry,) = read_one(a_file(a_statement([a_line(500, return_reason="AC04", is_reversal=True)]))).entries
    assert entry.is_reversal
    assert entry.transactions[0].return_reason == "AC04"
    assert entry.amount_cents == 500, "a reversal carries the sign it has"


def test_pending_entries_are_read_but_not_booked():
    statement = read_one(a_file(a_statement([a_line(500), a_line(900, status="PDNG")])))
    assert [entry.status for entry in statement.entries] == [EntryStatus.BOOKED, EntryStatus.PENDING]
    assert [entry.amount_cents for entry in statement.booked] == [500]


def test_an_empty_statement_is_a_statement():
    statement = read_one(a_file(a_statement()))
    assert statement.entries == ()
    assert statement.opening.amount_cents == statement.closing.amount_cents


def test_a_file_may_hold_several_statements():
    raw = a_file(a_statement(A_DAY), a_statement([a_line(1)], iban="BE71096123456769", statement_id="S-2"))
    assert [(s.account_number, len(s.entries)) for s in read_camt053(raw).statements] == [
        (TRUST_IBAN, 3),
        ("BE71096123456769", 1),
    ]


def test_pages_of_one_statement_become_one():
    def page(number: int, last: str) -> str:
        return f"<StmtPgntn><PgNb>{number}</PgNb><LastPgInd>{last}</LastPgInd></StmtPgntn>"

    first = a_statement([a_line(500)], opening=0, closing=0, extra=page(1, "NO"))
    second = a_statement([a_line(700)], opening=0, closing=1_200, extra=page(2, "YES"))
    statement = read_one(a_file(first, second))
    assert [(entry.ordinal, entry.amount_cents) for entry in statement.entries] == [(1, 500), (2, 700)]
    assert statement.closing.amount_cents == 1_200
    assert statement.is_last_page
    assert not read_one(a_file(first)).is_last_page


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("<CdtDbtInd>CRDT</CdtDbtInd><Dt>", "<Dt>", "balance_without_sign"),
        ("<BookgDt><Dt>2026-03-02</Dt></BookgDt>", "", "entry_date_missing"),
        ("<BookgDt><Dt>2026-03-02</Dt>", "<BookgDt><Dt>2 maart</Dt>", "date_unreadable"),
    ],
)
def test_what_banks_leave_out_is_a_finding_and_no_loss(old: str, new: str, finding: str):
    raw = a_file(a_statement([a_line(500)])).replace(old.encode(), new.encode())
    statement = read_one(raw)
    assert finding in codes(statement)
    assert blocking(statement) == set()
    assert [entry.amount_cents for entry in statement.entries] == [500]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>"),
        ("<Sts><Cd>BOOK</Cd></Sts>", ""),
        ("<Dt><Dt>2026-03-02</Dt></Dt>", "<Dt><DtTm>2026-03-02T23:59:59:735</DtTm></Dt>"),
        ("<Dt>2026-03-02</Dt>", "<Dt> 2026-03-02</Dt>"),
        ("5.00</Amt>", "5.0000000000000</Amt>"),
        ("5.00</Amt>", "5</Amt>"),
        ("<Pty><Nm>J. Janssens</Nm></Pty>", "<Nm>J. Janssens</Nm>"),
    ],
)
def test_known_peculiarities_change_nothing(old: str, new: str):
    plain = a_file(a_statement([a_line(500)]))
    bent = plain.replace(old.encode(), new.encode())
    assert bent != plain
    assert read_one(bent) == read_one(plain)


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("5.00</Amt>", "5.001</Amt>", "amount_fraction"),
        ("5.00</Amt>", "5,00</Amt>", "amount_unreadable"),
        ("5.00</Amt>", "-5.00</Amt>", "amount_unreadable"),
        ("5.00</Amt>", "NaN</Amt>", "amount_unreadable"),
        ("5.00</Amt>", "9999999999999999999.00</Amt>", "amount_unreadable"),
        ("5.00</Amt>", "\u0665.00</Amt>", "amount_unreadable"),
        ("<CdtDbtInd>CRDT</CdtDbtInd><Sts>", "<Sts>", "entry_without_sign"),
        ("<Cd>BOOK</Cd>", "<Cd>MAYBE</Cd>", "status_unknown"),
        ("Dt><Dt>2026-03-02</Dt>", "Dt><Dt>2026-02-30</Dt>", "entry_without_date"),
    ],
)
def test_a_figure_that_cannot_be_read_blocks_and_never_raises(old: str, new: str, finding: str):
    statement = read_one(a_file(a_statement([a_line(500)])).replace(old.encode(), new.encode()))
    assert finding in blocking(statement)
    assert statement.entries == ()
    assert statement.entry_count == 1


@pytest.mark.parametrize("raw", [b"<Document/>", b"<html><body>Service unavailable</body></html>", a_file()])
def test_a_document_without_a_statement_is_a_finding(raw: bytes):
    file = read_camt053(raw)
    assert file.statements == ()
    assert "no_statement" in {finding.code for finding in file.findings if finding.blocks}


BOMB = b'<!DOCTYPE D [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not xml",
        b"\x00\xff\xfe",
        a_file(a_statement(A_DAY))[:-200],
        b"<?xml version='1.0'?>" + BOMB + b"<Document>&b;</Document>",
        b"<?xml version='1.0'?>" + BOMB + b"<Document x='&b;'/>",
        b"<?xml version='1.0'?><!DOCTYPE D SYSTEM 'file:///etc/passwd'><Document/>",
        b"<?xml version='1.0'?><!DOCTYPE D [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><Document>&f;</Document>",
        ("<?xml version='1.0' encoding='UTF-16'?>" + BOMB.decode() + "<Document>&b;</Document>").encode("utf-16"),
        a_file(a_statement(A_DAY)).replace(b"J. Janssens", b"&undeclared;"),
        a_file(a_statement(A_DAY)).replace(b"J. Janssens", b"\xff\xfe"),
        b"<a>" * 10_000,
        b"<?xml version='1.0' encoding='KLINGON'?><Document/>",
    ],
)
def test_what_is_no_statement_at_all_is_refused_by_type(raw: bytes):
    with pytest.raises(UnreadableStatement):
        read_camt053(raw)


def test_a_billion_laughs_are_refused_with_flat_memory():
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    raw = f'<?xml version="1.0"?><!DOCTYPE D [<!ENTITY l0 "lol">{levels}]><Document>&l11;</Document>'.encode()
    tracemalloc.start()
    with pytest.raises(UnreadableStatement):
        read_camt053(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_a_file_over_the_limit_is_refused_before_it_is_parsed():
    with pytest.raises(UnreadableStatement, match="limit"):
        read_camt053(bytes(MAX_STATEMENT_BYTES + 1))


@given(
    opening=st.integers(-(10**9), 10**9),
    amounts=st.lists(st.integers(-(10**7), 10**7), max_size=30),
    version=st.sampled_from(["02", "04", "08"]),
)
def test_opening_and_entries_give_the_closing_balance(opening: int, amounts: list[int], version: str):
    lines = [a_line(cents, bank_reference=f"R{n}") for n, cents in enumerate(amounts)]
    statement = read_one(a_file(a_statement(lines, opening=opening, version=version), version=version))
    assert [entry.amount_cents for entry in statement.booked] == amounts
    assert statement.opening.amount_cents + sum(amounts) == statement.closing.amount_cents
    assert all(sum(t.amount_cents for t in e.transactions) == e.amount_cents for e in statement.entries)


@given(cut=st.integers(0, 3_000), junk=st.binary(max_size=8))
def test_a_damaged_file_is_read_or_refused_but_never_crashes(cut: int, junk: bytes):
    whole = a_file(a_statement(A_DAY))
    damaged = whole[:cut] + junk + whole[cut + len(junk) :]
    try:
        read_camt053(damaged)
    except UnreadableStatement:
        return


SWAPS = [
    b"<Ntry>",
    b"</Ntry>",
    b"<Amt",
    b"CRDT",
    b"<Dt>",
    b"<TxDtls>",
    b"</TxDtls>",
    b"<Stmt>",
    b"</Stmt>",
    b"EUR",
    b"<IBAN>",
]


@given(
    old=st.sampled_from(SWAPS),
    new=st.sampled_from([*SWAPS, b"", b"<!-- -->", b"<?pi ?>", b"<x/>"]),
    count=st.integers(1, 9),
)
def test_swapped_elements_are_read_or_refused_but_never_crash(old: bytes, new: bytes, count: int):
    try:
        read_camt053(a_file(a_statement(A_DAY)).replace(old, new, count))
    except UnreadableStatement:
        return


def test_a_notification_is_read_and_says_what_it_is():
    raw = (
        a_file(a_statement(A_DAY))
        .replace(b"camt.053", b"camt.054")
        .replace(b"BkToCstmrStmt", b"BkToCstmrDbtCdtNtfctn")
        .replace(b"Stmt>", b"Ntfctn>")
    )
    statement = read_one(raw)
    assert statement.message is Message.NOTIFICATION
    assert len(statement.entries) == 3


def test_information_balances_are_not_the_closing_balance():
    raw = a_file(a_statement([a_line(500)]).replace("<Ntry>", a_balance("CLAV", 1, "2026-03-02") + "<Ntry>"))
    assert read_one(raw).closing.code == "CLBD"
