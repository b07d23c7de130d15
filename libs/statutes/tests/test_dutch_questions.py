"""Edges of Dutch law that the worked examples leave open, one story each."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from statutes import ClaimTerms, InvalidInput, Posting, RateNotVerified, nl, statement
from statutes.evaluate import evaluate
from statutes.nl.statement import StatementClaim, StatementPayment


def ask(topic: str, **inputs: Any) -> dict[str, Any]:
    (answer,) = evaluate([{"id": "1", "topic": topic, "inputs": inputs}])
    assert "error" not in answer, answer["error"]
    return answer["result"]


def refused(topic: str, **inputs: Any) -> str:
    (answer,) = evaluate([{"id": "1", "topic": topic, "inputs": inputs}])
    return answer["error"]["type"]


def test_a_payment_after_the_term_goes_to_costs_with_vat_first_and_leaves_them_as_they_are():
    result = ask(
        "nl.collection_costs",
        principals=["1000.00"],
        creditor_can_deduct_vat=False,
        late_interest="10.00",
        payment={"amount": "200.00", "inside_term": False},
    )
    assert result["collection_costs_including_vat"] == "181.50"
    assert result["allocation"] == {
        "costs": "181.50",
        "late_interest": "10.00",
        "principal": "8.50",
        "overpayment": "0.00",
    }
    assert result["principal_left"] == "991.50"


def test_everything_paid_inside_the_term_leaves_no_costs_not_even_the_minimum():
    result = ask("nl.collection_costs", principals=["100.00"], payment={"amount": "120.00", "inside_term": True})
    assert (result["base"], result["collection_costs"], result["total"]) == ("0.00", "0.00", "0.00")
    assert result["allocation"]["overpayment"] == "20.00"


def test_a_creditor_who_collects_himself_adds_no_vat():
    # NL-VAT-3
    result = ask(
        "nl.collection_costs", principals=["100.00"], creditor_can_deduct_vat=False, collection_outsourced=False
    )
    assert result["vat"] == "0.00"


def test_a_consumer_owes_nothing_above_the_tariff_but_an_enterprise_what_it_agreed():
    # NL-BIK-6, NL-BIK-7
    facts = {"principals": ["640.00"], "charged_collection_costs": "96.01"}
    consumer = ask("nl.collection_costs_check", acts_as_consumer=True, **facts)
    enterprise = ask("nl.collection_costs_check", acts_as_consumer=False, **facts)
    assert (consumer["accepted"], consumer["excess"]) == (False, "0.01")
    assert (enterprise["accepted"], enterprise["excess"]) == (True, "0.01")


def test_a_small_instalment_after_six_months_costs_the_first_amount_again():
    def costs(*days: str) -> list[str]:
        instalments = [{"amount": "60.00", "term_ended_on": day} for day in days]
        return ask("nl.collection_costs_instalments", instalments=instalments, instalment_rule=True)["collection_costs"]

    assert costs("2025-01-21", "2025-07-21") == ["40.00", "40.00"]
    assert costs("2025-01-21", "2025-07-20") == ["40.00", "20.00"]
    assert costs("2025-02-28", "2025-08-31") == ["40.00", "40.00"]
    assert costs("2025-03-01", "2025-08-31") == ["40.00", "20.00"]


def test_in_any_six_months_small_instalments_cost_at_most_the_cap():
    days = [f"2025-{month:02}-{day:02}" for month in (1, 2, 3, 4) for day in (5, 20)]
    instalments = [{"amount": "60.00", "term_ended_on": day} for day in days]
    result = ask("nl.collection_costs_instalments", instalments=instalments, instalment_rule=True)
    assert result["collection_costs"] == ["40.00", *["20.00"] * 5, "0.00", "0.00"]
    assert ask("nl.collection_costs_instalments", instalments=instalments)["total"] == "320.00"


def test_an_instalment_at_the_threshold_and_one_from_before_the_rule_cost_the_tariff():
    instalments = [
        {"amount": "60.00", "term_ended_on": "2024-09-30"},
        {"amount": "266.66", "term_ended_on": "2024-10-01"},
        {"amount": "266.67", "term_ended_on": "2024-10-01"},
    ]
    result = ask("nl.collection_costs_instalments", instalments=instalments, instalment_rule=True)
    assert result["collection_costs"] == ["40.00", "40.00", "40.00"]
    assert refused("nl.collection_costs_instalments", instalments=instalments[::-1]) == "InvalidInput"


def test_a_letter_with_every_defect_names_them_in_order_of_the_alphabet():
    # NL-14D-1, NL-14D-6, NL-14D-11, NL-14D-12
    letter = {
        "principals": ["1000.00"],
        "due_on": "2026-03-16",
        "sent_on": "2026-03-16",
        "term_wording": "fourteen_days_from_today",
        "stated_collection_costs": "150.01",
    }
    result = ask("nl.fourteen_day_letter", **letter)
    assert result["defects"] == ["amount_too_high", "before_default", "term_wording"]
    good = {**letter, "sent_on": "2026-03-17", "term_wording": "fifteen_days_after_delivery"}
    assert (
        ask("nl.fourteen_day_letter", **{**good, "stated_collection_costs": "120.00"})["collection_costs"] == "120.00"
    )
    assert ask("nl.fourteen_day_letter", **{**good, "stated_collection_costs": None})["defects"] == ["amount_missing"]
    with_vat = {**good, "stated_collection_costs": "181.50", "creditor_can_deduct_vat": False}
    assert ask("nl.fourteen_day_letter", **with_vat)["valid"]


def test_post_takes_the_delivery_days_of_the_day_on_which_it_was_posted():
    assert ask("nl.fourteen_day_term", sent_on="2026-06-30")["delivered_on"] == "2026-07-02"
    assert ask("nl.fourteen_day_term", sent_on="2026-07-01")["delivered_on"] == "2026-07-04"
    assert ask("nl.fourteen_day_term", sent_on="2027-07-01")["delivered_on"] == "2027-07-07"


def test_a_term_that_is_not_rolled_still_says_to_when_it_would_roll():
    result = ask("nl.fourteen_day_term", sent_on="2026-01-07", delivery_days=2, roll_term_end=False)
    assert (result["rolled_term_ends_on"], result["collection_costs_from"]) == ("2026-01-26", "2026-01-25")


def test_a_term_needs_the_day_of_its_channel():
    assert refused("nl.fourteen_day_term") == "InvalidInput"
    assert refused("nl.fourteen_day_term", channel="e_mail", sent_on="2026-03-02") == "InvalidInput"
    assert refused("nl.fourteen_day_term", sent_on="2026-03-02", delivered_on="2026-03-01") == "InvalidInput"
    assert ask("nl.fourteen_day_term", delivered_on="2026-03-02")["term_starts_on"] == "2026-03-03"


@pytest.mark.parametrize(
    ("facts", "valid", "days"),
    [
        ({}, None, 30),
        ({"agreed_days": 60}, True, 60),
        ({"agreed_days": 61}, False, 30),
        ({"agreed_days": 90, "expressly_agreed": True}, True, 90),
        ({"agreed_days": 31, "debtor_is_public_body": True, "expressly_agreed": True}, False, 30),
        ({"agreed_days": 31, "debtor_is_large": True, "creditor_is_sme": True}, False, 30),
        ({"agreed_days": 31, "debtor_is_large": True}, True, 31),
        ({"agreed_days": 14}, True, 14),
    ],
)
def test_a_clause_that_is_too_long_is_void_and_thirty_days_hold(facts: dict[str, Any], valid: bool | None, days: int):
    # NL-TERM-1, NL-TERM-3
    result = ask("nl.payment_term", invoice_received_on="2026-03-10", **facts)
    assert (result["clause_valid"], result["days"]) == (valid, days)


def test_an_older_contract_of_a_large_debtor_keeps_sixty_days_until_july_2023():
    facts = {"agreed_days": 60, "contract_on": "2022-06-30", "debtor_is_large": True, "creditor_is_sme": True}
    assert ask("nl.payment_term", invoice_received_on="2023-06-30", **facts)["clause_valid"]
    assert not ask("nl.payment_term", invoice_received_on="2023-07-01", **facts)["clause_valid"]
    later = ask("nl.payment_term", invoice_received_on="2023-06-30", accepted_on="2023-07-01", **facts)
    assert (later["days"], later["last_payment_on"]) == (30, "2023-07-31")


def test_interest_of_a_day_of_payment_counts_for_commercial_claims_only():
    # NL-INT-2, NL-INT-3, NL-INT-4
    facts = {"principal": "36500.00", "last_payment_on": "2026-03-01", "paid_on": "2026-03-02"}
    assert ask("nl.interest", series="nl_6_119a", **facts)["late_interest"] == "10.15"
    ordinary = ask("nl.interest", series="nl_6_119", **facts)
    assert (ordinary["until_on"], ordinary["late_interest"], ordinary["lines"]) == ("2026-03-02", "0.00", [])


def test_a_period_may_reach_the_last_verified_day_and_no_further():
    facts = {"principal": "100.00", "series": "nl_6_119", "from_on": "2026-12-01"}
    assert ask("nl.interest", until_on="2027-01-01", **facts)["lines"][-1]["until_on"] == "2027-01-01"
    assert refused("nl.interest", until_on="2027-01-02", **facts) == "RateNotVerified"
    later = {**facts, "from_on": "2027-06-01"}
    assert ask("nl.interest", until_on="2027-06-01", **later)["late_interest"] == "0.00"
    assert refused("nl.interest", until_on="2026-11-30", **facts) == "InvalidInput"


def test_a_period_is_given_in_one_way_only():
    facts = {"principal": "100.00", "series": "nl_6_119", "from_on": "2026-01-01"}
    assert refused("nl.interest", **facts) == "InvalidInput"
    assert refused("nl.interest", paid_on="2026-02-01", **facts) == "InvalidInput"
    assert refused("nl.interest", until_on="2026-02-01", paid_on="2026-02-01", **facts) == "InvalidInput"


def test_simple_interest_by_anniversary_years_bears_exactly_the_rate_over_each_year():
    result = ask(
        "nl.contractual_interest",
        principal="10000.00",
        percent_per_year="7",
        from_on="2023-07-01",
        until_on="2025-07-01",
        compounding="none",
        day_count="anniversary_year",
    )
    assert [(line["days"], line["late_interest"]) for line in result["lines"]] == [(731, "1400.00")]


def test_an_agreed_rate_can_be_split_at_every_half_year():
    facts = {"principal": "1000.00", "percent_per_year": "6", "from_on": "2025-03-15", "until_on": "2026-02-01"}
    whole = ask("nl.contractual_interest", compounding="yearly", **facts)
    split = ask("nl.contractual_interest", compounding="yearly", split_equal_rate=True, **facts)
    assert len(whole["lines"]) == 1
    assert [line["from_on"] for line in split["lines"]] == ["2025-03-15", "2025-07-01", "2026-01-01"]


def test_a_contract_month_that_starts_on_the_31st_ends_on_the_last_day_of_a_shorter_month():
    result = ask(
        "nl.contractual_interest",
        principal="1000.00",
        percent_per_month="1",
        from_on="2026-01-31",
        until_on="2026-04-15",
        compounding="monthly",
    )
    assert [(line["from_on"], line["until_on"]) for line in result["lines"]] == [
        ("2026-01-31", "2026-02-28"),
        ("2026-02-28", "2026-03-31"),
        ("2026-03-31", "2026-04-15"),
    ]
    assert result["lines"][2]["late_interest"] == "5.10"  # 1020.10 x 1 % x 15 of 30 days


def test_monthly_interest_rounded_into_the_base_differs_from_unrounded():
    facts = {
        "principal": "333.33",
        "percent_per_month": "1.5",
        "from_on": "2025-01-01",
        "until_on": "2027-01-01",
        "compounding": "monthly",
    }
    unrounded = ask("nl.contractual_interest", **facts)
    rounded = ask("nl.contractual_interest", monthly_base="rounded", **facts)
    total = ask("nl.contractual_interest", rounding="total", **facts)
    assert Decimal(total["late_interest"]) == round(Decimal("333.33") * (Decimal("1.015") ** 24 - 1), 2)
    assert sum(Decimal(line["late_interest"]) for line in unrounded["lines"]) == Decimal(unrounded["late_interest"])
    base = Decimal("333.33")
    for line in rounded["lines"]:
        assert Decimal(line["base"]) == base
        base += Decimal(line["late_interest"])


def test_a_payment_on_the_last_day_is_booked_last_and_what_is_over_is_the_debtors():
    result = ask(
        "nl.contractual_interest",
        principal="1000.00",
        percent_per_month="1",
        from_on="2026-03-10",
        until_on="2026-04-10",
        compounding="monthly",
        costs="40.00",
        payments=[{"paid_on": "2026-04-10", "amount": "1100.00"}],
    )
    assert [line["late_interest"] for line in result["lines"]] == ["10.00"]
    assert result["payments"] == [
        {
            "paid_on": "2026-04-10",
            "costs": "40.00",
            "late_interest_and_principal": "1010.00",
            "overpayment": "50.00",
        }
    ]


@pytest.mark.parametrize(
    "facts",
    [
        {"compounding": "monthly", "percent_per_year": "6"},
        {"compounding": "none", "percent_per_month": "1"},
        {"compounding": "none"},
        {"compounding": "none", "percent_per_year": "6", "series": "nl_6_119"},
        {"compounding": "yearly", "percent_per_year": "6", "costs": "1.00"},
        {"compounding": "yearly", "percent_per_year": "6", "payments": [{"paid_on": "2026-03-15", "amount": "1.00"}]},
        {"compounding": "monthly", "percent_per_month": "1", "payments": [{"paid_on": "2026-03-09", "amount": "1.00"}]},
        {"compounding": "monthly", "percent_per_month": "1", "payments": [{"paid_on": "2026-04-11", "amount": "1.00"}]},
        {"compounding": "yearly", "percent_per_year": "-1"},
    ],
)
def test_agreed_interest_that_contradicts_itself_is_refused(facts: dict[str, Any]):
    period = {"principal": "1000.00", "from_on": "2026-03-10", "until_on": "2026-04-10"}
    assert refused("nl.contractual_interest", **period, **facts) == "InvalidInput"


def test_costs_that_are_not_yet_due_take_no_part_of_a_payment():
    result = nl.statement(
        claims=[
            StatementClaim(
                claim_id="1",
                principal=Decimal("100.00"),
                from_on=date(2026, 1, 1),
                costs=Decimal("40.00"),
                costs_due_from=date(2026, 3, 1),
                percent_per_year=Decimal(0),
            )
        ],
        payments=[
            StatementPayment(paid_on=date(2026, 2, 28), amount=Decimal("30.00"), designated=("1",)),
            StatementPayment(paid_on=date(2026, 3, 1), amount=Decimal("30.00"), designated=("1",)),
        ],
        as_of=date(2026, 3, 1),
    )
    assert [part.principal for each in result.allocations for part in each.parts] == [Decimal("30.00"), Decimal("0.00")]
    assert result.total_open == Decimal("80.00")


def test_a_payment_to_two_claims_splits_the_interest_line_of_both():
    # NL-ALL-3
    claims = [
        {"claim_id": "A", "principal": "1000.00", "from_on": "2026-01-01", "series": "nl_6_119"},
        {"claim_id": "B", "principal": "1000.00", "from_on": "2026-01-01", "series": "nl_6_119"},
    ]
    payments = [{"paid_on": "2026-02-01", "amount": "1100.00", "designated": ["B", "A"]}]
    result = ask("nl.statement", claims=claims, payments=payments, as_of="2026-03-01")
    assert result["allocations"][0]["parts"] == [
        {"claim_id": "B", "costs": "0.00", "late_interest": "3.40", "principal": "1000.00"},
        {"claim_id": "A", "costs": "0.00", "late_interest": "3.40", "principal": "93.20"},
    ]
    assert refused("nl.statement", claims=claims, payments=payments, as_of="2026-01-31") == "InvalidInput"
    stranger = [{"paid_on": "2026-02-01", "amount": "1.00", "designated": ["C"]}]
    assert refused("nl.statement", claims=claims, payments=stranger, as_of="2026-03-01") == "InvalidInput"


def test_a_claim_that_was_paid_needs_no_rate_of_later_days():
    claims = [{"claim_id": "A", "principal": "1000.00", "from_on": "2026-12-01", "series": "nl_6_119"}]
    payments = [{"paid_on": "2026-12-20", "amount": "2000.00", "designated": ["A"]}]
    result = ask("nl.statement", claims=claims, payments=payments, as_of="2027-03-01")
    assert (result["total_open"], result["total_late_interest"]) == ("0.00", "2.08")
    assert refused("nl.statement", claims=claims, as_of="2027-03-01") == "RateNotVerified"


def test_pro_rata_shares_are_rounded_half_up_and_the_last_takes_the_rest():
    claims = [{"claim_id": name, "open": "100.00", "percent": "4", "due_on": "2026-01-10"} for name in ("A", "B", "C")]
    result = ask("nl.allocation_across_claims", claims=claims, amount="100.00")
    assert [share["amount"] for share in result["allocations"]] == ["33.33", "33.33", "33.34"]


def test_a_claim_that_is_not_due_waits_for_those_that_are():
    claims = [
        {"claim_id": "A", "open": "100.00", "percent": "12", "due_on": "2026-06-02"},
        {"claim_id": "B", "open": "100.00", "percent": "4", "due_on": "2026-06-01"},
    ]
    result = ask("nl.allocation_across_claims", claims=claims, amount="150.00", paid_on="2026-06-01")
    assert [(share["claim_id"], share["amount"]) for share in result["allocations"]] == [
        ("B", "100.00"),
        ("A", "50.00"),
    ]


def test_an_enterprise_may_be_called_at_night_on_a_holiday():
    # NL-WKI-1, NL-GEN-5
    assert ask("nl.contact_window", at="2026-12-25T23:00", channel="phone", is_natural_person=False)["allowed"]
    both = ask("nl.contact_window", at="2026-12-27T23:00", channel="phone")
    assert (both["reasons"], both["next_allowed_at"]) == (["night", "sunday"], "2026-12-28T07:00")
    assert nl.next_contact_moment(at=datetime.fromisoformat("2026-12-24T20:00")) == datetime.fromisoformat(
        "2026-12-28T07:00"
    )


@pytest.mark.parametrize(
    ("reference", "reasons"),
    [
        ("1234567", []),
        ("2000056789012345", ["check_digit"]),
        ("1 1 2345 3462 2567".replace(" ", ""), ["check_digit", "length_digit"]),
        ("12345A7", ["not_digits"]),
        ("٣٣٣٣٣٣٣", ["not_digits"]),
        ("12345678901234567", ["length"]),
    ],
)
def test_a_reference_says_what_is_wrong_with_it(reference: str, reasons: list[str]):
    result = ask("nl.payment_reference", reference=reference)
    assert (result["valid"], result["reasons"]) == (not reasons, reasons)


def test_a_reference_of_an_impossible_length_cannot_be_made():
    for length in (6, 8, 15, 17):
        assert refused("nl.payment_reference", payload="123456", length=length) == "InvalidInput"
    assert refused("nl.payment_reference", payload="123456") == "InvalidInput"
    assert refused("nl.payment_reference", payload="1234567", length=7, reference="1234567") == "InvalidInput"


def test_the_court_fee_follows_the_claimant_and_the_edges_of_the_brackets():
    # NL-COURT-1
    def fee(claim: str | None, claimant: str, court: str = "subdistrict") -> str:
        facts = {"claim_value": claim, "claimant": claimant, "court": court, "hearing_on": "2026-06-02"}
        return ask("nl.court_fees", **facts)["court_fee"]

    assert [fee(claim, "legal_person") for claim in (None, "500.00", "500.01", "25000.00")] == [
        "139.00",
        "139.00",
        "350.00",
        "1504.00",
    ]
    assert fee("25000.01", "natural_person", "district") == "1414.00"
    assert fee(None, "legal_person", "district") == "735.00"
    above = {"claim_value": "25000.01", "claimant": "low_income", "hearing_on": "2026-06-02"}
    assert refused("nl.court_fees", **above) == "InvalidInput"
    outside = {"claimant": "low_income", "hearing_on": "2027-01-01"}
    assert refused("nl.court_fees", **outside) == "RateNotVerified"


def test_the_base_of_the_court_fee_is_a_policy_but_the_salary_goes_by_the_whole_claim():
    facts = {"principal": "2400.00", "late_interest": "200.00", "claimant": "legal_person", "hearing_on": "2026-06-02"}
    whole = ask("nl.default_judgment_costs", creditor_can_deduct_vat=False, **facts)
    principal = ask("nl.default_judgment_costs", court_fee_base="principal", **facts)
    assert (whole["court_fee"], whole["representative_salary"], whole["writ_vat"]) == ("529.00", "253.00", "26.37")
    assert (principal["court_fee"], principal["representative_salary"]) == ("397.00", "253.00")
    large = ask("nl.default_judgment_costs", **{**facts, "principal": "20000.00"})
    assert large["post_judgment_costs"] == "144.00"
    assert refused("nl.default_judgment_costs", **{**facts, "hearing_on": "2026-01-31"}) == "RateNotVerified"
    assert refused("nl.default_judgment_costs", **{**facts, "principal": "25000.00"}) == "InvalidInput"


def test_an_interruption_that_came_too_late_changes_nothing_and_none_shortens_the_term():
    # NL-LIM-3, NL-LIM-5
    late = ask("nl.limitation", claim_kind="consumer_sale_price", due_on="2024-06-01", interruptions=["2026-06-02"])
    assert (late["term_starts_on"], late["last_day_on"]) == ("2024-06-02", "2026-06-01")
    chain = ask(
        "nl.limitation",
        claim_kind="consumer_sale_price",
        due_on="2024-06-01",
        interruptions=["2027-12-01", "2026-06-01"],
    )
    assert (chain["term_starts_on"], chain["last_day_on"]) == ("2027-12-02", "2029-12-01")
    judgment = ask("nl.limitation", claim_kind="judgment", due_on="2020-01-01", interruptions=["2021-01-01"])
    assert judgment["last_day_on"] == "2040-01-01"


def test_an_insolvency_entry_is_visible_for_six_months_after_its_end():
    def standing(ended_on: str | None, as_of: str) -> tuple[str, bool]:
        result = ask("nl.insolvency_entry", ended_on=ended_on, as_of=as_of)
        return result["standing"], result["stops_collection"]

    assert standing(None, "2026-09-20") == ("running", True)
    assert standing("2026-09-21", "2026-09-20") == ("running", True)
    assert standing("2026-03-20", "2026-09-20") == ("ended_still_visible", False)
    assert standing("2026-03-20", "2026-09-21") == ("no_longer_visible", False)


def test_a_letter_generator_learns_what_is_missing_and_is_told_of_a_wrong_word():
    # NL-14D-10, NL-WKI-8
    missing = nl.missing_letter_content(["creditor", "ground", "one_iban"])
    assert "term_wording" in missing
    assert "creditor" not in missing
    assert nl.missing_specification(nl.missing_specification([])) == ()
    with pytest.raises(InvalidInput):
        nl.missing_letter_content(["credtor"])


def test_figures_that_no_topic_asks_for():
    # NL-RATE-5, NL-TERM-2, NL-WKI-6, NL-COURT-3, NL-COURT-4, NL-INS-3, NL-INS-4, NL-INS-5
    frequency = nl.contact_frequency()
    assert (frequency.per_day, frequency.per_week) == (1, 3)
    attachment = nl.bailiff_tariff(code="2e", as_of=date(2026, 6, 1), creditor_can_deduct_vat=False)
    assert (attachment.tariff, attachment.vat) == (Decimal("164.86"), Decimal("34.62"))
    with pytest.raises(RateNotVerified):
        nl.bailiff_tariff(code="2e", as_of=date(2027, 1, 1), creditor_can_deduct_vat=True)
    assert [nl.consumer_credit_cap(as_of=date(year, 6, 1)) for year in (2024, 2025, 2026)] == [15, 14, 12]
    sizes = {"balance": Decimal("21000000.00"), "turnover": Decimal("41000000.00"), "staff": 10}
    assert nl.company_is_large(as_of=date(2023, 12, 31), **sizes)
    assert not nl.company_is_large(as_of=date(2024, 1, 1), **sizes)
    pause = nl.collection_pause(cause="broad_moratorium", starts_on=date(2026, 3, 31))
    assert (pause.rule_id, pause.stops, pause.ends_on) == ("NL-INS-3", "everything", date(2026, 9, 30))
    assert nl.collection_pause(cause="debt_help", starts_on=date(2026, 3, 31)).stops == "by_policy"
    assert nl.collection_pause(cause="death", starts_on=date(2026, 3, 31)).stops == "until_a_person_decides"
    assert not nl.collection_pause(cause="insolvency", starts_on=date(2026, 3, 31)).interest_runs
    assert nl.opposition_term(served_on=date(2026, 3, 2)) == date(2026, 3, 30)
    assert nl.order_to_pay_term(served_on=date(2026, 3, 2)) == date(2026, 3, 4)


def test_costs_are_taken_on_the_principal_only_whatever_interest_is_open():
    # NL-BIK-3
    plain = ask("nl.collection_costs", principals=["1000.00"])
    with_interest = ask("nl.collection_costs", principals=["1000.00"], late_interest="500.00")
    assert (with_interest["base"], with_interest["collection_costs"]) == (plain["base"], plain["collection_costs"])


def test_costs_bear_no_interest_and_each_kind_of_cost_is_paid_apart():
    # NL-INT-9, NL-ALL-7
    terms = ClaimTerms(
        claim_id="1",
        jurisdiction="nl",
        principal=Decimal("1000.00"),
        interest_from=date(2025, 1, 1),
        series="nl_6_119",
    )
    charged = [
        Posting(claim_id="1", kind="costs", on=date(2025, 1, 1), amount=Decimal("150.00")),
        Posting(claim_id="1", kind="vat", on=date(2025, 1, 1), amount=Decimal("31.50")),
    ]
    paid = Posting(claim_id="1", kind="payment", on=date(2026, 1, 1), amount=Decimal("160.00"))
    before = statement([terms], charged, as_of=date(2026, 1, 1))
    assert (before.total_late_interest, before.total_open) == (Decimal("60.00"), Decimal("1241.50"))
    (part,) = statement([terms], [*charged, paid], as_of=date(2026, 1, 1)).allocations
    assert (part.costs, part.vat, part.late_interest) == (Decimal("150.00"), Decimal("10.00"), Decimal("0.00"))


def test_a_credit_lowers_the_principal_and_a_payment_of_that_day_comes_after_it():
    terms = ClaimTerms(claim_id="1", jurisdiction="nl", principal=Decimal("100.00"), interest_from=None, series=None)
    day = date(2026, 1, 10)
    postings = [
        Posting(claim_id="1", kind="payment", on=day, amount=Decimal("80.00")),
        Posting(claim_id="1", kind="credit", on=day, amount=Decimal("30.00")),
    ]
    result = statement([terms], postings, as_of=day)
    assert [(part.kind, part.principal, part.overpayment) for part in result.allocations] == [
        ("credit", Decimal("30.00"), Decimal("0.00")),
        ("payment", Decimal("70.00"), Decimal("10.00")),
    ]
    assert (result.total_open, result.paid, result.overpayment) == (Decimal(0), Decimal("80.00"), Decimal("10.00"))


def test_a_statement_refuses_terms_and_postings_that_cannot_be():
    terms = {"claim_id": "1", "jurisdiction": "nl", "principal": Decimal("1.00"), "interest_from": None, "series": None}
    wrong: list[dict[str, Any]] = [
        {"principal": Decimal("-1.00")},
        {"jurisdiction": "be", "compounding": "yearly"},
        {"series": "nl_6_119", "percent_per_year": Decimal(1)},
        {"surcharge_points": Decimal(1)},
        {"percent_per_year": Decimal(-1)},
    ]
    for change in wrong:
        with pytest.raises(InvalidInput):
            statement([ClaimTerms(**{**terms, **change})], [], as_of=date(2026, 1, 1))
    stranger = Posting(claim_id="2", kind="payment", on=date(2026, 1, 1), amount=Decimal("1.00"))
    nothing = Posting(claim_id="1", kind="payment", on=date(2026, 1, 1), amount=Decimal("0.00"))
    for posting in (stranger, nothing):
        with pytest.raises(InvalidInput):
            statement([ClaimTerms(**terms)], [posting], as_of=date(2026, 1, 1))


def test_a_belgian_claim_bears_simple_interest_through_the_day_and_the_day_of_payment_counts():
    # BE-GEN-2, BE-GEN-3
    terms = ClaimTerms(
        claim_id="1",
        jurisdiction="be",
        principal=Decimal("3650.00"),
        interest_from=date(2026, 1, 1),
        series="be_b2b",
        compounding="none",
    )
    paid = Posting(claim_id="1", kind="payment", on=date(2026, 1, 10), amount=Decimal("10.50"))
    result = statement([terms], [paid], as_of=date(2026, 1, 10))
    assert result.total_late_interest == Decimal("10.50")  # ten days of 10.5 % on 3650.00
    assert result.total_open == Decimal("3650.00")


def test_every_other_claim_is_barred_after_twenty_years_though_it_can_still_be_paid():
    # NL-LIM-4, NL-LIM-6
    result = ask("nl.limitation", claim_kind="other", due_on="2006-03-15")
    assert result["last_day_on"] == "2026-03-15"
    assert "forced" in result["explanation"][0]["text"]


def test_a_foreign_bank_reads_the_international_reference_of_a_dutch_file():
    # NL-PAY-2
    made = ask("iso11649", reference="5000056789012345")
    assert ask("iso11649", creditor_reference=made["creditor_reference"])["valid"]
