"""What is asked in JSON: a client with his mandate, a single claim."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.messages import Personal
from contracts.values import Address, Country, Creditor, Mandate
from intake.formats import texts
from intake.formats.refusals import FieldError, FieldRefused
from intake.http.problems import invalid_fields
from statutes.references import is_iban

Text = Annotated[str, Field(min_length=1, max_length=140)]
Optional = Annotated[str | None, Field(max_length=1000)]
Needed = Annotated[str, Field(max_length=1000)]


class Request(BaseModel):
    """Frozen, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ClientAddress(Request):
    """Where a client has his seat."""

    street: Text
    house_number: Text
    postcode: Text
    city: Text


class ClientRequest(Request):
    """A creditor and his mandate, whole."""

    name: Text
    enterprise_number: Annotated[Text, Field(description="KvK or KBO/BCE number")]
    country: Country
    address: ClientAddress
    email: Text
    phone: Text
    is_sme: Annotated[bool, Field(description="a small or medium enterprise in the sense of the law")]
    can_deduct_vat: bool
    judicial_phase_approved: Annotated[bool, Field(description="an unpaid file may go to a partner without asking")]
    payout_rhythm: Literal["daily", "weekly"] = "weekly"
    payout_iban: Annotated[Text, Field(description="account that collected money is paid to")]
    payout_name: Text

    def checked(self) -> "ClientRequest":
        """The same with numbers and addresses in their normal form. Raises Problem naming the fields that are none."""
        errors: list[FieldError] = []
        normal: dict[str, object] = {}
        readers = {
            "enterprise_number": lambda: texts.registered_number(self.enterprise_number, self.country),
            "address.postcode": lambda: texts.postcode(self.address.postcode, self.country),
            "email": lambda: texts.email(self.email),
            "phone": lambda: texts.phone(self.phone, self.country, must_exist=False),
            "payout_iban": self._iban,
        }
        for field, read in readers.items():
            try:
                normal[field] = read()
            except FieldRefused as refusal:
                errors.append(FieldError(field=field, code=refusal.code, reason=refusal.reason))
        if errors:
            raise invalid_fields(errors)
        address = self.address.model_copy(update={"postcode": normal.pop("address.postcode")})
        return self.model_copy(update={**normal, "address": address})

    def mandate(self, client_id: UUID) -> Mandate:
        """The mandate as all others see it."""
        return Mandate(
            creditor=Creditor(
                client_id=client_id,
                name=self.name,
                address=Address(**self.address.model_dump(), country=self.country),
                email=self.email,
                phone=self.phone,
                enterprise_number=self.enterprise_number,
                country=self.country,
                is_sme=self.is_sme,
                can_deduct_vat=self.can_deduct_vat,
            ),
            judicial_phase_approved=self.judicial_phase_approved,
            payout_rhythm=self.payout_rhythm,
        )

    def payout_account(self) -> Personal:
        """Where his money goes."""
        return Personal.of(self.payout_iban)

    def _iban(self) -> str:
        if not is_iban(self.payout_iban):
            raise FieldRefused("not_an_iban", "is no IBAN")
        return "".join(self.payout_iban.split()).upper()


class ClaimRequest(Request):
    """A single claim: the columns of the CSV template, as text, with the same meaning and the same checks."""

    client_reference: Optional = None
    invoice_number: Needed
    invoice_date: Needed
    due_date: Needed
    contract_date: Optional = None
    description: Needed
    principal: Annotated[Needed, Field(description="VAT included, as text: 1234.50", examples=["349.90"])]
    currency: Optional = None
    debtor_type: Annotated[Needed, Field(description="consumer, sole_trader or company")]
    debtor_name: Needed
    enterprise_number: Optional = None
    street: Needed
    house_number: Needed
    postcode: Needed
    city: Needed
    country: Needed
    language: Optional = None
    email: Optional = None
    phone: Optional = None
    agreed_percent: Optional = None
    indemnity_percent: Optional = None
    indemnity_fixed: Optional = None
    indemnity_min: Optional = None
    indemnity_max: Optional = None

    def fields(self) -> dict[str, str]:
        """The fields that were given."""
        return {name: value for name, value in self.model_dump().items() if value is not None}
