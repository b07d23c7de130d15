"""The international creditor reference (`RF...`, ISO 11649), BE-REF-4, NL-PAY-2."""

import re
from dataclasses import dataclass

from stdnum.iso7064 import mod_97_10

from statutes.errors import InvalidInput
from statutes.topics import topic

REFERENCE = re.compile(r"[0-9A-Z]{1,21}")
CREDITOR_REFERENCE = re.compile(r"RF[0-9]{2}[0-9A-Z]{1,21}")


@dataclass(frozen=True, kw_only=True)
class CreditorReference:
    """A creditor reference; `creditor_reference` (`RF...`, without spaces) is None when not valid."""

    valid: bool
    creditor_reference: str | None


@topic("iso11649", rules=("BE-REF-4", "NL-PAY-2"))
def iso11649(*, reference: str | None = None, creditor_reference: str | None = None) -> CreditorReference:
    """Make a creditor reference of at most 21 letters and digits, or check one; exactly one of the two is given.

    Check digits by ISO 7064 (modulo 97, 10). Spaces of a reference to check are ignored; small letters count as
    capitals. Raises `InvalidInput` for a reference that cannot be carried.
    """
    if (reference is None) == (creditor_reference is None):
        raise InvalidInput("give exactly one of reference and creditor_reference")
    if reference is not None:
        return _made(reference.upper())
    assert creditor_reference is not None
    return _checked("".join(creditor_reference.split()).upper())


def _made(reference: str) -> CreditorReference:
    if not REFERENCE.fullmatch(reference):
        raise InvalidInput("reference: must be 1 to 21 letters and digits")
    return CreditorReference(
        valid=True, creditor_reference=f"RF{mod_97_10.calc_check_digits(reference + 'RF')}{reference}"
    )


def _checked(text: str) -> CreditorReference:
    if CREDITOR_REFERENCE.fullmatch(text) and mod_97_10.is_valid(text[4:] + text[:4]):
        return CreditorReference(valid=True, creditor_reference=text)
    return CreditorReference(valid=False, creditor_reference=None)
