"""Bank account numbers (IBAN): the international check, and the Belgian check inside it (BE-REF-3)."""

import re
from dataclasses import dataclass

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException
from stdnum.be import ogm_vcs

from statutes.topics import topic

BELGIAN = re.compile(r"BE[0-9]{14}")
NATIONAL_DIGITS = slice(4, 14)
NATIONAL_CHECK = slice(14, 16)


@dataclass(frozen=True, kw_only=True)
class BankAccountCheck:
    """The outcome of both checks; `valid` when both hold."""

    valid: bool
    iso_valid: bool
    national_valid: bool


@topic("be.iban", rules=("BE-REF-3",))
def iban(*, iban: str) -> BankAccountCheck:
    """Check a Belgian IBAN; spaces are ignored.

    The ISO check is modulo 97 over the whole; the national check is that of the structured communication over the ten
    digits of the account (modulo 97, and 97 when that is 0). An account of another country fails the national check.
    """
    compact = "".join(iban.split()).upper()
    iso_valid = is_iban(compact)
    national_valid = bool(BELGIAN.fullmatch(compact)) and (
        compact[NATIONAL_CHECK] == ogm_vcs.calc_check_digits(compact[NATIONAL_DIGITS])
    )
    return BankAccountCheck(valid=iso_valid and national_valid, iso_valid=iso_valid, national_valid=national_valid)


def is_iban(text: str) -> bool:
    """Whether the text is an IBAN of any country by the ISO check, its length and its structure; spaces are ignored."""
    try:
        IBAN("".join(text.split()).upper())
    except SchwiftyException:
        return False
    return True
