"""Belgian amounts: caps, clauses, interest, allocation, seizure; each at the edge where it changes."""

from datetime import date
from decimal import Decimal

import pytest

import statutes
from statutes import be
from statutes.be.indemnity import can_exceed_the_maxima

euro = Decimal


def clause(**figures):
    return be.IndemnityClause(**{name: Decimal(figure) for name, figure in figures.items()})


NEW_CONTRACT = date(2024, 3, 1)
OLD_CONTRACT = date(2021, 3, 1)


@pytest.mark.parametrize(
    ("balance", "maximum"),
    [
        ("0.00", "0.00"),
        ("0.01", "20.00"),
        ("150.09", "30.00"),
        ("150.10", "30.01"),
        ("500.01", "65.00"),
        ("500.20", "65.01"),
        ("39199.80", "1999.99"),
        ("39200.01", "2000.00"),
        ("1000000.00", "2000.00"),
    ],
)
def test_the_cap_is_rounded_down_and_never_passes_two_thousand(balance, maximum):
    # BE-XIX-6
    cap = be.indemnity_cap(debts=[be.RemindedDebt(claimed=euro(balance))])
    assert cap.maximum == euro(maximum)


def test_the_lower_reading_for_several_debts_can_be_either():
    two_large = [be.RemindedDebt(claimed=euro("30000.00"))] * 2
    assert be.indemnity_cap(debts=two_large, cap_per="debt").maximum == euro("3080.00")
    assert be.indemnity_cap(debts=two_large).maximum == euro("2000.00")
    many_small = [be.RemindedDebt(claimed=euro("150.00")), be.RemindedDebt(claimed=euro("0.01"))]
    assert be.indemnity_cap(debts=many_small, cap_per="debt").maximum == euro("40.00")
    assert be.indemnity_cap(debts=many_small).maximum == euro("30.00")


def test_a_debt_paid_in_full_inside_the_term_bears_no_indemnity():
    debts = [
        be.RemindedDebt(claimed=euro("100.00"), paid_inside_term=euro("120.00")),
        be.RemindedDebt(claimed=euro("100.00")),
    ]
    cap = be.indemnity_cap(debts=debts)
    assert (cap.balance, cap.maximum) == (euro("100.00"), euro("20.00"))


@pytest.mark.parametrize(
    ("figures", "can_exceed"),
    [
        ({"fixed": "20"}, False),
        ({"fixed": "20.01"}, True),  # on a balance up to 150
        ({"percent": "10", "maximum": "65"}, False),
        ({"percent": "15", "minimum": "20", "maximum": "65"}, True),  # 60 on 400 against 55
        ({"fixed": "15", "percent": "10", "maximum": "65"}, True),  # 30 on 150 against 20
        ({"percent": "5", "minimum": "20", "maximum": "2000"}, False),
        ({"percent": "5", "minimum": "20", "maximum": "2000.01"}, True),  # only far above 40,000
        ({"percent": "5"}, True),  # no maximum: passes 2,000 in the end
        ({"percent": "50", "maximum": "20"}, False),
    ],
)
def test_a_clause_is_unwritten_when_it_can_exceed_the_maxima_for_some_balance(figures, can_exceed):
    assert can_exceed_the_maxima(clause(**figures)) is can_exceed
    claim = be.indemnity_claim(balance=euro("100.00"), contract_on=NEW_CONTRACT, indemnity_clause=clause(**figures))
    assert claim.clause_status == ("unwritten" if can_exceed else "applied")
    assert claim.needs_review is can_exceed
    if can_exceed:
        assert claim.fixed_indemnity == 0


def test_an_older_contract_that_was_renewed_is_judged_as_a_new_one():
    facts = {"balance": euro("350.00"), "indemnity_clause": clause(percent="15", minimum="75")}
    assert be.indemnity_claim(contract_on=OLD_CONTRACT, **facts).clause_status == "reduced"
    renewed = be.indemnity_claim(contract_on=OLD_CONTRACT, modified_or_renewed=True, **facts)
    assert (renewed.clause_status, renewed.fixed_indemnity) == ("unwritten", 0)
    assert be.indemnity_claim(contract_on=date(2023, 8, 31), **facts).clause_status == "reduced"
    assert be.indemnity_claim(contract_on=date(2023, 9, 1), **facts).clause_status == "unwritten"


def test_an_older_clause_below_the_cap_is_applied_as_it_stands():
    claim = be.indemnity_claim(balance=euro("900.00"), contract_on=OLD_CONTRACT, indemnity_clause=clause(percent="5"))
    assert (claim.clause_status, claim.fixed_indemnity) == ("applied", euro("45.00"))


def test_without_a_clause_nothing_may_be_asked():
    claim = be.indemnity_claim(balance=euro("900.00"), contract_on=NEW_CONTRACT)
    assert (claim.clause_status, claim.fixed_indemnity, claim.maximum) == ("none", 0, euro("85.00"))


def consumer_claim(**facts):
    return be.consumer_claim(
        **{
            "balance": euro("500.00"),
            "reminder_sent_on": date(2026, 3, 2),
            "channel": "e_mail",
            "creditor_is_sme": True,
            "through_on": date(2026, 6, 30),
            **facts,
        }
    )


def test_on_the_last_free_day_a_consumer_owes_only_the_balance():
    free = consumer_claim(through_on=date(2026, 3, 16))
    assert (free.days, free.late_interest, free.fixed_indemnity, free.total) == (0, 0, 0, euro("500.00"))
    owed = consumer_claim(through_on=date(2026, 3, 17))
    assert (owed.days, owed.late_interest, owed.fixed_indemnity) == (15, euro("2.16"), euro("65.00"))


def test_an_agreed_rate_and_indemnity_above_the_maximum_are_held_to_it():
    assert consumer_claim(percent_per_year=Decimal(18), indemnity=euro("99.00")) == consumer_claim()
    lower = consumer_claim(percent_per_year=Decimal(5), indemnity=euro("10.00"))
    assert (lower.late_interest, lower.fixed_indemnity) == (euro("8.22"), euro("10.00"))


def test_an_agreed_rate_is_held_to_the_maximum_of_each_day():
    facts = {"reminder_sent_on": date(2025, 6, 1), "through_on": date(2025, 12, 31), "percent_per_year": Decimal(11)}
    claim = consumer_claim(**facts)
    interest = [line for line in claim.explanation if line.rule_id == "BE-INT-4"]
    assert [line.inputs["percent"] for line in interest] == [Decimal(11), Decimal("10.5")]


def test_the_legal_maximum_must_be_verified_also_under_a_lower_agreed_rate():
    with pytest.raises(statutes.RateNotVerified):
        consumer_claim(percent_per_year=Decimal(1), through_on=date(2027, 1, 1))
    free = consumer_claim(reminder_sent_on=date(2026, 12, 31), through_on=date(2027, 1, 5))
    assert free.total == euro("500.00")


def test_forty_euro_stand_beside_one_day_of_interest_however_the_period_is_given():
    facts = {"principal": euro("1000.00"), "series": "be_b2b", "is_commercial_contract": True}
    given = be.interest(from_on=date(2026, 3, 2), through_on=date(2026, 3, 2), **facts)
    counted = be.interest(due_on=date(2026, 3, 1), paid_on=date(2026, 3, 2), **facts)
    assert given == counted
    assert given.fixed_compensation == euro("40.00")


def test_an_old_contract_follows_its_own_series_until_march_2015():
    answer = be.interest(
        principal=euro("1000.00"),
        series="be_b2b_contracts_before_2013_03_16",
        from_on=date(2015, 3, 1),
        through_on=date(2015, 3, 31),
    )
    assert [(line.days, line.percent) for line in answer.lines] == [(15, Decimal("7.5")), (16, Decimal("8.5"))]


def test_a_period_without_days_needs_no_rate():
    answer = be.interest(principal=euro("10.00"), series="be_b2b", due_on=date(2030, 1, 1), paid_on=date(2029, 12, 1))
    assert (answer.days, answer.late_interest, answer.from_on) == (0, 0, date(2030, 1, 2))


@pytest.mark.parametrize(
    "period",
    [
        {},
        {"from_on": date(2026, 1, 1)},
        {"from_on": date(2026, 1, 2), "through_on": date(2026, 1, 1)},
        {"from_on": date(2026, 1, 1), "through_on": date(2026, 1, 2), "due_on": date(2026, 1, 1)},
        {"due_on": date(2026, 1, 1), "through_on": date(2026, 1, 2)},
    ],
)
def test_half_a_period_is_refused(period):
    with pytest.raises(statutes.InvalidInput):
        be.interest(principal=euro("10.00"), series="be_civil", **period)


def test_the_damage_clause_can_be_ranked_before_the_principal():
    facts = {"principal": euro("180.00"), "indemnity": euro("20.00"), "payments": [euro("50.00")]}
    assert be.allocation(**facts).left.indemnity == euro("20.00")
    before = be.allocation(**facts, indemnity_rank="before_principal")
    assert (before.left.indemnity, before.left.principal) == (0, euro("150.00"))


def test_what_is_paid_too_much_is_a_credit_of_the_debtor():
    # BE-ALL-4
    answer = be.allocation(principal=euro("100.00"), payments=[euro("60.00"), euro("60.00")])
    assert answer.overpayment == euro("20.00")
    assert answer.left.total() == 0


@pytest.mark.parametrize("payment", ["0.00", "-1.00"])
def test_a_payment_of_nothing_is_refused(payment):
    with pytest.raises(statutes.InvalidInput, match="payments"):
        be.allocation(principal=euro("100.00"), payments=[euro(payment)])


def an_open_claim(claim_id, open_, percent="4.5", due_on=date(2025, 3, 10)):
    return be.OpenClaim(claim_id=claim_id, open=euro(open_), percent=Decimal(percent), due_on=due_on)


def shares(answer):
    return {share.claim_id: str(share.amount) for share in answer.allocations}


def test_debts_of_equal_rank_share_pro_rata_and_the_last_takes_the_rest():
    claims = [an_open_claim("1", "100.00"), an_open_claim("2", "100.00"), an_open_claim("3", "100.00")]
    answer = be.allocation_across_claims(claims=claims, amount=euro("100.00"))
    assert shares(answer) == {"1": "33.33", "2": "33.33", "3": "33.34"}


def test_a_debt_that_is_not_due_comes_after_every_due_one():
    claims = [
        an_open_claim("later", "100.00", percent="12", due_on=date(2026, 5, 1)),
        an_open_claim("due", "100.00", percent="4"),
    ]
    answer = be.allocation_across_claims(claims=claims, amount=euro("150.00"), paid_on=date(2026, 4, 1))
    assert [(share.claim_id, str(share.amount)) for share in answer.allocations] == [
        ("due", "100.00"),
        ("later", "50.00"),
    ]


def test_what_a_designated_file_does_not_need_goes_to_no_other_file():
    claims = [an_open_claim("1", "500.00"), an_open_claim("2", "100.00")]
    answer = be.allocation_across_claims(claims=claims, amount=euro("150.00"), designated=["2"])
    assert shares(answer) == {"2": "100.00"}
    assert answer.overpayment == euro("50.00")


def test_roundings_of_many_small_debts_never_give_a_debt_more_than_it_needs():
    claims = [an_open_claim(str(number), "1.00") for number in range(100)] + [an_open_claim("last", "0.01")]
    answer = be.allocation_across_claims(claims=claims, amount=euro("99.50"))
    assert sum(share.amount for share in answer.allocations) == euro("99.50")
    assert all(share.amount <= euro("1.00") for share in answer.allocations)


def test_legal_increases_can_count_towards_the_tenth():
    facts = {"principal": euro("999.99"), "late_interest": euro("99.99"), "legal_increases": euro("40.00")}
    beside = be.ios_extras_cap(**facts)
    assert (beside.maximum, beside.extras, beside.outside_cap) == (euro("99.99"), euro("99.99"), euro("40.00"))
    inside = be.ios_extras_cap(**facts, legal_increases_in_cap=True)
    assert (inside.extras, inside.remainder, inside.outside_cap) == (euro("99.99"), euro("40.00"), 0)


def test_children_never_make_less_than_nothing_seizable():
    answer = be.wage_seizure(net=euro("1400.00"), dependent_children=2, as_of=date(2024, 6, 1))
    assert (answer.before_children, answer.seizable, answer.kept) == (euro("11.80"), 0, euro("1400.00"))


@pytest.mark.parametrize("as_of", [date(2023, 3, 31), date(2025, 1, 1)])
def test_wages_outside_the_confirmed_years_are_not_answered(as_of):
    with pytest.raises(statutes.RateNotVerified):
        be.wage_seizure(net=euro("1400.00"), as_of=as_of)


def test_the_published_thresholds_of_2024_follow_from_one_index():
    answer = be.wage_thresholds(health_index=Decimal("208.35"))
    assert [int(threshold) for threshold in answer.thresholds] == [1341, 1440, 1589, 1738]


@pytest.mark.parametrize(
    ("claim_value", "base"),
    [("250.00", "225.00"), ("250.01", "300.00"), ("1000000.00", "15000.00"), ("1000000.01", "22500.00")],
)
def test_a_claim_on_the_edge_of_a_band_stays_in_it(claim_value, base):
    answer = be.procedural_indemnity(claim_value=euro(claim_value), as_of=date(2025, 2, 28))
    assert answer.base == euro(base)


def test_a_claim_not_in_money_has_its_own_indemnity():
    answer = be.procedural_indemnity(as_of=date(2024, 1, 1))
    assert (answer.base, answer.minimum, answer.maximum) == (euro("1800.00"), euro("112.50"), euro("15000.00"))


@pytest.mark.parametrize("as_of", [date(2011, 3, 1), date(2022, 10, 31), date(2025, 3, 1)])
def test_an_indemnity_between_or_after_the_known_tables_is_not_answered(as_of):
    with pytest.raises(statutes.RateNotVerified):
        be.procedural_indemnity(claim_value=euro("100.00"), as_of=as_of)


@pytest.mark.parametrize(("principal", "as_of"), [("351.00", date(2018, 1, 1)), ("350.00", date(2019, 1, 1))])
def test_only_the_published_costs_of_the_procedure_are_answered(principal, as_of):
    with pytest.raises(statutes.RateNotVerified):
        be.ios_costs(principal=euro(principal), as_of=as_of)
    assert be.ios_costs(principal=euro("350.00"), as_of=date(2018, 12, 31)).writ == euro("358.06")


@pytest.mark.parametrize(("margin", "percent"), [(None, "10.5"), (Decimal(7), "9.5"), (Decimal(0), "2.5")])
def test_the_commercial_rate_is_rounded_up_to_the_half_point(margin, percent):
    assert be.commercial_rate(main_refinancing_rate=Decimal("2.40"), margin=margin).percent == Decimal(percent)
