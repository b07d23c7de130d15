"""The Belgian tables as they were published, written out a second time: a slip in the data is noticed here."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

import statutes
from statutes import be

PROCEDURAL_INDEMNITY = {
    # value up to: base / minimum / maximum of the original tariff, and of the tariff from 2022-11-01 (BE-COST-5)
    "250": ("150/75/300", "225/112.50/450"),
    "750": ("200/125/500", "300/187.50/750"),
    "2500": ("400/200/1000", "600/300/1500"),
    "5000": ("650/375/1500", "975/562.50/2250"),
    "10000": ("900/500/2000", "1350/750/3000"),
    "20000": ("1100/625/2500", "1650/937.50/3750"),
    "40000": ("2000/1000/4000", "3000/1500/6000"),
    "60000": ("2500/1000/5000", "3750/1500/7500"),
    "100000": ("3000/1000/6000", "4500/1500/9000"),
    "250000": ("5000/1000/10000", "7500/1500/15000"),
    "500000": ("7000/1000/14000", "10500/1500/21000"),
    "1000000": ("10000/1000/20000", "15000/1500/30000"),
    "99999999": ("15000/1000/30000", "22500/1500/45000"),
}


def written(answer):
    return [answer.base, answer.minimum, answer.maximum]


def figures(text):
    return [Decimal(part) for part in text.split("/")]


@pytest.mark.parametrize("up_to", PROCEDURAL_INDEMNITY)
def test_every_band_of_the_procedural_indemnity_is_the_published_one(up_to):
    original, current = PROCEDURAL_INDEMNITY[up_to]
    value = Decimal(f"{up_to}.00")
    assert written(be.procedural_indemnity(claim_value=value, as_of=date(2008, 1, 1))) == figures(original)
    assert written(be.procedural_indemnity(claim_value=value, as_of=date(2022, 11, 1))) == figures(current)


def test_a_cent_above_a_band_is_the_next_one():
    bands = list(PROCEDURAL_INDEMNITY)
    for up_to, following in pairwise(bands):
        answer = be.procedural_indemnity(claim_value=Decimal(f"{up_to}.01"), as_of=date(2024, 1, 1))
        assert written(answer) == figures(PROCEDURAL_INDEMNITY[following][1])


def test_the_original_indemnity_of_a_claim_not_in_money_is_the_published_one():
    assert written(be.procedural_indemnity(as_of=date(2008, 1, 1))) == figures("1200/75/10000")


@pytest.mark.parametrize(
    ("as_of", "thresholds", "per_child"),
    [
        (date(2023, 4, 1), (1316, 1414, 1560, 1706), 81),
        (date(2023, 12, 31), (1316, 1414, 1560, 1706), 81),
        (date(2024, 1, 1), (1341, 1440, 1589, 1738), 83),
        (date(2024, 12, 31), (1341, 1440, 1589, 1738), 83),
    ],
)
def test_the_bands_of_a_wage_are_those_of_the_published_thresholds(as_of, thresholds, per_child):
    first, second, third, fourth = (Decimal(euro) for euro in thresholds)
    answer = be.wage_seizure(net=fourth + 500, dependent_children=1, as_of=as_of)
    assert list(answer.bands) == [
        (second - first) * 20 / 100,
        (third - second) * 30 / 100,
        (fourth - third) * 40 / 100,
        Decimal(500),
    ]
    assert be.wage_seizure(net=first, as_of=as_of).seizable == 0
    assert answer.before_children - answer.seizable == per_child


@pytest.mark.parametrize(
    ("principal", "title", "writ"),
    [("350.00", "122.79", "358.06"), ("2500.00", "194.03", "488.97"), ("10000.00", "222.39", "823.15")],
)
def test_the_costs_of_a_title_and_of_a_writ_are_the_published_ones(principal, title, writ):
    answer = be.ios_costs(principal=Decimal(principal), as_of=date(2016, 7, 2))
    assert (answer.uncontested_claim_title, answer.writ) == (Decimal(title), Decimal(writ))


@pytest.mark.parametrize(
    ("claim_kind", "months"),
    [
        ("general", 120),
        ("judgment", 120),
        ("sale_to_private_person", 12),
        ("utilities", 60),
        ("rent_and_periodic", 60),
        ("medical_care", 24),
        ("insurance_premium", 36),
        ("lawyer", 60),
        ("bailiff", 12),
    ],
)
def test_a_kind_of_claim_has_the_term_of_the_bailiffs_table(claim_kind, months):
    assert be.limitation_term_months(claim_kind=claim_kind) == months


@pytest.mark.parametrize(
    ("court", "fee"),
    [
        ("justice_of_the_peace", "50.00"),
        ("court_of_first_instance", "165.00"),
        ("enterprise_court", "165.00"),
        ("court_of_appeal", "400.00"),
        ("court_of_cassation", "650.00"),
    ],
)
def test_a_court_has_its_published_registry_fee(court, fee):
    assert be.registry_fee(court=court, as_of=date(2022, 10, 1)).registry_fee == Decimal(fee)


@pytest.mark.parametrize(("tariff", "fee"), [("A", "125.00"), ("B", "175.00"), ("C", "250.00")])
def test_an_act_of_a_bailiff_has_its_published_fee_from_the_reform_on(tariff, fee):
    assert be.bailiff_act_fee(tariff=tariff, as_of=date(2024, 10, 1)).fee == Decimal(fee)
    with pytest.raises(statutes.RateNotVerified):
        be.bailiff_act_fee(tariff=tariff, as_of=date(2024, 9, 30))


def test_a_small_creditor_of_2020_may_agree_on_sixty_days_and_no_more():
    facts = {"invoice_received_on": date(2021, 1, 15), "contract_on": date(2021, 1, 1), "creditor_is_sme": True}
    assert be.payment_term(agreed_days=60, **facts).clause_valid
    assert not be.payment_term(agreed_days=61, **facts).clause_valid


def test_the_first_title_with_a_term_of_recourse_was_served_in_2023():
    dates = be.ios_dates(served_on=date(2022, 10, 3), title_served_on=date(2023, 1, 2))
    assert dates.recourse_ends_on == date(2023, 2, 2)
