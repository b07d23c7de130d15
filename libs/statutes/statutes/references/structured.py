"""The Belgian structured communication (gestructureerde mededeling, communication structurée; OGM/VCS), BE-REF-1."""

import re
from dataclasses import dataclass

from stdnum.be import ogm_vcs

from statutes.errors import InvalidInput
from statutes.topics import topic

NUMBER = re.compile(r"[0-9]{1,10}")
LAYOUT = re.compile(r"(\+\+\+|\*\*\*|)([0-9]{3})/?([0-9]{4})/?([0-9]{5})\1")


@dataclass(frozen=True, kw_only=True)
class StructuredCommunication:
    """A structured communication; `communication` (`+++ddd/dddd/ddddd+++`) and `digits` are None when not valid."""

    valid: bool
    communication: str | None
    digits: str | None


@topic("be.structured_communication", rules=("BE-REF-1",))
def structured_communication(*, number: str | None = None, communication: str | None = None) -> StructuredCommunication:
    """Make a structured communication of a number, or check one; exactly one of the two is given.

    `number` is text of at most ten digits, filled up with zeros on the left. Check digits: the number modulo 97, and 97
    when that is 0 (Febelfin). `communication` may stand between `+++`, between `***` or bare, with or without slashes.
    All zeros are not valid. Raises `InvalidInput` for a number that is none.
    """
    if (number is None) == (communication is None):
        raise InvalidInput("give exactly one of number and communication")
    if number is not None:
        return _made(number)
    assert communication is not None
    return _checked(communication)


def _made(number: str) -> StructuredCommunication:
    if not NUMBER.fullmatch(number):
        raise InvalidInput("number: must be one to ten digits")
    digits = number.rjust(10, "0")
    return _valid(digits + ogm_vcs.calc_check_digits(digits))


def _checked(communication: str) -> StructuredCommunication:
    layout = LAYOUT.fullmatch("".join(communication.split()))
    digits = "".join(layout.groups()[1:]) if layout else ""
    if not ogm_vcs.is_valid(digits):
        return StructuredCommunication(valid=False, communication=None, digits=None)
    return _valid(digits)


def _valid(digits: str) -> StructuredCommunication:
    return StructuredCommunication(valid=True, communication=f"+++{ogm_vcs.format(digits)}+++", digits=digits)
