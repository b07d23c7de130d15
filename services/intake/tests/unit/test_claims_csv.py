"""CSV files: read, or refused by line and field, whatever is in them."""

import contextlib
import csv
import io
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.values import DebtorContact
from intake.formats.claims_csv import MOST_ROWS, read_chunks, read_rows
from intake.formats.encodings import encoding_of
from intake.formats.refusals import ClaimRow, RefusedRow, UnreadableFile
from intake.formats.templates import COLUMNS, TEMPLATE_VERSION, template_csv, template_name

CLIENT = UUID(int=1)
HEADER = (
    "invoice_number;invoice_date;due_date;description;principal;debtor_type;debtor_name;street;house_number;postcode;"
    "city;country;email;phone"
)
ROW = "F-{n};2026-01-05;2026-02-04;Bicycle;349.90;consumer;{name};Dorpsstraat;12;3511 AB;Utrecht;NL;;"


def a_row(number: int = 1, *, name: str = "S. de Vries", **cells: str) -> str:
    names = HEADER.split(";")
    row = dict(zip(names, ROW.format(n=number, name=name).split(";"), strict=True))
    return ";".join({**row, **cells}[name] for name in names)


@pytest.fixture
def write(tmp_path: Path):
    def make(content: bytes | str, name: str = "claims.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


def read(path: Path) -> list[ClaimRow | RefusedRow]:
    return list(rows_of(path))


def rows_of(path: Path) -> Iterator[ClaimRow | RefusedRow]:
    for chunk in read_chunks(path):
        yield from read_rows(chunk, client_id=CLIENT)


def only(rows: list[ClaimRow | RefusedRow]) -> ClaimRow:
    [row] = rows
    assert isinstance(row, ClaimRow), row
    return row


def refusals(rows: list[ClaimRow | RefusedRow]) -> list[tuple[int, str, str]]:
    return [(row.line, row.field, row.code) for row in rows if isinstance(row, RefusedRow)]


def name_of(row: ClaimRow | RefusedRow) -> str:
    assert isinstance(row, ClaimRow), row
    return row.claim.debtor.contact.unpack(DebtorContact).name


def test_the_template_itself_is_read_and_its_version_stands_in_its_name(write):
    rows = read(write(template_csv()))
    assert [type(row) for row in rows] == [ClaimRow, ClaimRow]
    assert [row.claim.debtor.country for row in rows] == ["NL", "BE"]
    assert [row.claim.debtor.language for row in rows] == ["nl", "fr"]
    assert template_name() == f"claims-v{TEMPLATE_VERSION}.csv"


def test_a_row_becomes_a_claim_with_all_its_terms(write):
    header = (
        HEADER + ";client_reference;contract_date;agreed_percent;indemnity_percent;indemnity_fixed;indemnity_min;kbo"
    )
    cells = a_row(debtor_type="company", country="BE", postcode="B-9000", principal="1.250,00", phone="0470 12 34 56")
    row = only(read(write(f"{header}\n{cells};D-1;01/12/2025;10,5 %;10;€ 40;50;0428.759.497")))
    terms, debtor = row.claim.terms, row.claim.debtor
    assert (terms.client_reference, terms.invoice_number) == ("D-1", "F-1")
    assert (terms.contract_on, terms.invoice_on, terms.due_on) == (
        date(2025, 12, 1),
        date(2026, 1, 5),
        date(2026, 2, 4),
    )
    assert (terms.principal_cents, terms.agreed_percent_per_year) == (125_000, "10.5")
    assert terms.is_commercial_contract
    assert terms.indemnity_clause is not None
    assert (terms.indemnity_clause.percent, terms.indemnity_clause.fixed_cents) == ("10", 4_000)
    assert terms.indemnity_clause.minimum_cents == 5_000
    assert (debtor.is_natural_person, debtor.acts_as_consumer) == (False, False)
    assert (debtor.enterprise_number, debtor.language) == ("0428759497", "nl")
    contact = debtor.contact.unpack(DebtorContact)
    assert contact.phone == "+32470123456"
    assert contact.address is not None
    assert contact.address.postcode == "9000"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
    ],
)
def test_names_with_accents_survive_the_encodings_of_spreadsheets(write, encoding: str, expected: str):
    names = ["Zoë Brontë", "Hélène Lefèvre", "André Müller", "Françoise Noël", "José Nuñez"]
    text = "\r\n".join([HEADER, *(a_row(n, name=name) for n, name in enumerate(names))])
    path = write(text.encode(encoding))
    assert encoding_of(path) == expected
    assert [name_of(row) for row in read(path)] == names


def test_a_line_in_another_encoding_is_refused_alone_in_a_file_of_utf_8(write):
    good = [a_row(n, name="Zoë").encode() for n in (1, 2)]
    path = write(b"\n".join([HEADER.encode(), good[0], a_row(3, name="Andr\xe9").encode("cp1252"), good[1]]))
    rows = read(path)
    assert refusals(rows) == [(3, "debtor_name", "encoding")]
    assert [name_of(row) for row in rows if isinstance(row, ClaimRow)] == ["Zoë", "Zoë"]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_the_delimiter_is_told_by_the_header_alone(write, delimiter: str):
    text = io.StringIO()
    cells = a_row(description="one, two; three".replace(";", "|"), principal="1.234,50").replace("|", "\0").split(";")
    csv.writer(text, delimiter=delimiter).writerows([HEADER.split(";"), [cell.replace("\0", ";") for cell in cells]])
    row = only(read(write(text.getvalue())))
    assert row.claim.terms.description == "one, two; three"
    assert row.claim.terms.principal_cents == 123_450


def test_excels_mark_and_empty_lines_are_passed_over_and_lines_keep_their_numbers(write):
    rows = read(write(f"sep=;\n\n{HEADER}\n\n;;;;;;;;;;;;;\n{a_row(1)}\n{a_row(2, postcode='99')}\n"))
    assert [row.line for row in rows] == [6, 7]
    assert refusals(rows) == [(7, "postcode", "not_a_postcode")]


def test_dutch_and_french_headers_are_understood(write):
    dutch = (
        "Factuurnummer;Factuurdatum;Vervaldatum;Omschrijving;Bedrag;Type debiteur;Naam;Straat;Huisnummer;Postcode;"
        "Plaats;Land"
    )
    french = (
        "Numéro de facture;Date de facture;Date d'échéance;Libellé;Montant;Type de débiteur;Nom;Rue;Numéro;Code postal;"
        "Ville;Pays"
    )
    nl = "F-1;05-01-2026;4-2-2026;Fiets;349,90;consument;S. de Vries;Dorpsstraat;12;3511AB;Utrecht;Nederland"
    fr = "F-1;05/01/2026;04/02/2026;Vélo;349,90;consommateur;S. Dubois;Rue Haute;12;5000;Namur;Belgique"
    assert only(read(write(f"{dutch}\n{nl}"))).claim.debtor.language == "nl"
    row = only(read(write(f"{french}\n{fr}")))
    assert row.claim.debtor.language == "fr"
    assert row.claim.terms.due_on == date(2026, 2, 4)
    assert row.claim.terms.client_reference == "F-1"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"PK\x03\x04 workbook", "not_csv"),
        (b"%PDF-1.7", "not_csv"),
        (HEADER.encode("utf-16-le"), "nul"),
        (b"what is this\n1;2;3", "no_header"),
        ((HEADER + ";shoe_size").encode(), "unknown_column"),
        ((HEADER + ";factuurnummer").encode(), "duplicate_column"),
        (HEADER.replace("principal;", "").encode(), "missing_column"),
        (b'"' + HEADER.encode(), "no_header"),
    ],
)
def test_a_file_of_which_nothing_can_be_taken_is_refused_whole(write, content: bytes, code: str):
    with pytest.raises(UnreadableFile) as refused:
        read(write(content))
    assert refused.value.code == code


def test_a_missing_column_is_named(write):
    with pytest.raises(UnreadableFile, match="no column due_date, principal"):
        read(write(HEADER.replace("due_date;", "").replace("principal;", "")))


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        ({"debtor_name": "=HYPERLINK(1)"}, "debtor_name", "formula"),
        ({"description": "+1+1"}, "description", "formula"),
        ({"city": "-Utrecht"}, "city", "formula"),
        ({"street": "@SUM(A1)"}, "street", "formula"),
        ({"description": "\uff1d1+1"}, "description", "formula"),
        ({"principal": "=1+1"}, "principal", "formula"),
        ({"phone": "@1"}, "phone", "formula"),
        ({"principal": "-349,90"}, "principal", "not_an_amount"),
        ({"principal": "0,00"}, "principal", "not_positive"),
        ({"principal": "1.234"}, "principal", "ambiguous_amount"),
        ({"principal": "1,234"}, "principal", "ambiguous_amount"),
        ({"principal": "1.23.45"}, "principal", "not_an_amount"),
        ({"principal": "12,345,6"}, "principal", "not_an_amount"),
        ({"principal": "1e3"}, "principal", "not_an_amount"),
        ({"principal": "\u0661\u0662"}, "principal", "not_an_amount"),
        ({"principal": "999999999999"}, "principal", "too_large"),
        ({"invoice_date": "05-13-2026"}, "invoice_date", "not_a_day"),
        ({"invoice_date": "2026-02-30"}, "invoice_date", "not_a_day"),
        ({"invoice_date": "05/01-2026"}, "invoice_date", "not_a_day"),
        ({"invoice_date": "5 jan 2026"}, "invoice_date", "not_a_day"),
        ({"invoice_date": "0026-01-05"}, "invoice_date", "not_a_day"),
        ({"due_date": "2026-01-04"}, "due_date", "before_invoice"),
        ({"debtor_type": "friend"}, "debtor_type", "unknown_word"),
        ({"debtor_type": "company"}, "enterprise_number", "missing"),
        ({"country": "DE"}, "country", "unknown_word"),
        ({"country": "BE"}, "postcode", "not_a_postcode"),
        ({"postcode": "0123 AB"}, "postcode", "not_a_postcode"),
        ({"house_number": "bis"}, "house_number", "not_a_house_number"),
        ({"email": "a@b"}, "email", "not_an_email"),
        ({"phone": "12"}, "phone", "not_a_phone_number"),
        ({"debtor_name": ""}, "debtor_name", "missing"),
        ({"debtor_name": "x" * 141}, "debtor_name", "too_long"),
        ({"debtor_name": "a\x07b"}, "debtor_name", "control_character"),
        ({"debtor_name": "\u202egnp"}, "debtor_name", "control_character"),
        ({"debtor_name": "a\0b"}, "", "nul"),
        ({"debtor_name": "a;b"}, "", "wrong_number_of_fields"),
        ({"debtor_name": '"a" b'}, "", "quotes"),
        ({"debtor_name": "x" * 70_000}, "", "too_long"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_refused_by_line_and_field_and_its_neighbours_are_taken(write, cells, field: str, code: str):
    rows = read(write(f"{HEADER}\n{a_row(1)}\n{a_row(2, **cells)}\n{a_row(3)}\n"))
    assert refusals(rows) == [(3, field, code)]
    assert [row.line for row in rows] == [2, 3, 4]


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("349.90", 34_990), ("349,9", 34_990), ("349", 34_900), ("1.234,50", 123_450), ("1,234.50", 123_450),
        ("1 234,50", 123_450), ("1\u202f234,50", 123_450), ("1.234.567", 123_456_700), ("1,234,567", 123_456_700),
        ("1 234", 123_400), ("€ 12,50", 1_250), ("12,50 EUR", 1_250), ("0,01", 1),
    ],
)  # fmt: skip
def test_amounts_that_read_one_way_only_are_read(write, text: str, cents: int):
    assert only(read(write(f"{HEADER}\n{a_row(principal=text)}"))).claim.terms.principal_cents == cents


def test_all_that_is_wrong_with_a_row_is_said(write):
    [row] = read(write(f"{HEADER}\n{a_row(email='x', postcode='1', principal='many')}"))
    assert isinstance(row, RefusedRow)
    assert {error.field for error in row.errors} == {"email", "postcode", "principal"}
    assert "many" not in "".join(error.reason for error in row.errors)


def test_a_cell_may_span_lines_and_quotes(write):
    cell = '"one\n two, ""three"""'
    rows = read(write(f"{HEADER}\n{a_row(1, description=cell)}\n{a_row(2)}\n"))
    assert [row.line for row in rows] == [2, 4]
    assert isinstance(rows[0], ClaimRow)
    assert rows[0].claim.terms.description == 'one two, "three"'


def test_a_quote_that_never_closes_takes_no_neighbour_along(write):
    lines = [HEADER, a_row(1), a_row(2, description='"open'), *(a_row(n) for n in range(3, 60))]
    rows = read(write("\n".join(lines)))
    assert refusals(rows) == [(3, "", "quotes")]
    assert len(rows) == 59


def test_a_consumer_with_an_enterprise_number_is_asked_about(write):
    [row] = read(write(f"{HEADER};kvk\n{a_row()};12345678"))
    assert refusals([row]) == [(2, "enterprise_number", "not_expected")]


@pytest.mark.parametrize(("number", "kind"), [("12345678", "NL"), ("BE0428.759.497", "BE"), ("428759497", "BE")])
def test_enterprise_numbers_are_checked_in_their_register(write, number: str, kind: str):
    cells = {"country": kind, "postcode": {"NL": "3511AB", "BE": "9000"}[kind], "debtor_type": "sole_trader"}
    row = only(read(write(f"{HEADER};enterprise_number\n{a_row(**cells)};{number}")))
    assert row.claim.debtor.is_natural_person
    assert not row.claim.debtor.acts_as_consumer
    [bad] = read(write(f"{HEADER};enterprise_number\n{a_row(**cells)};{number[:-1]}"))
    assert refusals([bad])[0][1] == "enterprise_number"


@pytest.mark.parametrize(
    ("postcode", "language"),
    [("1000", "fr"), ("1300", "fr"), ("1500", "nl"), ("3999", "nl"), ("4000", "fr"), ("7999", "fr"), ("8000", "nl")],
)
def test_the_language_to_begin_in_is_that_of_the_region(write, postcode: str, language: str):
    row = only(read(write(f"{HEADER}\n{a_row(country='BE', postcode=postcode)}")))
    assert row.claim.debtor.language == language


def test_too_many_rows_are_refused_before_any_is_taken(write):
    path = write(f"{HEADER}\n" + "\n".join(["x"] * (MOST_ROWS + 1)))
    with pytest.raises(UnreadableFile) as refused:
        next(read_chunks(path))
    assert refused.value.code == "too_many_rows"
    exactly = write(f"{HEADER}\n" + "\n\n".join(["x"] * MOST_ROWS))
    assert sum(1 for _ in rows_of(exactly)) == MOST_ROWS


def test_too_large_a_file_is_refused_unread(tmp_path: Path):
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    with pytest.raises(UnreadableFile) as refused:
        read(path)
    assert refused.value.code == "too_large"


def test_memory_does_not_grow_with_the_file(write):
    def peak_of(rows: int) -> int:
        path = write(f"{HEADER}\n" + "\n".join(a_row(n, description="x" * 400) for n in range(rows)), f"{rows}.csv")
        tracemalloc.start()
        try:
            assert sum(1 for _ in rows_of(path)) == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak_of(1)  # tables of the libraries load once
    assert peak_of(3_000) < peak_of(600) * 2


def test_every_column_is_told_apart_by_its_words():
    words = [word for column in COLUMNS for word in (column.name, *column.also)]
    from intake.formats.templates import ALIASES, plain_header  # noqa: PLC0415  beside its use

    assert len(ALIASES) == len({plain_header(word) for word in words})
    for column in COLUMNS:
        for word in (column.name, *column.also):
            assert ALIASES[plain_header(word)] == column.name


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400))
def test_no_bytes_raise_anything_but_a_refusal(tmp_path: Path, content: bytes):
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    with contextlib.suppress(UnreadableFile):
        read(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.binary(max_size=120), max_size=6), mark=st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_whatever_stands_below_a_header_every_line_is_answered(tmp_path: Path, rows: list[bytes], mark: bytes):
    path = tmp_path / "any.csv"
    path.write_bytes(mark + b"\n".join([HEADER.encode(), *rows, a_row(99).encode()]))
    found = read(path)
    assert [row.line for row in found] == sorted({row.line for row in found})
    assert all(row.line > 1 for row in found)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.text(max_size=30), min_size=14, max_size=14))
def test_whatever_stands_in_cells_is_a_claim_or_a_refusal(tmp_path: Path, cells: list[str]):
    path = tmp_path / "any.csv"
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerow([cell.replace("\r", " ").replace("\n", " ") for cell in cells])
    path.write_bytes(f"{HEADER}\n".encode() + text.getvalue().encode("utf-8", "surrogatepass"))
    assert len(read(path)) <= 1
