"""The rates agree with the published series, day by day, and nothing outside them is answered."""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from statutes import RateNotVerified, interest_rate
from statutes.money import from_percent_units
from statutes.rates import runs_of_series

SERIES = json.loads((Path(__file__).parent / "rates.json").read_text())["series"]


def published(name: str, day: date) -> Decimal:
    series = SERIES[name]
    if "then_use" in series and day >= date.fromisoformat(series["then_use"]["from"]):
        series = SERIES[series["then_use"]["series"]]
    return [Decimal(row["percent"]) for row in series["rows"] if date.fromisoformat(row["from"]) <= day][-1]


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("split_equal_rate", [False, True])
def test_every_day_from_the_first_row_to_the_last_verified_day_bears_the_published_rate(
    name: Any, split_equal_rate: bool
):
    # NL-RATE-3
    first = date.fromisoformat(SERIES[name]["rows"][0]["from"])
    last = date.fromisoformat(SERIES[name]["verified_until"])
    runs = runs_of_series(name, split_equal_rate=split_equal_rate)
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        assert interest_rate(series=name, as_of=day).percent == published(name, day)
        assert from_percent_units(runs.units[runs.index_at(ordinal)]) == published(name, day)
    for outside in (first - timedelta(days=1), last + timedelta(days=1)):
        with pytest.raises(RateNotVerified):
            interest_rate(series=name, as_of=outside)
        with pytest.raises(RateNotVerified):
            runs.index_at(outside.toordinal())
