"""One letter as PDF/A-3a and PDF/UA-1, by Typst. Same letter, same day, same bytes, from any process."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import pypdfium2
import typst

from common.blocking import spawned_processes
from common.money import euro
from contracts.notifications import Block, Content, PaymentBlock, TableBlock, TextBlock
from contracts.values import Address, Language
from notifications.channels.qr import qr_svg

FOLDER = Path(__file__).parent
ZERO_WIDTH_SPACE = "\u200b"
ENDLESS_WORD = re.compile(r"\S{40,}")
LONG_CELL = 26
LONGEST_SHARE = 60
STANDARDS = ["a-3a", "ua-1"]
WINDOW_ON_THE_RIGHT = frozenset({"BE"})


class CannotBeSet(Exception):  # noqa: N818  a fault of the letter, not of the program
    """A letter that Typst refuses, or warns about: it is left out, never printed in part."""


@dataclass(frozen=True, kw_only=True)
class SetLetter:
    """A finished letter, or why there is none."""

    pdf: bytes
    pages: int
    fault: str | None = None

    @property
    def sha256(self) -> str:
        """Of the PDF."""
        return hashlib.sha256(self.pdf).hexdigest()


def letter_pool(processes: int) -> ProcessPoolExecutor:
    """Processes that set letters. Spawned: a process forked after Typst was loaded hangs."""
    return spawned_processes(processes)


def try_letter(content_json: str, language: Language, on: date) -> SetLetter:
    """What a process of the pool does."""
    try:
        return set_letter(Content.model_validate_json(content_json), language=language, on=on)
    except (CannotBeSet, ValueError) as fault:  # ValueError: a table of uneven rows, a code that holds too much
        return SetLetter(pdf=b"", pages=0, fault=str(fault))


def set_letter(content: Content, *, language: Language, on: date) -> SetLetter:
    """A letter dated by its day. Raises CannotBeSet with Typst's own words, which may quote the letter."""
    moment = datetime.combine(on, time(12), UTC)
    inputs = {"d": json.dumps(letter_values(content, language=language, on=on))}
    try:
        pdf, warnings = compiler().compile_with_warnings(
            format="pdf", sys_inputs=inputs, pdf_standards=STANDARDS, timestamp=int(moment.timestamp())
        )
    except (typst.TypstError, RuntimeError) as fault:
        raise CannotBeSet(str(fault)[:500]) from None
    if warnings:
        raise CannotBeSet("; ".join(str(warning) for warning in warnings)[:500])
    return SetLetter(pdf=pdf, pages=count_pages(pdf))


@cache
def compiler() -> Any:
    """One compiler a process, with the vendored fonts alone."""
    return typst.Compiler(
        str(FOLDER / "letter.typ"), root=str(FOLDER), font_paths=[str(FOLDER / "fonts")], ignore_system_fonts=True
    )


def count_pages(pdf: bytes) -> int:
    """How many pages a PDF has."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return len(document)
    finally:
        document.close()


def letter_values(content: Content, *, language: Language, on: date) -> dict[str, Any]:
    """What the template prints. Raises CannotBeSet for a letter without an address."""
    if content.address is None:
        raise CannotBeSet("no address")
    return {
        "language": language,
        "region": content.address.country,
        "window": "right" if content.address.country in WINDOW_ON_THE_RIGHT else "left",
        "date": {"year": on.year, "month": on.month, "day": on.day},
        "subject": content.subject,
        "title": breakable(content.subject),
        "sender_name": content.sender_name,
        "sender_lines": content.sender_lines,
        "address_lines": [breakable(line) for line in (content.recipient_name, *address_lines(content.address))],
        "place_and_date": content.place_and_date,
        "blocks": [block_values(block, language) for block in content.blocks],
        "footer": content.footer,
    }


def address_lines(address: Address) -> Sequence[str]:
    """Street and city as both countries' posts want them."""
    return [f"{address.street} {address.house_number}", f"{address.postcode} {address.city}"]


def breakable(text: str) -> str:
    """Text whose endless words may break: they would run out of the page."""
    return ENDLESS_WORD.sub(lambda word: ZERO_WIDTH_SPACE.join(word[0]), text)


def block_values(block: Block, language: Language) -> Mapping[str, Any]:
    """One block of the text for the template; a payment block gets its code drawn."""
    match block:
        case PaymentBlock():
            return {
                "kind": block.kind,
                "lines": payment_lines(block, language),
                "qr_svg": qr_svg(block.qr_payload),
                "qr_alternative": block.qr_alternative,
            }
        case TableBlock():
            rows = [[breakable(cell) for cell in row] for row in block.rows]
            shares = column_shares(block)
            return {"kind": block.kind, "header": block.header, "rows": rows, "total": block.total, "shares": shares}
        case TextBlock():
            return {"kind": block.kind, "text": breakable(block.text)}


def column_shares(block: TableBlock) -> Sequence[int]:
    """How columns share the room: 0 for those as narrow as their text, a weight for those with long text. The amounts
    in the last column are never broken.
    """
    lengths = [max(len(cell) for cell in column) for column in zip(block.header, *block.rows, strict=True)]
    lengths[-1] = 0
    long = max(min(max(lengths), LONG_CELL), 1)
    return [min(length, LONGEST_SHARE) if length >= long else 0 for length in lengths]


def payment_lines(block: PaymentBlock, language: Language) -> Sequence[Mapping[str, Any]]:
    """Label and value of each line: amount, IBAN in groups of four, name, reference."""
    values = (euro(block.amount_cents, language=language), grouped_iban(block.iban), block.beneficiary, block.reference)
    return [
        {"label": label, "value": text, "is_amount": place == 0}
        for place, (label, text) in enumerate(zip(block.labels, values, strict=True))
    ]


def grouped_iban(iban: str) -> str:
    """In groups of four, as people read it."""
    plain = iban.replace(" ", "")
    return " ".join(plain[start : start + 4] for start in range(0, len(plain), 4))
