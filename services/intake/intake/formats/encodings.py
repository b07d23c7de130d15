"""How the bytes of a file become text: by its mark (BOM), else UTF-8, else what a sample looks like."""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from charset_normalizer import from_bytes

from intake.formats.refusals import UnreadableFile

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
NOT_TEXT = (
    (b"PK\x03\x04", "an archive or a workbook (.xlsx)"),
    (b"\xd0\xcf\x11\xe0", "an old workbook (.xls)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "compressed"),
)
FROM_SPREADSHEETS = ["cp1252", "cp850", "mac_roman"]
LARGEST_SAMPLE = 64 * 1024
LONGEST_LINE = 64 * 1024


def encoding_of(path: Path) -> str:
    """The name of the encoding. Raises UnreadableFile for what is no text at all.

    Lines that are not UTF-8 in a file that mostly is, or that nobody can tell, are refused one by one later. Only a
    file that mostly is not is read in an encoding of spreadsheets.
    """
    with path.open("rb") as file:
        head = file.read(8)
        for start, kind in NOT_TEXT:
            if head.startswith(start):
                raise UnreadableFile("not_csv", f"the file is {kind}: save it as CSV")
        for mark, name in MARKS:
            if head.startswith(mark):
                return name
        file.seek(0)
        sample, foreign, in_utf8 = survey(file)
    if foreign <= in_utf8:
        return "utf-8"
    best = from_bytes(sample, cp_isolation=FROM_SPREADSHEETS, preemptive_behaviour=False).best()
    return "utf-8" if best is None else best.encoding


def survey(file: IO[bytes]) -> tuple[bytes, int, int]:
    """A sample of the lines that are not UTF-8, how many those are, and how many lines need UTF-8."""
    sample, foreign, in_utf8 = b"", 0, 0
    for line in lines_of(file):
        if line.isascii():
            continue
        if is_utf8(line):
            in_utf8 += 1
            continue
        foreign += 1
        if len(sample) < LARGEST_SAMPLE:
            sample += line
    return sample, foreign, in_utf8


def lines_of(file: IO[bytes]) -> Iterator[bytes]:
    """Lines, or parts of lines that are too long to be any."""
    while line := file.readline(LONGEST_LINE):
        yield line


def is_utf8(line: bytes) -> bool:
    """Whether these bytes are UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
