"""Belgian terms: what happens on which day, told by the facts that move it."""

from datetime import date, datetime, timedelta

import pytest

import statutes
from statutes import be
from statutes.be.calendar import holidays, is_working_day, nth_working_day_after

MONDAY = date(2026, 3, 2)
FRIDAY_BEFORE_EASTER = date(2026, 4, 3)


def test_a_year_has_the_ten_legal_holidays_of_the_law_document():
    moving = {
        2025: (date(2025, 4, 21), date(2025, 5, 29), date(2025, 6, 9)),
        2026: (date(2026, 4, 6), date(2026, 5, 14), date(2026, 5, 25)),
        2027: (date(2027, 3, 29), date(2027, 5, 6), date(2027, 5, 17)),
        2028: (date(2028, 4, 17), date(2028, 5, 25), date(2028, 6, 5)),
    }
    for year, days in moving.items():
        assert len(holidays(year)) == 10
        assert set(days) <= holidays(year)


def test_the_public_library_of_holidays_knows_the_same_days_but_for_sundays():
    library = pytest.importorskip("holidays")
    for year in range(1990, 2051):
        known = {day for day in library.BE(years=year) if day.weekday() != 6}
        assert known == {day for day in holidays(year) if day.weekday() != 6}


def test_a_regional_day_and_good_friday_are_working_days_and_a_saturday_is_none():
    assert is_working_day(FRIDAY_BEFORE_EASTER)
    assert not is_working_day(date(2026, 4, 4))  # Saturday
    for month, day in ((1, 2), (9, 28), (12, 28)):
        assert is_working_day(date(2026, month, day))


def test_the_day_itself_never_counts_as_a_working_day_after_it():
    assert nth_working_day_after(MONDAY, 1) == date(2026, 3, 3)
    assert nth_working_day_after(FRIDAY_BEFORE_EASTER, 1) == date(2026, 4, 7)


def test_a_larger_creditor_asks_interest_only_after_the_free_term():
    # BE-XIX-7
    sme = be.reminder_term(sent_on=MONDAY, channel="post", creditor_is_sme=True)
    larger = be.reminder_term(sent_on=MONDAY, channel="post")
    assert sme.late_interest_from == date(2026, 3, 3)
    assert larger.late_interest_from == larger.indemnity_from == date(2026, 3, 19)
    assert sme.term_ends_on == larger.term_ends_on


def test_a_suspension_after_the_term_of_the_notice_changes_nothing():
    late = be.Suspension(cause="plan_request", received_on=date(2026, 3, 19))
    term = be.notice_term(sent_on=MONDAY, suspension=late)
    assert term.counted_from is None
    assert term.late_interest_stops_from is None
    assert term.overall_limit_ends_on == date(2026, 5, 2)
    assert term.overall_resume_on == date(2026, 5, 3)


def test_a_request_decided_within_thirty_days_never_stops_interest():
    asked = date(2026, 3, 10)
    in_time = be.Suspension(cause="dispute", received_on=asked, decided_on=date(2026, 4, 9))
    too_late = be.Suspension(cause="dispute", received_on=asked, decided_on=date(2026, 4, 10))
    assert be.notice_term(sent_on=MONDAY, suspension=in_time).late_interest_stops_from is None
    assert be.notice_term(sent_on=MONDAY, suspension=too_late).late_interest_stops_from == date(2026, 4, 10)


def test_debt_mediation_stops_recovery_and_not_interest():
    asked = be.Suspension(cause="debt_mediation", received_on=date(2026, 3, 12))
    term = be.notice_term(sent_on=MONDAY, suspension=asked)
    assert term.resume_from == date(2026, 4, 27)
    assert term.late_interest_stops_from is None


def test_a_suspension_before_the_notice_is_refused():
    with pytest.raises(statutes.InvalidInput, match="received_on"):
        be.notice_term(
            sent_on=MONDAY, suspension=be.Suspension(cause="dispute", received_on=MONDAY - timedelta(days=1))
        )


def test_a_second_letter_about_the_same_due_date_costs_what_the_first_did():
    due_dates = [date(2026, month, 15) for month in range(1, 6)]
    again = be.reminder_cost(regular_delivery=True, due_on=due_dates[1], earlier_unpaid_due_on=due_dates)
    assert (again.ordinal, str(again.maximum)) == (2, "0.00")


def test_without_regular_delivery_every_reminder_is_free():
    due_dates = [date(2026, month, 15) for month in range(1, 6)]
    fifth = be.reminder_cost(regular_delivery=False, due_on=due_dates[4], earlier_unpaid_due_on=due_dates[:4])
    assert (fifth.ordinal, str(fifth.maximum)) == (5, "0.00")


@pytest.mark.parametrize("channel", ["e_mail", "sms"])
def test_a_message_has_no_hours(channel):
    at = datetime(2026, 3, 8, 3, 0)  # noqa: DTZ001 - local time, as the law counts it
    assert be.contact_window(at=at, channel=channel).allowed


def test_an_enterprise_may_be_phoned_at_night():
    # BE-COL-8, BE-COL-9
    at = datetime(2026, 3, 8, 3, 0)  # noqa: DTZ001 - local time, as the law counts it
    assert be.contact_window(at=at, channel="phone", acts_as_consumer=False).allowed
    assert be.contact_window(at=at, channel="phone").next_allowed_at.hour == 8
    assert be.contact_window(at=at, channel="visit").next_allowed_at.hour == 8


@pytest.mark.parametrize(
    ("contract_on", "creditor_is_sme", "debtor_is_sme", "clause_valid"),
    [
        (date(2020, 4, 28), True, False, True),  # no maximum yet
        (date(2020, 4, 29), True, False, False),  # an SME against a larger enterprise
        (date(2022, 1, 31), False, False, True),  # others still free
        (date(2022, 1, 31), True, True, True),
        (date(2022, 2, 1), False, False, False),  # everyone
        (None, False, False, False),
    ],
)
def test_ninety_days_hold_only_in_older_contracts(contract_on, creditor_is_sme, debtor_is_sme, clause_valid):
    term = be.payment_term(
        invoice_received_on=date(2026, 1, 15),
        agreed_days=90,
        contract_on=contract_on,
        creditor_is_sme=creditor_is_sme,
        debtor_is_sme=debtor_is_sme,
    )
    assert term.clause_valid is clause_valid
    assert term.days == (90 if clause_valid else 30)


def test_a_public_body_pays_in_thirty_days_whatever_the_day_of_the_contract():
    term = be.payment_term(
        invoice_received_on=date(2026, 1, 15),
        agreed_days=90,
        contract_on=date(2015, 1, 1),
        debtor_is_public_body=True,
    )
    assert (term.clause_valid, term.days) == (False, 30)


def test_goods_that_come_after_the_invoice_start_the_term():
    term = be.payment_term(invoice_received_on=date(2026, 1, 15), goods_received_on=date(2026, 1, 20))
    assert term.last_payment_on == date(2026, 2, 19)


@pytest.mark.parametrize(
    ("served_on", "month_ends_on"),
    [
        (date(2026, 1, 30), date(2026, 2, 28)),  # the 31st does not exist
        (date(2026, 3, 31), date(2026, 4, 30)),
        (date(2026, 4, 30), date(2026, 5, 31)),  # the later of two readings
        (date(2028, 2, 29), date(2028, 3, 31)),
    ],
)
def test_the_month_of_a_demand_ends_on_the_eve_of_the_same_day_number(served_on, month_ends_on):
    # BE-IOS-1, BE-IOS-6
    assert be.ios_dates(served_on=served_on).month_ends_on == month_ends_on


def test_a_month_that_ends_on_a_holiday_rolls_to_a_working_day():
    dates = be.ios_dates(served_on=date(2026, 4, 1))  # the month ends on Labour Day, a Friday
    assert (dates.month_ends_on, dates.term_ends_on) == (date(2026, 5, 1), date(2026, 5, 4))
    assert dates.non_contestation_from == date(2026, 5, 12)


def test_a_holiday_on_a_saturday_is_refused_for_both_reasons():
    with pytest.raises(statutes.NotEligible) as refused:
        be.ios_dates(served_on=date(2026, 8, 15))
    assert refused.value.reasons == ("served_on_holiday", "served_on_saturday")


def test_a_title_cannot_be_served_before_its_record():
    with pytest.raises(statutes.InvalidInput, match="title_served_on"):
        be.ios_dates(served_on=MONDAY, title_served_on=date(2026, 4, 9))


def test_recourse_against_a_title_of_before_2023_is_not_answered():
    with pytest.raises(statutes.RateNotVerified):
        be.ios_dates(served_on=date(2022, 10, 3), title_served_on=date(2022, 12, 30))


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"reaction": "none"}, "goes_on"),
        ({"reaction": "paid"}, "ends"),
        ({"reaction": "dispute"}, "goes_on"),
        ({"reaction": "dispute", "reasons_given": True}, "ends"),
        ({"reaction": "payment_facilities"}, "suspended"),
        ({"reaction": "payment_facilities", "facilities_agreed": False}, "goes_on"),
        ({"reaction": "payment_facilities", "facilities_agreed": True}, "suspended"),
        ({"reaction": "payment_facilities", "facilities_agreed": True, "facilities_respected": False}, "goes_on"),
    ],
)
def test_only_payment_or_reasons_end_the_procedure(facts, outcome):
    assert be.ios_reaction(**facts).outcome == outcome


def test_every_obstacle_is_named_in_alphabetical_order():
    # BE-IOS-3
    answer = be.ios_eligibility(
        creditor_is_registered=False,
        debtor_is_registered=False,
        debtor_is_public_authority=True,
        in_course_of_enterprise=False,
        insolvency="bankruptcy",
        obligation="other",
        is_due=False,
        is_undisputed=False,
    )
    assert len(answer.reasons) == 8
    assert list(answer.reasons) == sorted(answer.reasons)


def test_a_notice_after_the_term_comes_too_late_and_a_short_term_grows_by_its_own_length():
    late = be.limitation(
        starts_on=date(2024, 1, 31),
        term_months=12,
        acts=[be.LimitationAct(on=date(2025, 2, 1), kind="lawyers_notice")],
    )
    assert (late.ends_on, late.acts[0].effective) == (date(2025, 1, 31), False)
    short = be.limitation(
        starts_on=date(2024, 1, 31), term_months=6, acts=[be.LimitationAct(on=date(2024, 7, 1), kind="lawyers_notice")]
    )
    assert short.ends_on == date(2025, 1, 1)


def test_a_letter_of_a_collection_agency_never_interrupts():
    answer = be.limitation(
        starts_on=date(2024, 1, 31),
        term_months=24,
        acts=[be.LimitationAct(on=date(2025, 12, 31), kind="simple_letter")],
    )
    assert (answer.ends_on, answer.acts[0].effective) == (date(2026, 1, 31), False)


def test_an_early_notice_interrupts_although_the_end_stays():
    answer = be.limitation(
        starts_on=date(2024, 1, 31), term_months=60, acts=[be.LimitationAct(on=date(2024, 6, 1), kind="lawyers_notice")]
    )
    assert (answer.ends_on, answer.acts[0].effective) == (date(2029, 1, 31), True)
