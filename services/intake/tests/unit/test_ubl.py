"""UBL invoices: read as they stand, and hostile documents refused with memory flat."""

import subprocess
import sys
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.values import DebtorContact
from intake.domain import SubmitClaim
from intake.formats.refusals import UnreadableFile
from intake.formats.ubl import claim_of, read_invoice, read_invoice_file, street_and_number

CLIENT = UUID(int=1)
INVOICE = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
  xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0</cbc:CustomizationID>
  <cbc:ID>2026-0017</cbc:ID>
  <cbc:IssueDate>2026-01-05</cbc:IssueDate>
  <cbc:DueDate>2026-02-04</cbc:DueDate>
  <cbc:InvoiceTypeCode>{type_code}</cbc:InvoiceTypeCode>
  <cbc:Note languageID="fr">Merci</cbc:Note>
  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  <cbc:BuyerReference>PO-77</cbc:BuyerReference>
  <cac:OrderReference><cbc:ID>O-9</cbc:ID></cac:OrderReference>
  <cac:ContractDocumentReference><cbc:ID>C-3</cbc:ID></cac:ContractDocumentReference>
  <cac:AccountingSupplierParty><cac:Party>
    <cbc:EndpointID schemeID="0106">12345678</cbc:EndpointID>
    <cac:PostalAddress><cbc:StreetName>Kade 1</cbc:StreetName><cbc:CityName>Utrecht</cbc:CityName>
      <cbc:PostalZone>3511AB</cbc:PostalZone>
      <cac:Country><cbc:IdentificationCode>NL</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
    <cac:PartyTaxScheme><cbc:CompanyID>NL004495445B01</cbc:CompanyID></cac:PartyTaxScheme>
    <cac:PartyLegalEntity><cbc:RegistrationName>Jansen B.V.</cbc:RegistrationName></cac:PartyLegalEntity>
  </cac:Party></cac:AccountingSupplierParty>
  <cac:AccountingCustomerParty><cac:Party>
    {number}
    <cac:PostalAddress><cbc:StreetName>Rue Haute 7 bte 3</cbc:StreetName><cbc:CityName>Namur</cbc:CityName>
      <cbc:PostalZone>5000</cbc:PostalZone>
      <cac:Country><cbc:IdentificationCode>BE</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
    <cac:PartyLegalEntity><cbc:RegistrationName>Boulangerie Modèle SRL</cbc:RegistrationName></cac:PartyLegalEntity>
    <cac:Contact><cbc:Name>Compta</cbc:Name><cbc:Telephone>081 22 33 44</cbc:Telephone>
      <cbc:ElectronicMail>compta@example.net</cbc:ElectronicMail></cac:Contact>
  </cac:Party></cac:AccountingCustomerParty>
  <cac:PaymentMeans><cbc:PaymentMeansCode>30</cbc:PaymentMeansCode><cbc:PaymentID>RF18539007547034</cbc:PaymentID>
  </cac:PaymentMeans>
  <cac:LegalMonetaryTotal>
    <cbc:PayableAmount currencyID="{currency}">{amount}</cbc:PayableAmount></cac:LegalMonetaryTotal>
  <cac:InvoiceLine><cbc:ID>1</cbc:ID><cac:Item><cbc:Name>Farine</cbc:Name></cac:Item></cac:InvoiceLine>
  <cac:InvoiceLine><cbc:ID>2</cbc:ID><cac:Item><cbc:Name>Levure</cbc:Name></cac:Item></cac:InvoiceLine>
</Invoice>
"""
KBO = '<cbc:EndpointID schemeID="0208">0428759497</cbc:EndpointID>'


def an_invoice(
    *,
    amount: str = "1250.50",
    currency: str = "EUR",
    type_code: str = "380",
    number: str = KBO,
    encoding: str = "utf-8",
) -> bytes:
    text = INVOICE.format(amount=amount, currency=currency, type_code=type_code, number=number)
    return text.replace("UTF-8", encoding).encode(encoding)


def claim(content: bytes, client_number: str | None = None) -> SubmitClaim:
    found = claim_of(read_invoice(content), client_id=CLIENT, client_number=client_number)
    assert isinstance(found, SubmitClaim), found
    return found


def errors(content: bytes, client_number: str | None = None) -> list[tuple[str, str]]:
    found = claim_of(read_invoice(content), client_id=CLIENT, client_number=client_number)
    assert not isinstance(found, SubmitClaim)
    return [(error.field, error.code) for error in found]


def test_an_invoice_is_read_as_it_stands():
    invoice = read_invoice(an_invoice())
    assert (invoice.number, invoice.issued_on, invoice.due_on) == ("2026-0017", "2026-01-05", "2026-02-04")
    assert (invoice.currency, invoice.payable_amount) == ("EUR", "1250.50")
    assert (invoice.buyer_reference, invoice.order_reference, invoice.contract_reference) == ("PO-77", "O-9", "C-3")
    assert invoice.payment_reference == "RF18539007547034"
    assert (invoice.supplier.name, invoice.supplier.kvk, invoice.supplier.vat) == (
        "Jansen B.V.",
        "12345678",
        "NL004495445B01",
    )
    assert (invoice.customer.kbo, invoice.customer.country, invoice.customer.contact_name) == (
        "0428759497",
        "BE",
        "Compta",
    )
    assert invoice.lines == ("Farine", "Levure")
    assert invoice.language == "fr"


def test_an_invoice_becomes_a_claim_on_its_customer():
    found = claim(an_invoice(), client_number="12345678")
    contact = found.debtor.contact.unpack(DebtorContact)
    assert contact.name == "Boulangerie Modèle SRL"
    assert contact.address is not None
    assert (contact.address.street, contact.address.house_number) == ("Rue Haute", "7 bte 3")
    assert (contact.phone, contact.email) == ("+3281223344", "compta@example.net")
    assert (found.debtor.enterprise_number, found.debtor.acts_as_consumer) == ("0428759497", False)
    assert (found.terms.client_reference, found.terms.principal_cents) == ("2026-0017", 125_050)
    assert (found.terms.contract_on, found.terms.due_on) == (date(2026, 1, 5), date(2026, 2, 4))
    assert found.terms.description == "Farine; Levure"


def test_a_belgian_vat_number_is_an_enterprise_number():
    number = "<cac:PartyTaxScheme><cbc:CompanyID>BE0428.759.497</cbc:CompanyID></cac:PartyTaxScheme>"
    assert claim(an_invoice(number=number)).debtor.enterprise_number == "0428759497"


def test_a_customer_without_a_number_is_a_consumer():
    debtor = claim(an_invoice(number="")).debtor
    assert (debtor.is_natural_person, debtor.acts_as_consumer) == (True, True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_the_encoding_that_a_document_declares_is_used(encoding: str):
    assert read_invoice(an_invoice(encoding=encoding)).customer.name == "Boulangerie Modèle SRL"


@pytest.mark.parametrize(
    ("amount", "cents"), [("1250", 125_000), ("1250.5", 125_050), ("1250.500", 125_050), ("1.2300", 123)]
)
def test_a_point_is_always_the_point_of_the_fraction(amount: str, cents: int):
    assert claim(an_invoice(amount=amount)).terms.principal_cents == cents


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"type_code": "381"}, [("invoice_type", "not_to_collect")]),
        ({"currency": "USD"}, [("currency", "unknown_word")]),
        ({"amount": "-5.00"}, [("principal", "not_an_amount")]),
        ({"amount": "0.00"}, [("principal", "not_positive")]),
        ({"amount": "1.2345"}, [("principal", "not_an_amount")]),
        ({"number": KBO.replace("497", "498")}, [("enterprise_number", "not_a_kbo_number")]),
    ],
)
def test_an_invoice_that_cannot_be_collected_is_refused_by_field(changes, expected):
    assert errors(an_invoice(**changes)) == expected


def test_an_invoice_of_another_enterprise_is_not_the_clients_to_hand_over():
    assert errors(an_invoice(), client_number="87654321") == [("supplier", "another_enterprise")]


@pytest.mark.parametrize(
    ("street", "parts"),
    [
        ("Rue Haute 7 bte 3", ("Rue Haute", "7 bte 3")),
        ("Dorpsstraat 12a", ("Dorpsstraat", "12a")),
        ("Kerkstraat, 5", ("Kerkstraat", "5")),
        ("Plein", ("Plein", "")),
        ("1e Weteringstraat 4", ("1e Weteringstraat", "4")),
        ("", ("", "")),
    ],
)
def test_street_and_house_number_are_told_apart(street: str, parts: tuple[str, str]):
    assert street_and_number(street) == parts


BOMB = (
    "<!DOCTYPE lolz [<!ENTITY a 'ha'>"
    + "".join(f"<!ENTITY {name} '{f'&{below};' * 10}'>" for below, name in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_xml"),
        (b"<a", "not_xml"),
        (b"<a/>", "not_an_invoice"),
        (an_invoice().replace(b"Invoice-2", b"CreditNote-2", 1), "not_an_invoice"),
        (f"{BOMB}<a>&i;</a>".encode(), "doctype"),
        (f"{BOMB}<a>&i;</a>".encode("utf-16"), "doctype"),
        (f'<?xml version="1.0" encoding="utf-16"?>{BOMB}<a>&i;</a>'.encode("utf-16"), "doctype"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "doctype"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "doctype"),
        (b"<a>&x;</a>", "not_xml"),
        (b"<a>" * 300 + b"</a>" * 300, "not_xml"),
        ("<a>\ud800</a>".encode("utf-8", "surrogatepass"), "not_xml"),
        (b" " * (5 * 1024 * 1024 + 1), "too_large"),
    ],
)
def test_a_hostile_document_is_refused(content: bytes, code: str):
    with pytest.raises(UnreadableFile) as refused:
        read_invoice(content)
    assert refused.value.code == code


@given(content=st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_refusal(content: bytes):
    with pytest.raises(UnreadableFile):
        read_invoice(content)


GROWTH = """
import resource, sys
from pathlib import Path
from uuid import UUID
from intake.formats.claims_csv import read_chunks, read_rows
from intake.formats.refusals import UnreadableFile
from intake.formats.ubl import read_invoice_file

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

read_csv = lambda path: sum(len(read_rows(chunk, client_id=UUID(int=1))) for chunk in read_chunks(path))
read = {"csv": read_csv, "xml": read_invoice_file}
warm, path = Path(sys.argv[1]), Path(sys.argv[2])
read[warm.suffix[1:]](warm)
before = peak_mb()
try:
    answer = read[path.suffix[1:]](path)
except UnreadableFile as refusal:
    answer = refusal.code
print(answer if isinstance(answer, (int, str)) else "read", peak_mb() - before)
"""


def growth_of(path: Path, *, warm: Path) -> tuple[str, float]:
    """What reading a file came to in a process of its own, and by how many MB that grew."""
    command = [sys.executable, "-c", GROWTH, str(warm), str(path)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return told[0], float(told[1])


def test_bombs_and_giants_are_refused_and_the_largest_files_read_within_50_mb(tmp_path: Path):
    warm_xml, warm_csv = tmp_path / "warm.xml", tmp_path / "warm.csv"
    warm_xml.write_bytes(an_invoice())
    header = "invoice_number;invoice_date;due_date;description;principal;debtor_type;debtor_name;street;house_number;"
    header += "postcode;city;country;email;phone"
    row = "F-{n};2026-01-05;2026-02-04;{text};349.90;consumer;S. de Vries;Dorpsstraat;12;3511 AB;Utrecht;NL;"
    warm_csv.write_text(f"{header}\n{row.format(n=1, text='x')}a@example.org;0612345678\n")

    bomb, giant_xml, giant_csv = tmp_path / "bomb.xml", tmp_path / "giant.xml", tmp_path / "giant.csv"
    bomb.write_bytes(f"{BOMB}<a>&i;</a>".encode())
    for giant in (giant_xml, giant_csv):
        with giant.open("wb") as file:
            file.write(b"<a>")
            file.truncate(100 * 1024 * 1024)
    full_csv = tmp_path / "full.csv"
    lines = [header, *(row.format(n=n, text="x" * 490) + "a@example.org;" for n in range(25_000))]
    full_csv.write_text("\n".join(lines))
    assert 14_000_000 < full_csv.stat().st_size < 20 * 1024 * 1024
    one_line = tmp_path / "line.csv"
    one_line.write_text(f"{header}\n" + "x" * 18_000_000)
    open_quote = tmp_path / "quote.csv"
    open_quote.write_text(f'{header}\n"' + "x" * 9_000_000 + "\n" + "y\n" * 10_000)

    for path, warm, expected in (
        (bomb, warm_xml, "doctype"),
        (giant_xml, warm_xml, "too_large"),
        (giant_csv, warm_csv, "too_large"),
        (full_csv, warm_csv, "25000"),
        (one_line, warm_csv, "1"),
        (open_quote, warm_csv, "10001"),
    ):
        answer, grown_mb = growth_of(path, warm=warm)
        assert answer == expected, path.name
        assert grown_mb < 50, path.name


def test_a_file_on_disk_is_measured_before_it_is_read(tmp_path: Path):
    path = tmp_path / "invoice.xml"
    path.write_bytes(an_invoice())
    assert read_invoice_file(path).number == "2026-0017"
