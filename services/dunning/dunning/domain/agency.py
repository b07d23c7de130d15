"""Who collects: the agency's facts, without which no notice is lawful."""

import tomllib
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator

from contracts.values import Country
from statutes.references import is_iban

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class AgencyPart(BaseModel):
    """A frozen part of `agency.toml`."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TrustAccount(AgencyPart):
    """An account for money of others (derdenrekening, compte de tiers)."""

    iban: Text
    holder: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=70)]

    @field_validator("iban")
    @classmethod
    def _is_an_iban(cls, iban: str) -> str:
        if not is_iban(iban):
            raise ValueError("is no valid IBAN")
        return "".join(iban.split()).upper()


class Registration(AgencyPart):
    """Numbers that the law asks on notices."""

    justis: Text  # NL: register of collection services (Wki)
    kvk: Text
    kbo: Text
    fod_economie: Text  # BE: register of debt collectors


class Agency(AgencyPart):
    """The agency as notices name it."""

    name: Text
    address_lines: tuple[Text, ...]
    phone: Text
    email: Text
    website: Text
    complaints_address: Text
    trust_account: Mapping[Country, TrustAccount]
    registration: Registration
    supervisor: Mapping[Country, Text]

    @field_validator("trust_account", "supervisor")
    @classmethod
    def _has_both_countries(cls, by_country: Mapping[Country, object]) -> Mapping[Country, object]:
        missing = {"NL", "BE"} - set(by_country)
        if missing:
            raise ValueError(f"lacks {', '.join(sorted(missing))}")
        return by_country


def read_agency(text: str) -> Agency:
    """The agency from the text of `agency.toml`. Raises ValueError (pydantic's, or TOML's) that names what is wrong."""
    return Agency.model_validate(tomllib.loads(text))
