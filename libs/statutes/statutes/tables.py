"""The figures of the law as dated, sourced rows: loaded once from `data/<country>/*.yaml`, typed and frozen.

NL-GEN-1: no figure is a constant in code. NL-GEN-4: a day outside the verified rows is refused, never extrapolated.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, cast

import yaml

from statutes.errors import RateNotVerified
from statutes.topics import cites

cites("NL-GEN-1", "NL-GEN-4", by="statutes.tables")

COUNTRIES: Final = ("nl", "be")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A value of the law and the days on which it holds, both ends included."""

    value: Any
    valid_from: date
    valid_to: date | None
    source: str
    certainty: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """One figure through time. `verified_until` is null where the law knows no moment at which it changes."""

    key: str
    country: str
    rule: str
    article: str
    title: str
    unit: str
    verified_on: date
    verified_from: date
    verified_until: date | None
    note: str
    then_use: tuple[str, date] | None
    rows: tuple[Row, ...]

    def at(self, day: date) -> Row:
        """The row that holds on a day.

        Raises `RateNotVerified` outside the verified rows.
        """
        if day < self.verified_from or (self.verified_until is not None and day > self.verified_until):
            raise RateNotVerified(f"{self.title} is not verified for {day} ({self.rule})")
        for row in reversed(self.rows):
            if row.valid_from <= day:
                if row.valid_to is not None and day > row.valid_to:
                    break
                return row
        raise RateNotVerified(f"{self.title} has no row for {day} ({self.rule})")

    def decimal_at(self, day: date) -> Decimal:
        """The value on a day, where it is one number."""
        return Decimal(self.at(day).value)

    def int_at(self, day: date) -> int:
        """The value on a day, where it is a whole number."""
        return int(self.at(day).value)

    @property
    def current(self) -> Row:
        """The last row, for questions that name no day."""
        return self.rows[-1]

    @property
    def decimal(self) -> Decimal:
        """The value of the last row, where it is one number."""
        return Decimal(self.current.value)

    @property
    def integer(self) -> int:
        """The value of the last row, where it is a whole number."""
        return int(self.current.value)


def table(key: str) -> Table:
    """The table of that key; a missing one is our mistake."""
    return all_tables()[key]


@cache
def all_tables() -> dict[str, Table]:
    """Every table of both countries, by key."""
    loaded: dict[str, Table] = {}
    for country in COUNTRIES:
        for document in documents(country):
            for raw in cast("list[dict[str, Any]]", document.get("tables", [])):
                read = _table(raw, country)
                assert read.key not in loaded, f"two tables are called {read.key}"
                loaded[read.key] = read
    return loaded


def documents(country: str) -> list[dict[str, Any]]:
    """The data files of a country, in order of name."""
    folder = data_folder() / country
    paths = sorted((path for path in folder.iterdir() if path.name.endswith(".yaml")), key=lambda path: path.name)
    return [cast("dict[str, Any]", load(path)) for path in paths]


def load(path: Traversable) -> object:
    """The content of one data file; a float is our mistake, for money and rates are written as text."""
    content = cast("object", yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader))
    _refuse_floats(content, path.name)
    return content


def data_folder() -> Traversable:
    """Where the data of this library stands."""
    return files("statutes") / "data"


def _table(raw: dict[str, Any], country: str) -> Table:
    rows = tuple(_row(row) for row in raw["rows"])
    assert rows, f"{raw['key']} has no rows"
    assert list(rows) == sorted(rows, key=lambda row: row.valid_from), f"{raw['key']} is not in order of day"
    then_use = raw.get("then_use")
    return Table(
        key=raw["key"],
        country=country,
        rule=raw["rule"],
        article=raw.get("article", ""),
        title=raw["title"],
        unit=raw["unit"],
        verified_on=raw["verified_on"],
        verified_from=raw.get("verified_from", rows[0].valid_from),
        verified_until=raw.get("verified_until"),
        note=raw.get("note", ""),
        then_use=(then_use["series"], then_use["from"]) if then_use else None,
        rows=rows,
    )


def _row(raw: dict[str, Any]) -> Row:
    return Row(
        value=raw["value"],
        valid_from=raw["valid_from"],
        valid_to=raw.get("valid_to"),
        source=raw["source"],
        certainty=raw["certainty"],
    )


def _refuse_floats(content: object, name: str) -> None:
    assert not isinstance(content, float), f"{name} has a float: write it as text"
    if isinstance(content, dict):
        for value in cast("dict[object, object]", content).values():
            _refuse_floats(value, name)
    elif isinstance(content, list):
        for value in cast("list[object]", content):
            _refuse_floats(value, name)
