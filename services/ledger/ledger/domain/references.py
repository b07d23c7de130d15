"""References that a payer was asked to state: found in structured and in free text, kept when their check holds.

The check only filters (one in a hundred random numbers passes): whether a reference was issued decides the match.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ledger.domain.statements import StructuredReference, Transaction

BELGIAN = re.compile(r"(?<![0-9O])([0-9O]{3})[/\s.\-]?([0-9O]{4})[/\s.\-]?([0-9O]{5})(?![0-9O])")
DUTCH = re.compile(r"(?<![0-9])([0-9]{4})[\s.\-]?([0-9]{4})[\s.\-]?([0-9]{4})[\s.\-]?([0-9]{4})(?![0-9])")
CREDITOR = re.compile(r"(?<![A-Z0-9])RF[0-9]{2}[A-Z0-9 ]{1,40}")
DUTCH_WEIGHTS = (2, 4, 8, 5, 10, 9, 7, 3, 6, 1)
DUTCH_LENGTHS = (9, 10, 11, 12, 13, 14, 16)
MAX_CREDITOR_REFERENCE = 25
MIN_CREDITOR_REFERENCE = 5
MAX_SCANNED_TEXT = 2_000


class ReferenceKind(StrEnum):
    """The three forms that payers in NL and BE are given."""

    BELGIAN = "ogm"  # gestructureerde mededeling, OGM/VCS: 12 digits
    CREDITOR = "rf"  # ISO 11649: RF, two check digits, up to 21 characters
    DUTCH = "betalingskenmerk"  # 9 to 14 or 16 digits


@dataclass(frozen=True, kw_only=True)
class FoundReference:
    """A reference in its bare form (no blanks, slashes or pluses), and whether its field was made for it."""

    kind: ReferenceKind
    value: str
    is_structured: bool


def find_references(transaction: Transaction) -> tuple[FoundReference, ...]:
    """All references of a payment whose check holds, structured ones first, each once."""
    found = [*_in_structured(transaction.references)]
    texts = [transaction.text, *(reference.value for reference in transaction.references)]
    texts += [transaction.end_to_end_id] if transaction.end_to_end_id else []
    for text in texts:
        found += _in_text(text[:MAX_SCANNED_TEXT].upper())
    unique = {(reference.kind, reference.value): reference for reference in reversed(found)}
    return tuple(reference for reference in found if unique[reference.kind, reference.value] is reference)


def is_belgian_reference(digits: str) -> bool:
    """OGM/VCS: the last two of twelve digits are the first ten modulo 97, with 97 for 0."""
    return bool(re.fullmatch(r"[0-9]{12}", digits)) and (int(digits[:10]) % 97 or 97) == int(digits[10:])


def is_creditor_reference(value: str) -> bool:
    """ISO 11649: the first four characters moved to the end, letters as numbers from 10, modulo 97 is 1."""
    if not re.fullmatch(r"RF[0-9]{2}[A-Z0-9]{1,21}", value):
        return False
    return int("".join(str(int(character, 36)) for character in value[4:] + value[:4])) % 97 == 1


def is_dutch_reference(digits: str) -> bool:
    """Betalingskenmerk: the leftmost digit is 11 minus the weighted sum of the others modulo 11 (10 is 1, 11 is 0)."""
    if not re.fullmatch(r"[0-9]+", digits) or len(digits) not in DUTCH_LENGTHS:
        return False
    weighted = sum(
        int(digit) * DUTCH_WEIGHTS[place % len(DUTCH_WEIGHTS)] for place, digit in enumerate(reversed(digits[1:]))
    )
    check = 11 - weighted % 11
    return {10: 1, 11: 0}.get(check, check) == int(digits[0])


def _in_structured(references: Iterable[StructuredReference]) -> Iterator[FoundReference]:
    """By the value itself: the issuer that a bank names (BBA, CUR) proves nothing, and is often missing."""
    for reference in references:
        value = re.sub(r"[\s+/.\-]", "", reference.value).upper()
        for kind, holds in (
            (ReferenceKind.CREDITOR, is_creditor_reference),
            (ReferenceKind.BELGIAN, is_belgian_reference),
            (ReferenceKind.DUTCH, is_dutch_reference),
        ):
            if holds(value):
                yield FoundReference(kind=kind, value=value, is_structured=True)


def _in_text(text: str) -> Iterator[FoundReference]:
    """Free text: digits in groups, `O` for `0`, missing pluses. Short Dutch ones are only trusted in their field."""
    for match in BELGIAN.finditer(text):
        value = "".join(match.groups()).replace("O", "0")
        if is_belgian_reference(value):
            yield FoundReference(kind=ReferenceKind.BELGIAN, value=value, is_structured=False)
    for match in DUTCH.finditer(text):
        value = "".join(match.groups())
        if is_dutch_reference(value):
            yield FoundReference(kind=ReferenceKind.DUTCH, value=value, is_structured=False)
    for match in CREDITOR.finditer(text):
        for value in _creditor_references_at_start(match.group()):
            yield FoundReference(kind=ReferenceKind.CREDITOR, value=value, is_structured=False)


def _creditor_references_at_start(text: str) -> Iterator[str]:
    """Words follow the reference without a mark: every run of whole groups whose check holds, the longest first.

    'RF18 5390 0754 7034 met dank' holds with and without its two words; only one of the two was ever issued.
    """
    groups = text.split()
    for end in range(len(groups), 0, -1):
        value = "".join(groups[:end])
        if MIN_CREDITOR_REFERENCE <= len(value) <= MAX_CREDITOR_REFERENCE and is_creditor_reference(value):
            yield value


def reference_numbers(references: Iterable[str]) -> tuple[str, ...]:
    """The ten-digit reference numbers that references of ours are formed from, each once: OGM = number and two check
    digits, betalingskenmerk = check digit and the number filled up to fifteen, RF = two check digits and the number.
    """
    numbers: list[str] = []
    for reference in references:
        if is_belgian_reference(reference):
            numbers.append(reference[:10])
        elif is_creditor_reference(reference):
            numbers.append(reference[4:])
        elif is_dutch_reference(reference):
            numbers.append(reference[-10:])
    return tuple(dict.fromkeys(numbers))
