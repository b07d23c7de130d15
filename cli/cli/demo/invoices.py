"""A claim as a UBL 2.1 invoice in the form of Peppol BIS Billing 3."""

from html import escape

from cli.demo.clients import Client
from cli.demo.people import Debtor
from cli.demo.world import Claim

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
NAMESPACES = (
    f'xmlns="{UBL}:Invoice-2" xmlns:cac="{UBL}:CommonAggregateComponents-2" xmlns:cbc="{UBL}:CommonBasicComponents-2"'
)
SCHEMES = {"NL": "0106", "BE": "0208"}


def write_invoice(claim: Claim) -> str:
    """The invoice that a good claim stands on."""
    fields, debtor = claim.fields, claim.debtor
    total = fields["principal"]
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Invoice {NAMESPACES}>
<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0</cbc:CustomizationID>
<cbc:ProfileID>urn:fdc:peppol.eu:2017:poacc:billing:01:1.0</cbc:ProfileID>
<cbc:ID>{escape(fields["client_reference"])}</cbc:ID>
<cbc:IssueDate>{fields["invoice_date"]}</cbc:IssueDate>
<cbc:DueDate>{fields["due_date"]}</cbc:DueDate>
<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
<cac:AccountingSupplierParty>{supplier(claim.client)}</cac:AccountingSupplierParty>
<cac:AccountingCustomerParty>{customer(debtor)}</cac:AccountingCustomerParty>
<cac:LegalMonetaryTotal><cbc:PayableAmount currencyID="EUR">{total}</cbc:PayableAmount></cac:LegalMonetaryTotal>
<cac:InvoiceLine>
<cbc:ID>1</cbc:ID>
<cbc:InvoicedQuantity unitCode="EA">1</cbc:InvoicedQuantity>
<cbc:LineExtensionAmount currencyID="EUR">{total}</cbc:LineExtensionAmount>
<cac:Item><cbc:Name>{escape(fields["description"])}</cbc:Name></cac:Item>
</cac:InvoiceLine>
</Invoice>
"""


def supplier(client: Client) -> str:
    """The creditor."""
    scheme = SCHEMES[client.country]
    place = postal_address(client.street, client.house_number, client.postcode, client.city, client.country)
    return (
        f'<cac:Party><cbc:EndpointID schemeID="{scheme}">{client.enterprise_number}</cbc:EndpointID>{place}'
        f"<cac:PartyLegalEntity><cbc:RegistrationName>{escape(client.name)}</cbc:RegistrationName>"
        f'<cbc:CompanyID schemeID="{scheme}">{client.enterprise_number}</cbc:CompanyID>'
        "</cac:PartyLegalEntity></cac:Party>"
    )


def customer(debtor: Debtor) -> str:
    """The debtor."""
    address, number = debtor.address, debtor.enterprise_number
    company = f'<cbc:CompanyID schemeID="{SCHEMES[address.country]}">{number}</cbc:CompanyID>' if number else ""
    contact = f"<cbc:Telephone>{debtor.phone}</cbc:Telephone>" if debtor.phone else ""
    contact += f"<cbc:ElectronicMail>{debtor.email}</cbc:ElectronicMail>" if debtor.email else ""
    place = postal_address(address.street, address.house_number, address.postcode, address.city, address.country)
    return (
        f"<cac:Party>{place}<cac:PartyLegalEntity>"
        f"<cbc:RegistrationName>{escape(debtor.name)}</cbc:RegistrationName>{company}</cac:PartyLegalEntity>"
        f"<cac:Contact>{contact}</cac:Contact></cac:Party>"
    )


def postal_address(street: str, house_number: str, postcode: str, city: str, country: str) -> str:
    """Street and number on one line, as most software writes them."""
    return (
        f"<cac:PostalAddress><cbc:StreetName>{escape(street)} {house_number}</cbc:StreetName>"
        f"<cbc:CityName>{escape(city)}</cbc:CityName><cbc:PostalZone>{postcode}</cbc:PostalZone>"
        f"<cac:Country><cbc:IdentificationCode>{country}</cbc:IdentificationCode></cac:Country></cac:PostalAddress>"
    )
