"""Claims from a CSV file: a row is taken or refused by line and field, and memory stays flat."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID

from intake.formats.claim_fields import read_claim
from intake.formats.encodings import encoding_of
from intake.formats.records import Lines, Record, first_cells, records_of
from intake.formats.refusals import ClaimRow, FieldError, RefusedRow, UnreadableFile
from intake.formats.templates import ALIASES, COLUMNS, plain_header

LARGEST_FILE_BYTES = 20 * 1024 * 1024
MOST_ROWS = 50_000
ROWS_AT_ONCE = 500
PIECE_BYTES = 64 * 1024
MOST_LINES = 20 * MOST_ROWS  # ends of lines, also empty ones and those within a cell


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a file is written: encoding, delimiter, and the field of each column."""

    encoding: str
    delimiter: str
    fields: tuple[str, ...]
    header_line: int


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some records of a file, one after the other, with its layout."""

    layout: Layout
    records: tuple[Record, ...]


def read_chunks(path: Path) -> Iterator[Chunk]:
    """The records of a file, in order. Raises UnreadableFile before the first one when the file as a whole can't be
    taken: too large, too many rows, no text, no header, or columns that are doubled, unknown or missing.
    """
    layout = read_layout(path)
    count_rows(path, layout)
    records = data_records(path, layout)
    while some := tuple(islice(records, ROWS_AT_ONCE)):
        yield Chunk(layout=layout, records=some)


def read_rows(chunk: Chunk, *, client_id: UUID) -> list[ClaimRow | RefusedRow]:
    """Each record as a claim, or all that is wrong with it: most of the work on a file."""
    return [read_row(record, chunk.layout, client_id=client_id) for record in chunk.records]


def read_layout(path: Path) -> Layout:
    """What the first line says. Raises UnreadableFile."""
    size = path.stat().st_size
    if size > LARGEST_FILE_BYTES:
        raise UnreadableFile("too_large", f"the file has over {LARGEST_FILE_BYTES // 1024 // 1024} MB")
    encoding = encoding_of(path)
    with path.open(encoding=encoding, errors=errors_of(encoding), newline="") as text:
        lines = Lines(text)
        try:
            line = lines.take()
            while line is not None and (not line.strip() or is_spreadsheet_mark(line)):
                line = lines.take()
        except UnicodeError:
            raise UnreadableFile("encoding", "the file is not in the encoding that its first bytes name") from None
        if line is None:
            raise UnreadableFile("empty", "the file has no line")
        if "\0" in line:
            raise UnreadableFile("nul", "the header holds NUL characters: save the file as UTF-8")
        readings = first_cells(line)
        if not readings:
            raise UnreadableFile("no_header", "the first line is no header")
        delimiter, cells = max(readings.items(), key=lambda reading: (known_headers(reading[1]), len(reading[1])))
        return Layout(encoding=encoding, delimiter=delimiter, fields=read_header(cells), header_line=lines.number)


def errors_of(encoding: str) -> str:
    """Bytes that are no text stand in a cell as lone surrogates, which that cell is refused for; wide encodings have no
    such way: there they become a mark, which is refused too.
    """
    return "replace" if encoding in {"utf-16", "utf-32"} else "surrogateescape"


def is_spreadsheet_mark(line: str) -> bool:
    """`sep=;`, which Excel writes before the header."""
    return line.strip().lower().startswith("sep=") and len(line.strip()) == len("sep=;")


def known_headers(cells: tuple[str, ...]) -> int:
    """How many of these are headers that we know."""
    return sum(plain_header(cell) in ALIASES for cell in cells)


def read_header(cells: tuple[str, ...]) -> tuple[str, ...]:
    """The field of each column. Raises UnreadableFile for a header without a meaning, with two columns of one meaning,
    or without one that is needed.
    """
    names = [plain_header(cell) for cell in cells]
    if not any(name in ALIASES for name in names):
        raise UnreadableFile("no_header", "the first line names no column of the template")
    unknown = [str(place) for place, name in enumerate(names, start=1) if name not in ALIASES]
    if unknown:
        raise UnreadableFile("unknown_column", f"the header of column {', '.join(unknown)} is none of the template's")
    fields = tuple(ALIASES[name] for name in names)
    doubled = sorted({field for field in fields if fields.count(field) > 1})
    if doubled:
        raise UnreadableFile("duplicate_column", f"two columns are {', '.join(doubled)}")
    missing = [column.name for column in COLUMNS if column.is_required and column.name not in fields]
    if missing:
        raise UnreadableFile("missing_column", f"there is no column {', '.join(missing)}")
    return fields


def count_rows(path: Path, layout: Layout) -> None:
    """Raise UnreadableFile for too many rows, before any is taken."""
    with path.open("rb") as file:
        breaks = sum(chunk.count(b"\n") + chunk.count(b"\r") for chunk in iter(lambda: file.read(PIECE_BYTES), b""))
    if breaks <= MOST_ROWS:
        return  # there can't be more records than lines
    rows = islice(data_records(path, layout), MOST_ROWS + 1)
    if breaks > MOST_LINES or sum(1 for _ in rows) > MOST_ROWS:
        raise UnreadableFile("too_many_rows", f"the file has over {MOST_ROWS} rows")


def data_records(path: Path, layout: Layout) -> Iterator[Record]:
    """The records after the header."""
    with path.open(encoding=layout.encoding, errors=errors_of(layout.encoding), newline="") as text:
        lines = Lines(text)
        while lines.number < layout.header_line:
            lines.take()
        yield from records_of(lines, delimiter=layout.delimiter)


def read_row(record: Record, layout: Layout, *, client_id: UUID) -> ClaimRow | RefusedRow:
    """A record as a claim, or all that is wrong with it."""
    if record.fault:
        return RefusedRow(line=record.line, field="", code=record.fault, reason=record.reason)
    if len(record.cells) != len(layout.fields):
        reason = f"has {len(record.cells)} fields where the header has {len(layout.fields)}"
        return RefusedRow(line=record.line, field="", code="wrong_number_of_fields", reason=reason)
    claim = read_claim(dict(zip(layout.fields, record.cells, strict=True)), client_id=client_id)
    if isinstance(claim, tuple):
        errors: tuple[FieldError, ...] = claim
        return RefusedRow.of(record.line, *errors)
    return ClaimRow(line=record.line, claim=claim)
