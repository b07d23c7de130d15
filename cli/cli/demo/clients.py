"""The clients of the demo: who mandates the agency, on which terms, and in which form they hand claims over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from cli.demo.names import CONSUMER_GOODS, TRADE_GOODS
from cli.demo.people import Country, Language, Segment, make_enterprise_number, make_iban


class Way(StrEnum):
    """How claims come."""

    FOLDER = "folder"  # a CSV file in the watched folder
    UPLOAD = "upload"  # a CSV file by HTTP
    SINGLE = "single"  # one claim by HTTP
    INVOICES = "invoices"  # UBL invoices by HTTP


class Style(StrEnum):
    """How a client writes headers, amounts and days."""

    DUTCH = "dutch"
    FRENCH = "french"
    PLAIN = "plain"


@dataclass(frozen=True, kw_only=True)
class Client:
    """A creditor with his mandate."""

    number: int
    name: str
    short: str
    country: Country
    street: str
    house_number: str
    postcode: str
    city: str
    phone: str
    is_sme: bool
    can_deduct_vat: bool
    payout_rhythm: Literal["daily", "weekly"]
    way: Way
    style: Style
    weight: int
    segments: Mapping[Segment, int]
    sells_to_trade: bool = False
    has_indemnity_clause: bool = False
    agreed_percent: str = ""

    def goods(self, language: Language) -> Sequence[str]:
        """What he sells, as a debtor knows it."""
        return (TRADE_GOODS if self.sells_to_trade else CONSUMER_GOODS)[language]

    @property
    def enterprise_number(self) -> str:
        """His registered number."""
        return make_enterprise_number(self.country, 40_000 + self.number)

    def registration(self) -> dict[str, Any]:
        """What intake asks of a client."""
        return {
            "name": self.name,
            "enterprise_number": self.enterprise_number,
            "country": self.country,
            "address": {
                "street": self.street,
                "house_number": self.house_number,
                "postcode": self.postcode,
                "city": self.city,
            },
            "email": f"debiteuren@{self.short.lower()}.example",
            "phone": self.phone,
            "is_sme": self.is_sme,
            "can_deduct_vat": self.can_deduct_vat,
            "judicial_phase_approved": True,
            "payout_rhythm": self.payout_rhythm,
            "payout_iban": make_iban(self.country, 50_000 + self.number),
            "payout_name": self.name,
        }


CLIENTS: tuple[Client, ...] = (
    Client(
        number=1, name="Noorderlicht Energie B.V.", short="NLE", country="NL", street="Energieweg",
        house_number="8", postcode="9743 AN", city="Groningen", phone="+31 50 520 10 01", is_sme=False,
        can_deduct_vat=True, payout_rhythm="daily", way=Way.FOLDER, style=Style.DUTCH, weight=26,
        segments={"nl_consumer": 9, "nl_enterprise": 1},
    ),
    Client(
        number=2, name="Télésambre SA", short="TSA", country="BE", street="Rue de Fer", house_number="40",
        postcode="5000", city="Namur", phone="+32 81 25 10 02", is_sme=False, can_deduct_vat=True,
        payout_rhythm="weekly", way=Way.FOLDER, style=Style.FRENCH, weight=24,
        segments={"be_consumer": 9, "be_enterprise": 1}, has_indemnity_clause=True,
    ),
    Client(
        number=3, name="Groothandel De Schakel B.V.", short="GDS", country="NL", street="Handelskade",
        house_number="101", postcode="3011 AA", city="Rotterdam", phone="+31 10 400 10 03", is_sme=True,
        can_deduct_vat=True, payout_rhythm="daily", way=Way.INVOICES, style=Style.PLAIN, weight=14,
        segments={"nl_enterprise": 1}, sells_to_trade=True,
    ),
    Client(
        number=4, name="Staal & Verpakking NV", short="SVN", country="BE", street="Industrielaan",
        house_number="12", postcode="9800", city="Deinze", phone="+32 9 380 10 04", is_sme=True,
        can_deduct_vat=True, payout_rhythm="weekly", way=Way.UPLOAD, style=Style.DUTCH, weight=16,
        segments={"be_enterprise": 1}, sells_to_trade=True, agreed_percent="11,5",
    ),
    Client(
        number=5, name="Fietsenpaleis B.V.", short="FPB", country="NL", street="Rijwielstraat",
        house_number="3", postcode="6511 LT", city="Nijmegen", phone="+31 24 360 10 05", is_sme=True,
        can_deduct_vat=False, payout_rhythm="weekly", way=Way.SINGLE, style=Style.PLAIN, weight=8,
        segments={"nl_consumer": 2, "be_consumer": 1}, has_indemnity_clause=True,
    ),
    Client(
        number=6, name="Sportcentrum De Linde BV", short="SDL", country="BE", street="Lindelaan",
        house_number="77", postcode="3000", city="Leuven", phone="+32 16 20 10 06", is_sme=True,
        can_deduct_vat=True, payout_rhythm="daily", way=Way.UPLOAD, style=Style.DUTCH, weight=12,
        segments={"be_consumer": 1}, has_indemnity_clause=True,
    ),
)  # fmt: skip
