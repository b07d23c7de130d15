"""Records of a CSV file, one after the other, whatever its bytes: a broken one never takes its neighbours along."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

LONGEST_LINE = 64 * 1024  # characters
MOST_LINES_OF_A_RECORD = 20
DELIMITERS = ";,\t"


@dataclass(frozen=True, kw_only=True)
class Record:
    """The cells of a record, or why it is none; `line` is where it begins, from 1."""

    line: int
    cells: tuple[str, ...] = ()
    fault: str = ""  # a code
    reason: str = ""


class Lines:
    """Physical lines with their number; some can be put back."""

    def __init__(self, text: TextIO) -> None:
        self.text = text
        self.number = 0
        self.ahead: deque[str] = deque()

    def take(self) -> str | None:
        """The next line with its end; None at the end of the file; cut where it is too long."""
        if self.ahead:
            line = self.ahead.popleft()
        else:
            line = self.text.readline(LONGEST_LINE)
            if len(line) >= LONGEST_LINE and line[-1] not in "\r\n":
                self._pass_over_rest()
        self.number += 1 if line else 0
        return line or None

    def put_back(self, lines: list[str]) -> None:
        """Take these lines again, first of all."""
        self.ahead.extendleft(reversed(lines))
        self.number -= len(lines)

    def _pass_over_rest(self) -> None:
        while (rest := self.text.readline(LONGEST_LINE)) and rest[-1] not in "\r\n":
            pass


def records_of(lines: Lines, *, delimiter: str) -> Iterator[Record]:
    """All records that are not empty."""
    while (line := lines.take()) is not None:
        if line.strip(f"\r\n {delimiter}"):
            yield read_record(line, lines, delimiter=delimiter)


def read_record(line: str, lines: Lines, *, delimiter: str) -> Record:
    """The record that begins with this line. Where its quotes never close, that line alone is refused."""
    number, parts = lines.number, [line]
    if len(line) >= LONGEST_LINE:
        return Record(line=number, fault="too_long", reason=f"the line has over {LONGEST_LINE - 1} characters")
    if "\0" in line:
        return Record(line=number, fault="nul", reason="holds a NUL character")
    while True:
        try:
            rows = list(csv.reader(parts, delimiter=delimiter, strict=True))
        except csv.Error as fault:
            ends_open = "unexpected end" in str(fault)
        else:
            return Record(line=number, cells=tuple(rows[0]) if rows else ())
        more = lines.take() if ends_open and len(parts) < MOST_LINES_OF_A_RECORD else None
        if more is None or len(more) >= LONGEST_LINE or "\0" in more:
            lines.put_back(parts[1:] if more is None else [*parts[1:], more])
            return Record(line=number, fault="quotes", reason="its quotes do not open and close as in CSV")
        parts.append(more)


def first_cells(line: str) -> dict[str, tuple[str, ...]]:
    """What a header line would be for each delimiter; delimiters that it cannot have are left out."""
    found: dict[str, tuple[str, ...]] = {}
    for delimiter in DELIMITERS:
        try:
            rows = list(csv.reader([line], delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        found[delimiter] = tuple(rows[0]) if rows else ()
    return found
