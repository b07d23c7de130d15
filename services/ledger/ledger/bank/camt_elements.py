"""Looking into CAMT elements by local names, whatever version and namespace; what is odd becomes a finding."""

import re
from datetime import date

from ledger.bank.xml_border import Element
from ledger.domain.statements import Finding

ABSENT = frozenset({"", "NOTPROVIDED", "NONREF"})
AMOUNT = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,18}))?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MAX_TEXT = 2_000


class Findings:
    """Collects findings while one statement is read."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self.where = "file"

    def note(self, code: str, text: str) -> None:
        """Something odd that could be read all the same."""
        self.found.append(Finding(code=code, where=self.where, text=text))

    def block(self, code: str, text: str) -> None:
        """Something that could not be read: the statement is held."""
        self.found.append(Finding(code=code, where=self.where, text=text, blocks=True))


def local_name(element: Element) -> str:
    """Its name without the namespace."""
    return element.tag.rpartition("}")[2]


def children(element: Element | None, *path: str) -> list[Element]:
    """All elements at a path of local names."""
    level = [] if element is None else [element]
    for name in path:
        qualified = "}" + name
        level = [below for above in level for below in above if below.tag.endswith(qualified) or below.tag == name]
    return level


def child(element: Element | None, *path: str) -> Element | None:
    """The first element at a path of local names."""
    return next(iter(children(element, *path)), None)


def text_at(element: Element | None, *paths: str) -> str | None:
    """The first text that is there at one of several paths ('Acct/Id/IBAN'), trimmed and cut to a sane length."""
    for path in paths:
        for found in children(element, *path.split("/")):
            text = " ".join((found.text or "").split())
            if text:
                return text[:MAX_TEXT]
    return None


def reference_at(element: Element | None, *paths: str) -> str | None:
    """As `text_at`, with the banks' words for 'none' read as none."""
    text = text_at(element, *paths)
    return None if text is None or text.upper() in ABSENT else text


def read_amount(amount: Element | None, findings: Findings) -> int | None:
    """An amount in cents, without its sign. A fraction of a cent that is not zero is a finding, never rounded."""
    text = "".join((amount.text or "").split()) if amount is not None else ""
    match = AMOUNT.fullmatch(text)
    if match is None:
        findings.block("amount_unreadable", f"The amount '{text[:40]}' cannot be read.")
        return None
    whole, fraction = match.group(1), match.group(2) or ""
    if fraction[2:].strip("0"):
        findings.block("amount_fraction", f"The amount {text} has a fraction of a cent.")
        return None
    return int(whole) * 100 + int(fraction[:2].ljust(2, "0"))


def read_sign(element: Element, findings: Findings) -> int | None:
    """+1 for a credit, -1 for a debit, None when the file does not say."""
    text = text_at(element, "CdtDbtInd")
    if text in ("CRDT", "DBIT"):
        return 1 if text == "CRDT" else -1
    if text is not None:
        findings.block("sign_unknown", f"'{text[:20]}' is neither CRDT nor DBIT.")
    return None


def read_day(element: Element | None, findings: Findings) -> date | None:
    """The day of a `Dt` or `DtTm` element, or None with a finding when there is one that is no date."""
    text = text_at(element, "Dt", "DtTm")
    if text is None:
        return None
    match = DAY.match(text)
    try:
        return date.fromisoformat(match.group()) if match else _no_day(text, findings)
    except ValueError:
        return _no_day(text, findings)


def _no_day(text: str, findings: Findings) -> None:
    findings.note("date_unreadable", f"'{text[:40]}' is not a date.")


def read_count(element: Element | None, path: str) -> int | None:
    """A whole number of at most nine digits, or None."""
    text = text_at(element, path)
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else None


def is_true(text: str | None) -> bool:
    """Banks write true, 1 or YES."""
    return text is not None and text.lower() in ("true", "1", "yes")
