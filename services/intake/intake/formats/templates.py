"""The CSV template, versioned: its columns, the Dutch and French words for them, and two example lines."""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass

TEMPLATE_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Column:
    """A field of a claim. `means` is what it holds; `also` are its Dutch and French names, as files have them."""

    name: str
    means: str
    also: tuple[str, ...] = ()
    is_required: bool = False
    is_figure: bool = False  # a number or phone number: may begin with + or -
    examples: tuple[str, str] = ("", "")  # of a Dutch consumer and a Belgian enterprise
    longest: int = 100


COLUMNS = (
    Column(
        name="client_reference", means="your own reference, unique for ever; the invoice number when left out",
        also=("referentie", "uw referentie", "kenmerk", "dossiernummer", "référence", "référence client", "reference"),
        examples=("D-2026-001", "D-2026-002"), longest=64,
    ),
    Column(
        name="invoice_number", means="number of the invoice", is_required=True, longest=64,
        also=("factuurnummer", "factuurnr", "factuur nr", "numéro de facture", "n facture", "numéro facture"),
        examples=("F-1001", "F-1002"),
    ),
    Column(
        name="invoice_date", means="day of the invoice: 2026-01-31, 31-01-2026 or 31/01/2026", is_required=True,
        also=("factuurdatum", "date de facture", "date facture", "date de la facture"),
        examples=("2026-01-05", "05/01/2026"),
    ),
    Column(
        name="due_date", means="last day for payment", is_required=True,
        also=("vervaldatum", "vervaldag", "uiterste betaaldatum", "date d échéance", "échéance", "date échéance"),
        examples=("2026-02-04", "04/02/2026"),
    ),
    Column(
        name="contract_date", means="day of the contract; the day of the invoice when left out",
        also=("contractdatum", "datum overeenkomst", "date du contrat", "date contrat"),
    ),
    Column(
        name="description", means="the product or service, as the debtor knows it", is_required=True, longest=500,
        also=("omschrijving", "beschrijving", "product", "dienst", "libellé", "objet"),
        examples=("Bicycle, model Stadsfiets", "Maintenance, fourth quarter 2025"),
    ),
    Column(
        name="principal", means="amount still due, VAT included: 1234.50 or 1234,50", is_required=True, is_figure=True,
        also=("hoofdsom", "bedrag", "openstaand bedrag", "bedrag incl btw", "montant", "principal dû", "montant dû",
              "montant tvac", "amount"),
        examples=("349.90", "1.250,00"), longest=32,
    ),
    Column(name="currency", means="EUR", also=("munt", "valuta", "devise", "monnaie"), examples=("EUR", "EUR")),
    Column(
        name="debtor_type", means="consumer, sole_trader or company", is_required=True,
        also=("type debiteur", "soort debiteur", "type schuldenaar", "type de débiteur", "type débiteur"),
        examples=("consumer", "company"),
    ),
    Column(
        name="debtor_name", means="name of the debtor", is_required=True, longest=140,
        also=("naam", "naam debiteur", "debiteur", "klantnaam", "nom", "nom du débiteur", "débiteur", "name"),
        examples=("S. de Vries", "Boulangerie Modèle SRL"),
    ),
    Column(
        name="enterprise_number", means="KvK or KBO/BCE number; needed for a sole trader or a company",
        also=("kvk", "kvk nummer", "kbo", "kbo nummer", "ondernemingsnummer", "bce", "numéro d entreprise",
              "numéro bce", "btw nummer", "numéro de tva", "vat number"),
        examples=("", "0428.759.497"), longest=32,
    ),
    Column(name="street", means="street", also=("straat", "straatnaam", "rue", "adresse"), is_required=True,
           examples=("Dorpsstraat", "Rue Haute"), longest=70),
    Column(
        name="house_number", means="house number with its addition", is_required=True, longest=16,
        also=("huisnummer", "huisnr", "nummer", "numéro", "nr"), examples=("12", "7 bte 3"),
    ),
    Column(name="postcode", means="postcode", also=("postnummer", "code postal", "cp", "zip"), is_required=True,
           examples=("3511 AB", "5000"), longest=10),
    Column(name="city", means="town", also=("plaats", "woonplaats", "gemeente", "stad", "ville", "localité", "commune"),
           is_required=True, examples=("Utrecht", "Namur"), longest=70),
    Column(name="country", means="NL or BE", also=("land", "pays"), is_required=True, examples=("NL", "BE")),
    Column(
        name="language", means="nl or fr; by the postcode when left out", also=("taal", "langue"), examples=("nl", "fr")
    ),
    Column(name="email", means="e-mail address", also=("e mail", "mail", "e mailadres", "emailadres", "courriel"),
           examples=("s.devries@example.org", "compta@example.net"), longest=254),
    Column(
        name="phone", means="telephone number, also without the country's code", is_figure=True, longest=32,
        also=("telefoon", "telefoonnummer", "gsm", "mobiel", "tel", "téléphone", "numéro de téléphone", "portable"),
        examples=("06 12345678", "+32 470 12 34 56"),
    ),
    Column(
        name="agreed_percent", means="interest agreed in the contract, percent a year", is_figure=True, longest=16,
        also=("contractuele rente", "rentepercentage", "taux conventionnel", "taux d intérêt", "intérêt conventionnel"),
        examples=("", "10"),
    ),
    Column(
        name="indemnity_percent", means="indemnity clause: percent of the sum", is_figure=True, longest=16,
        also=("schadebeding percent", "schadebeding", "clause pénale pourcent", "clause indemnitaire"),
        examples=("", "10"),
    ),
    Column(
        name="indemnity_fixed", means="indemnity clause: fixed sum", is_figure=True, longest=32,
        also=("schadebeding vast", "clause indemnitaire forfait", "forfait"),
    ),
    Column(
        name="indemnity_min", means="indemnity clause: at least", is_figure=True, longest=32,
        also=("schadebeding minimum", "clause indemnitaire minimum"), examples=("", "50,00"),
    ),
    Column(
        name="indemnity_max", means="indemnity clause: at most", is_figure=True, longest=32,
        also=("schadebeding maximum", "clause indemnitaire maximum"),
    ),
)  # fmt: skip

COLUMN = {column.name: column for column in COLUMNS}


def plain_header(text: str) -> str:
    """A header without case, accents and punctuation: `Date d'échéance` becomes `date_d_echeance`."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")


ALIASES = {plain_header(word): column.name for column in COLUMNS for word in (column.name, *column.also)}


def template_csv() -> str:
    """The file that a client fills in: headers, and an example line of a Dutch consumer and of a Belgian enterprise."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.name for column in COLUMNS])
    for number in (0, 1):
        writer.writerow([column.examples[number] for column in COLUMNS])
    return text.getvalue()


def template_name() -> str:
    """The name of the template's file, with its version."""
    return f"claims-v{TEMPLATE_VERSION}.csv"
