"""One claim from its named fields, as a row, a form or an invoice has them: all that is wrong is said at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar, cast
from uuid import UUID

from common.messages import Personal
from contracts.values import Address, ClaimTerms, Country, DebtorContact, DebtorFacts, IndemnityClause, Language
from intake.domain import SubmitClaim, name_claim, name_debtor
from intake.formats import texts
from intake.formats.refusals import FieldError, FieldRefused
from intake.formats.templates import COLUMN, plain_header

T = TypeVar("T")

COUNTRIES: Mapping[str, Country] = {
    "nl": "NL", "nederland": "NL", "pays_bas": "NL", "netherlands": "NL", "the_netherlands": "NL",
    "be": "BE", "belgie": "BE", "belgique": "BE", "belgium": "BE",
}  # fmt: skip
LANGUAGES: Mapping[str, Language] = {
    "nl": "nl", "nederlands": "nl", "neerlandais": "nl", "dutch": "nl",
    "fr": "fr", "frans": "fr", "francais": "fr", "french": "fr",
}  # fmt: skip
CURRENCIES = {"eur": "EUR", "euro": "EUR"}


@dataclass(frozen=True, kw_only=True)
class DebtorType:
    """What a client may call a debtor, as the flags that the law asks for."""

    is_natural_person: bool
    acts_as_consumer: bool


CONSUMER = DebtorType(is_natural_person=True, acts_as_consumer=True)
SOLE_TRADER = DebtorType(is_natural_person=True, acts_as_consumer=False)
COMPANY = DebtorType(is_natural_person=False, acts_as_consumer=False)
DEBTOR_TYPES: Mapping[str, DebtorType] = {
    "consumer": CONSUMER, "consument": CONSUMER, "particulier": CONSUMER, "consommateur": CONSUMER,
    "sole_trader": SOLE_TRADER, "eenmanszaak": SOLE_TRADER, "zzp": SOLE_TRADER, "zelfstandige": SOLE_TRADER,
    "independant": SOLE_TRADER,
    "company": COMPANY, "bedrijf": COMPANY, "onderneming": COMPANY, "vennootschap": COMPANY, "entreprise": COMPANY,
    "societe": COMPANY,
}  # fmt: skip

# Where a postcode of Belgium lies decides in which language we begin; Brussels may choose and begins in French.
FIRST_DUTCH_POSTCODES = (range(1500, 4000), range(8000, 10000))


class Fields:
    """The texts of one claim by field name; reads values and gathers what is wrong."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = given
        self.errors: list[FieldError] = []

    def refuse(self, field: str, code: str, reason: str) -> None:
        """Note an error. One field has one: the first."""
        if all(error.field != field for error in self.errors):
            self.errors.append(FieldError(field=field, code=code, reason=reason))

    def text(self, field: str) -> str:
        """Clean text; empty when it is missing or refused."""
        column = COLUMN[field]
        try:
            text = texts.clean(self.given.get(field, ""), longest=column.longest, may_be_signed=column.is_figure)
        except FieldRefused as refusal:
            self.refuse(field, refusal.code, refusal.reason)
            return ""
        if not text and column.is_required:
            self.refuse(field, "missing", "must be filled in")
        return text

    def read(self, field: str, reader: Callable[[str], T]) -> T | None:
        """A value; None when the field is empty or refused."""
        text = self.text(field)
        if not text:
            return None
        try:
            return reader(text)
        except FieldRefused as refusal:
            self.refuse(field, refusal.code, refusal.reason)
            return None

    def word(self, field: str, words: Mapping[str, T], *, one_of: str) -> T | None:
        """One of a closed list of words; Dutch and French ones are understood."""

        def look_up(text: str) -> T:
            value = words.get(plain_header(text))
            if value is None:
                raise FieldRefused("unknown_word", f"must be one of: {one_of}")
            return value

        return self.read(field, look_up)


def read_claim(given: Mapping[str, str], *, client_id: UUID) -> SubmitClaim | tuple[FieldError, ...]:
    """The claim that these fields hand over, or all that is wrong with them."""
    fields = Fields(given)
    debtor = read_debtor(fields)
    terms = read_terms(
        fields, client_id=client_id, is_commercial_contract=debtor is not None and not debtor.acts_as_consumer
    )
    if fields.errors:
        return tuple(fields.errors)
    assert debtor is not None
    assert terms is not None
    return SubmitClaim(client_id=client_id, debtor=debtor, terms=terms)


def read_debtor(fields: Fields) -> DebtorFacts | None:
    """Who owes, how he is reached, and in which language."""
    country = fields.word("country", COUNTRIES, one_of="NL, BE")
    kind = fields.word("debtor_type", DEBTOR_TYPES, one_of="consumer, sole_trader, company")
    name = fields.text("debtor_name")
    place = {field: fields.text(field) for field in ("street", "house_number", "city")}
    if place["house_number"] and not any(character.isdecimal() for character in place["house_number"]):
        fields.refuse("house_number", "not_a_house_number", "has no digit")
    email = fields.read("email", texts.email)
    if country is None:
        fields.text("postcode")
        return None
    postcode = fields.read("postcode", lambda text: texts.postcode(text, country))
    number = fields.read("enterprise_number", lambda text: texts.registered_number(text, country))
    phone = fields.read("phone", lambda text: texts.phone(text, country))
    language = fields.word("language", LANGUAGES, one_of="nl, fr")
    if kind is not None and kind.acts_as_consumer and number is not None:
        fields.refuse(
            "enterprise_number", "not_expected", "a consumer has none; an enterprise is sole_trader or company"
        )
    if kind is not None and not kind.acts_as_consumer and number is None:
        fields.refuse(
            "enterprise_number", "missing", "an enterprise is proven by its number; without one it is a consumer"
        )
    if kind is None or postcode is None or not name or not all(place.values()):
        return None
    address = Address(**place, postcode=postcode, country=country)
    return DebtorFacts(
        debtor_id=name_debtor(country=country, enterprise_number=number, name=name, address=address),
        is_natural_person=kind.is_natural_person,
        acts_as_consumer=kind.acts_as_consumer,
        enterprise_number=number,
        country=country,
        language=language or language_at(country, postcode),
        contact=Personal.pack(DebtorContact(name=name, address=address, email=email, phone=phone)),
    )


def read_terms(fields: Fields, *, client_id: UUID, is_commercial_contract: bool) -> ClaimTerms | None:
    """What is owed, since when, and on what terms."""
    invoice_number = fields.text("invoice_number")
    client_reference = fields.text("client_reference") or invoice_number
    invoice_on, due_on = fields.read("invoice_date", texts.day), fields.read("due_date", texts.day)
    contract_on = fields.read("contract_date", texts.day)
    description = fields.text("description")
    principal_cents = fields.read("principal", texts.amount_cents)
    fields.word("currency", CURRENCIES, one_of="EUR")
    agreed_percent = fields.read("agreed_percent", texts.percent)
    clause = read_indemnity_clause(fields)
    if principal_cents == 0:
        fields.refuse("principal", "not_positive", "must be more than zero")
    check_days(fields, invoice_on=invoice_on, due_on=due_on, contract_on=contract_on)
    if invoice_on is None or due_on is None or principal_cents is None:
        return None
    return ClaimTerms(
        claim_id=name_claim(client_id=client_id, client_reference=client_reference),
        client_reference=client_reference,
        invoice_number=invoice_number,
        invoice_on=invoice_on,
        due_on=due_on,
        contract_on=contract_on or invoice_on,
        description=description,
        principal_cents=principal_cents,
        is_commercial_contract=is_commercial_contract,
        agreed_percent_per_year=agreed_percent,
        indemnity_clause=clause,
    )


def check_days(fields: Fields, *, invoice_on: date | None, due_on: date | None, contract_on: date | None) -> None:
    """The contract comes before the last day for payment, and the invoice too."""
    if invoice_on is not None and due_on is not None and due_on < invoice_on:
        fields.refuse("due_date", "before_invoice", "is before the day of the invoice")
    if contract_on is not None and due_on is not None and contract_on > due_on:
        fields.refuse("contract_date", "after_due_date", "is after the last day for payment")


def read_indemnity_clause(fields: Fields) -> IndemnityClause | None:
    """The clause, when any part of it is given. Its bounds must leave room."""
    percent = fields.read("indemnity_percent", texts.percent)
    fixed, least, most = (
        fields.read(field, texts.amount_cents) for field in ("indemnity_fixed", "indemnity_min", "indemnity_max")
    )
    if least is not None and most is not None and least > most:
        fields.refuse("indemnity_max", "below_minimum", "is less than indemnity_min")
    if percent is None and not fixed:
        if least is not None or most is not None:
            fields.refuse("indemnity_percent", "missing", "a bound stands without percent or fixed sum")
        return None
    return IndemnityClause(percent=percent or "0", fixed_cents=fixed or 0, minimum_cents=least, maximum_cents=most)


def language_at(country: Country, postcode: str) -> Language:
    """The language to begin in."""
    if country == "NL" or any(int(postcode) in numbers for numbers in FIRST_DUTCH_POSTCODES):
        return cast("Language", "nl")
    return cast("Language", "fr")
