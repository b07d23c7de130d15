"""Whose fault a fault is decides between the desk and trying again."""

import asyncpg
import pytest

from common.blame import blames_record
from common.errors import InvalidMessage, TemporaryFailure


def refused(sqlstate):
    return asyncpg.PostgresError.new({"C": sqlstate, "M": "refused"})


@pytest.mark.parametrize("sqlstate", ["22003", "22P05", "23505", "23514", "LG002", "LG004", "LG006", "LG008"])
def test_what_the_database_refuses_of_a_record_parks_it(sqlstate):
    assert blames_record(refused(sqlstate))


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "53100", "53300", "57014", "57P01", "08006", "LT001"])
def test_what_ails_the_server_or_the_clock_is_tried_again(sqlstate):
    assert not blames_record(refused(sqlstate))


def test_a_journal_that_does_not_balance_is_our_mistake_and_stops_us():
    # parked, the mistake would go on with the next record; stopped, it pages
    assert not blames_record(refused("LG001"))


def test_a_handlers_word_counts():
    assert blames_record(InvalidMessage("never", "will never work"))
    assert not blames_record(TemporaryFailure("may work later"))
    assert not blames_record(AssertionError())
