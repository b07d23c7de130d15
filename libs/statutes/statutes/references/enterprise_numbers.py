"""Registered numbers: the Belgian enterprise number (KBO/BCE), BE-REF-2, and the VAT numbers of both countries."""

import re
from dataclasses import dataclass

from stdnum.be import vat as belgian_vat
from stdnum.nl import btw as dutch_vat

from statutes.topics import topic

ENTERPRISE_NUMBER = re.compile(r"[01][0-9]{9}")


@dataclass(frozen=True, kw_only=True)
class NumberCheck:
    """Whether a number is one that the register can have given out."""

    valid: bool


@topic("be.enterprise_number", rules=("BE-REF-2",))
def enterprise_number(*, number: str) -> NumberCheck:
    """Check a Belgian enterprise number (ondernemingsnummer, numéro d'entreprise); dots and spaces are ignored.

    Ten digits that begin with 0 or 1; the last two are 97 less the first eight modulo 97.
    """
    digits = "".join(number.replace(".", "").split())
    return NumberCheck(valid=bool(ENTERPRISE_NUMBER.fullmatch(digits)) and belgian_vat.is_valid(digits))


def vat_number(*, number: str) -> NumberCheck:
    """Check a Belgian or Dutch VAT number with its country code (`BE0428759497`, `NL004495445B01`)."""
    compact = "".join(number.replace(".", "").split()).upper()
    if compact.startswith("BE"):
        return enterprise_number(number=compact[2:])
    return NumberCheck(valid=compact.startswith("NL") and dutch_vat.is_valid(compact))
