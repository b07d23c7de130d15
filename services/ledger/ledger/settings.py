"""What the ledger is told by its environment, and the trust accounts of the agency."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from common.settings import ServiceSettings


class TrustAccountSettings(BaseModel):
    """A trust account of the agency: its IBAN, its bank and its holder."""

    model_config = ConfigDict(frozen=True)

    iban: str
    bic: str
    holder: str


class Settings(ServiceSettings):
    """Folders that the bank's channel writes statements to and takes payment files from."""

    bank_in: Path
    bank_out: Path


def trust_accounts(agency_file: Path) -> dict[str, TrustAccountSettings]:
    """The trust accounts of `agency.toml` by country. Raises ValueError saying what is missing."""
    found = tomllib.loads(agency_file.read_text("utf-8")).get("trust_account")
    if not found:
        raise ValueError(f"{agency_file} names no [trust_account.NL] or [trust_account.BE]: nothing can be booked")
    return TypeAdapter(dict[str, TrustAccountSettings]).validate_python(found)
