"""The Dutch calendar, against a public library where the two mean the same."""

from datetime import date, timedelta

import holidays
import pytest

from statutes import RateNotVerified, nl
from statutes.calendars import easter_sunday, is_dutch_holiday, next_dutch_working_day
from statutes.tables import table

YEARS = range(2023, 2029)
EVERY_DAY = [date.fromordinal(day) for day in range(date(2023, 1, 1).toordinal(), date(2028, 12, 31).toordinal() + 1)]


def test_the_calendar_is_the_librarys_but_for_good_friday_liberation_day_and_the_equated_days():
    library = holidays.country_holidays("NL", years=YEARS)
    equated = {day for row in table("nl.equated_days").rows for day in row.value}
    for day in EVERY_DAY:
        sunday_of_its_own = day in {easter_sunday(day.year), easter_sunday(day.year) + timedelta(days=49)}
        expected = (
            (day in library and not sunday_of_its_own)
            or day == easter_sunday(day.year) - timedelta(days=2)
            or (day.month, day.day) == (5, 5)
            or day in equated
        )
        assert is_dutch_holiday(day) == expected, day


def test_every_equated_day_is_a_friday_beside_a_holiday():
    for row in table("nl.equated_days").rows:
        for day in row.value:
            assert day.strftime("%a") == "Fri"
            assert is_dutch_holiday(day - timedelta(days=1))


@pytest.mark.parametrize("year", [2000, 2019, 2024, 2038, 2076, 2100])
def test_easter_is_the_librarys_in_any_century(year: int):
    library = holidays.country_holidays("DE", years=year, language="en_US")
    (monday,) = library.get_named("Easter Monday")
    assert easter_sunday(year) == monday - timedelta(days=1)


def test_a_day_outside_the_decrees_is_refused():
    for outside in (date(2022, 12, 31), date(2029, 1, 1)):
        with pytest.raises(RateNotVerified):
            is_dutch_holiday(outside)
    with pytest.raises(RateNotVerified):
        next_dutch_working_day(date(2028, 12, 30))
    with pytest.raises(RateNotVerified):
        nl.fourteen_day_term(sent_on=date(2028, 12, 20))
