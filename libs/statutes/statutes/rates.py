"""Interest rate series: the percentage of a day, and the runs of days of one rate that a period is split into."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Final, Literal, TypeAlias

from statutes.days import ONE_DAY
from statutes.errors import RateNotVerified
from statutes.money import Percent, to_percent_units
from statutes.tables import Table, table
from statutes.topics import topic

DutchSeries: TypeAlias = Literal["nl_6_119", "nl_6_119a", "nl_6_119a_contracts_before_2013_03_16"]
BelgianSeries: TypeAlias = Literal["be_b2b", "be_b2b_contracts_before_2013_03_16", "be_civil"]
Series: TypeAlias = Literal[
    "nl_6_119",
    "nl_6_119a",
    "nl_6_119a_contracts_before_2013_03_16",
    "be_b2b",
    "be_b2b_contracts_before_2013_03_16",
    "be_civil",
]
COMMERCIAL_DUTCH_SERIES: Final = frozenset({"nl_6_119a", "nl_6_119a_contracts_before_2013_03_16"})

FIRST_ORDINAL: Final = 1
LAST_ORDINAL: Final = date.max.toordinal()
HALF_YEAR_MONTHS: Final = (1, 7)


@dataclass(frozen=True)
class RateRuns:
    """Rates as day ordinals: run `i` holds from `starts[i]` up to `starts[i + 1]`, the last one up to `end`.

    `units` are millionths of a percent.
    """

    name: str
    starts: tuple[int, ...]
    units: tuple[int, ...]
    end: int

    def index_at(self, ordinal: int) -> int:
        """The run that holds on a day.

        Raises `RateNotVerified` before the first and after the last verified day.
        """
        index = bisect_right(self.starts, ordinal) - 1
        if index < 0 or ordinal >= self.end:
            raise RateNotVerified(f"{self.name} is not verified for {date.fromordinal(ordinal)}")
        return index

    def end_of(self, index: int) -> int:
        """The day on which a run no longer holds."""
        return self.starts[index + 1] if index + 1 < len(self.starts) else self.end


@dataclass(frozen=True, kw_only=True)
class InterestRate:
    """The rate of a series on one day, percent per year."""

    percent: Percent
    valid_from: date
    certainty: str
    source: str


@topic(
    "interest_rate", rules=("NL-RATE-1", "NL-RATE-2", "NL-RATE-3", "NL-RATE-4", "NL-INT-13", "BE-RATE-1", "BE-RATE-2")
)
def interest_rate(*, series: Series, as_of: date) -> InterestRate:
    """The percentage per year that a series gives on a day (6:119, 6:119a BW; BE law of 2 August 2002, 5 May 1865).

    Dutch rates are loaded from the decrees, never derived from the ECB rate. Raises `RateNotVerified` outside the
    verified rows.
    """
    source = table(series)
    if source.then_use is not None and as_of >= source.then_use[1]:
        source = table(source.then_use[0])
    row = source.at(as_of)
    return InterestRate(
        percent=Decimal(row.value), valid_from=row.valid_from, certainty=row.certainty, source=row.source
    )


@lru_cache(maxsize=1024)
def runs_of_series(
    series: Series,
    *,
    surcharge_units: int = 0,
    surcharge_from: date | None = None,
    split_equal_rate: bool = False,
) -> RateRuns:
    """The runs of a series plus a surcharge; neighbours of equal rate are one run unless `split_equal_rate`."""
    pieces, end = _pieces(series)
    if surcharge_units:
        pieces = _with_surcharge(pieces, surcharge_units, surcharge_from, end)
    if split_equal_rate:
        pieces = _at_half_years(pieces, end)
    else:
        pieces = [piece for at, piece in enumerate(pieces) if at == 0 or piece[1] != pieces[at - 1][1]]
    return RateRuns(series, tuple(start for start, _ in pieces), tuple(units for _, units in pieces), end)


@lru_cache(maxsize=1024)
def runs_of_percent(units: int, *, split_from: date | None = None, split_until: date | None = None) -> RateRuns:
    """The single run of an agreed percentage; between the two days, when given, split at every half-year."""
    pieces = [(FIRST_ORDINAL, units)]
    if split_from is not None and split_until is not None and split_from < split_until:
        pieces = _at_half_years([(split_from.toordinal(), units)], split_until.toordinal())
        pieces[0] = (FIRST_ORDINAL, units)
    return RateRuns("agreed rate", tuple(start for start, _ in pieces), tuple(part for _, part in pieces), LAST_ORDINAL)


@cache
def _pieces(series: Series) -> tuple[list[tuple[int, int]], int]:
    source = table(series)
    pieces = _rows(source)
    if source.then_use is None:
        return pieces, _end(source)
    following, from_on = table(source.then_use[0]), source.then_use[1].toordinal()
    inherited = _rows(following)
    held = max(at for at, (start, _) in enumerate(inherited) if start <= from_on)
    pieces = [piece for piece in pieces if piece[0] < from_on]
    return [*pieces, (from_on, inherited[held][1]), *inherited[held + 1 :]], _end(following)


def _rows(source: Table) -> list[tuple[int, int]]:
    return [(row.valid_from.toordinal(), to_percent_units(Decimal(row.value))) for row in source.rows]


def _end(source: Table) -> int:
    assert source.verified_until is not None, "a rate is always verified until a day"
    return (source.verified_until + ONE_DAY).toordinal()


def _with_surcharge(
    pieces: list[tuple[int, int]], surcharge: int, from_on: date | None, end: int
) -> list[tuple[int, int]]:
    first = FIRST_ORDINAL if from_on is None else from_on.toordinal()
    before = [piece for piece in pieces if piece[0] < first]
    after = [(start, units + surcharge) for start, units in pieces if start >= first]
    starts_inside = before and first < end and not (after and after[0][0] == first)
    return [*before, *([(first, before[-1][1] + surcharge)] if starts_inside else []), *after]


def _at_half_years(pieces: list[tuple[int, int]], end: int) -> list[tuple[int, int]]:
    first, last = date.fromordinal(pieces[0][0]), date.fromordinal(end - 1)
    half_years = {
        date(year, month, 1).toordinal() for year in range(first.year, last.year + 1) for month in HALF_YEAR_MONTHS
    }
    starts = sorted({start for start, _ in pieces} | {day for day in half_years if pieces[0][0] < day < end})
    known = [start for start, _ in pieces]
    return [(start, pieces[bisect_right(known, start) - 1][1]) for start in starts]
