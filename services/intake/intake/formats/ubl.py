"""Claims from UBL 2.1 invoices, as Peppol BIS Billing 3 has them: about thirty fields, and nothing guessed."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from intake.domain import SubmitClaim
from intake.formats.claim_fields import read_claim
from intake.formats.refusals import FieldError, UnreadableFile
from intake.formats.templates import COLUMN
from intake.formats.xml import Element, parse_xml

LARGEST_FILE_BYTES = 5 * 1024 * 1024
INVOICE = "{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice"
NAMESPACES = {
    "a": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "b": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
TO_COLLECT = {"", "380", "383", "386", "393", "82", "80", "84", "130", "202", "203", "204", "211", "295", "325", "326",
              "384", "385", "388", "389", "390", "394", "395", "456", "457", "527", "575", "623", "633", "751", "780",
              "935"}  # fmt: skip
KVK_SCHEMES, KBO_SCHEMES = {"0106", "NL:KVK"}, {"0208", "BE:EN", "BE:CBE"}
BELGIAN_VAT_SCHEMES = {"9925", "BE:VAT"}
MOST_LINES = 10_000


@dataclass(frozen=True, kw_only=True)
class Trader:
    """A supplier or customer as the invoice names him."""

    name: str = ""
    kvk: str = ""
    kbo: str = ""
    vat: str = ""
    street: str = ""
    house_number: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    contact_name: str = ""
    email: str = ""
    phone: str = ""

    @property
    def registered_number(self) -> str:
        """The number of the register of his country; a Belgian VAT number is one."""
        belgian = self.kbo or (self.vat if self.vat.upper().startswith("BE") else "")
        return {"NL": self.kvk, "BE": belgian}.get(self.country, "")


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """What we read of an invoice; all of it as it stands there."""

    number: str
    type_code: str
    issued_on: str
    due_on: str
    currency: str
    payable_amount: str
    prepaid_amount: str
    buyer_reference: str
    order_reference: str
    contract_reference: str
    payment_reference: str
    language: str
    note: str
    supplier: Trader
    customer: Trader
    lines: tuple[str, ...]


def read_invoice_file(path: Path) -> Invoice:
    """The invoice in a file. Raises UnreadableFile."""
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise UnreadableFile("too_large", f"the document has over {LARGEST_FILE_BYTES // 1024 // 1024} MB")
    return read_invoice(path.read_bytes())


def read_invoice(content: bytes) -> Invoice:
    """The invoice in a document. Raises UnreadableFile for another kind of document."""
    if len(content) > LARGEST_FILE_BYTES:
        raise UnreadableFile("too_large", f"the document has over {LARGEST_FILE_BYTES // 1024 // 1024} MB")
    root = parse_xml(content)
    if root.tag != INVOICE:
        raise UnreadableFile("not_an_invoice", "the document is no UBL 2.1 Invoice")
    payable = find(root, "a:LegalMonetaryTotal/b:PayableAmount")
    return Invoice(
        number=text(root, "b:ID"),
        type_code=text(root, "b:InvoiceTypeCode"),
        issued_on=text(root, "b:IssueDate"),
        due_on=text(root, "b:DueDate") or text(root, "a:PaymentMeans/b:PaymentDueDate"),
        currency=(payable is not None and payable.get("currencyID")) or text(root, "b:DocumentCurrencyCode"),
        payable_amount=text(root, "a:LegalMonetaryTotal/b:PayableAmount"),
        prepaid_amount=text(root, "a:LegalMonetaryTotal/b:PrepaidAmount"),
        buyer_reference=text(root, "b:BuyerReference"),
        order_reference=text(root, "a:OrderReference/b:ID"),
        contract_reference=text(root, "a:ContractDocumentReference/b:ID"),
        payment_reference=text(root, "a:PaymentMeans/b:PaymentID"),
        language=language_of(root),
        note=text(root, "b:Note"),
        supplier=read_trader(find(root, "a:AccountingSupplierParty/a:Party")),
        customer=read_trader(find(root, "a:AccountingCustomerParty/a:Party")),
        lines=tuple(line for element in lines_of(root) if (line := line_text(element))),
    )


def read_trader(trader: Element | None) -> Trader:
    """Name, numbers, address and contact."""
    if trader is None:
        return Trader()
    street, house_number = street_and_number(text(trader, "a:PostalAddress/b:StreetName"))
    numbers = [
        (element.get("schemeID", "").upper(), "".join((element.text or "").split()))
        for path in ("a:PartyLegalEntity/b:CompanyID", "a:PartyIdentification/b:ID", "b:EndpointID")
        for element in trader.findall(path, NAMESPACES)
    ]
    vat_numbers = [
        "".join((element.text or "").split()) for element in trader.findall("a:PartyTaxScheme/b:CompanyID", NAMESPACES)
    ]
    vat_numbers += [number for scheme, number in numbers if scheme in BELGIAN_VAT_SCHEMES]
    return Trader(
        name=text(trader, "a:PartyLegalEntity/b:RegistrationName") or text(trader, "a:PartyName/b:Name"),
        kvk=next((number for scheme, number in numbers if scheme in KVK_SCHEMES), ""),
        kbo=next((number for scheme, number in numbers if scheme in KBO_SCHEMES), ""),
        vat=next(iter(vat_numbers), ""),
        street=street,
        house_number=text(trader, "a:PostalAddress/b:BuildingNumber") or house_number,
        postcode=text(trader, "a:PostalAddress/b:PostalZone"),
        city=text(trader, "a:PostalAddress/b:CityName"),
        country=text(trader, "a:PostalAddress/a:Country/b:IdentificationCode").upper(),
        contact_name=text(trader, "a:Contact/b:Name"),
        email=text(trader, "a:Contact/b:ElectronicMail"),
        phone=text(trader, "a:Contact/b:Telephone"),
    )


def claim_of(
    invoice: Invoice, *, client_id: UUID, client_number: str | None = None
) -> SubmitClaim | tuple[FieldError, ...]:
    """The claim that an invoice is, or all that is wrong with it. `client_number` is the client's registered number:
    an invoice of another enterprise is not his to hand over.
    """
    if invoice.type_code not in TO_COLLECT:
        reason = "a document of this type (a credit note, for instance) is nothing to collect"
        return (FieldError(field="invoice_type", code="not_to_collect", reason=reason),)
    supplier = invoice.supplier.registered_number.upper().removeprefix("BE").replace(".", "")
    if client_number and supplier and supplier.lstrip("0") != client_number.lstrip("0"):
        reason = "the supplier is another enterprise than the client"
        return (FieldError(field="supplier", code="another_enterprise", reason=reason),)
    return read_claim(claim_fields(invoice), client_id=client_id)


def claim_fields(invoice: Invoice) -> dict[str, str]:
    """An invoice as the fields of a claim. A customer with a registered number is a company, else a consumer."""
    customer = invoice.customer
    number = customer.registered_number
    description = "; ".join(dict.fromkeys(invoice.lines)) or invoice.note
    return {
        "client_reference": invoice.number,
        "invoice_number": invoice.number,
        "invoice_date": invoice.issued_on,
        "due_date": invoice.due_on,
        "description": description[: COLUMN["description"].longest].lstrip("=+-@ "),
        "principal": decimal_text(invoice.payable_amount),
        "currency": invoice.currency,
        "debtor_type": "company" if number else "consumer",
        "debtor_name": customer.name,
        "enterprise_number": number,
        "street": customer.street,
        "house_number": customer.house_number,
        "postcode": customer.postcode,
        "city": customer.city,
        "country": customer.country,
        "language": invoice.language,
        "email": customer.email,
        "phone": customer.phone,
    }


def decimal_text(amount: str) -> str:
    """UBL writes a decimal point and never marks of thousands: 1234.500 is no thousand here. What is no such number is
    left for the field's own check to refuse.
    """
    whole, point, fraction = amount.partition(".")
    kept = fraction.rstrip("0")
    return f"{whole}.{kept.ljust(2, '0')}" if point and whole.isdecimal() and len(kept) <= len("00") else amount


def language_of(root: Element) -> str:
    """The language that notes and line texts are marked with, when it is one of ours."""
    for element in root.iterfind(".//b:*[@languageID]", NAMESPACES):
        language = element.get("languageID", "")[:2].lower()
        if language in {"nl", "fr"}:
            return language
    return ""


def street_and_number(street: str) -> tuple[str, str]:
    """`Rue Haute 7 bte 3` in its two parts: the number is what stands from the last word that begins with a digit and
    is not the first word.
    """
    words = street.split()
    for place, word in enumerate(words):
        if place > 0 and word[0].isdecimal():
            return " ".join(words[:place]).rstrip(","), " ".join(words[place:])
    return street, ""


def lines_of(root: Element) -> list[Element]:
    """The lines, at most so many."""
    return root.findall("a:InvoiceLine", NAMESPACES)[:MOST_LINES]


def line_text(line: Element) -> str:
    """What a line says was sold."""
    return text(line, "a:Item/b:Name") or text(line, "a:Item/b:Description")


def find(element: Element, path: str) -> Element | None:
    """The first element there."""
    return element.find(path, NAMESPACES)


def text(element: Element, path: str) -> str:
    """The text of the first element there, on one line; empty when there is none."""
    found = find(element, path)
    return " ".join((found.text or "").split()) if found is not None else ""
