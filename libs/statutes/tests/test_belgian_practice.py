"""Belgian rules that services ask outside the questions of `law evaluate`: scope, letters, courts, insolvency."""

from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest
import yaml

import statutes
from statutes import be
from statutes.tables import all_tables
from statutes.topics import citations

euro = Decimal
RULES_OF_THE_LAW_DOCUMENT = {
    "GEN": 5,
    "XIX": 22,
    "COL": 13,
    "SAN": 4,
    "B2B": 7,
    "RATE": 3,
    "INT": 4,
    "IOS": 15,
    "ENF": 3,
    "COST": 5,
    "ALL": 4,
    "TPA": 3,
    "REF": 8,
    "INS": 2,
    "LIM": 2,
    "LANG": 1,
    "PRIV": 1,
}


def test_every_rule_is_applied_by_code_or_listed_with_the_reason_why_not():
    wanted = {f"BE-{part}-{number + 1}" for part, count in RULES_OF_THE_LAW_DOCUMENT.items() for number in range(count)}
    path = files("statutes") / "data" / "be" / "not_implemented.yaml"
    rows = yaml.safe_load(path.read_text("utf-8"))["not_implemented"]
    listed = {row["rule"] for row in rows}
    applied = {rule for rule in citations() if rule.startswith("BE-")}
    assert applied | listed == wanted
    assert not applied & listed
    assert all(row["reason"] for row in rows)


def test_every_belgian_figure_has_a_source_a_certainty_and_a_rule():
    tables = [table for table in all_tables().values() if table.country == "be"]
    assert len(tables) > 30
    for table in tables:
        assert table.rule in {
            f"BE-{part}-{n + 1}" for part, count in RULES_OF_THE_LAW_DOCUMENT.items() for n in range(count)
        }
        for row in table.rows:
            assert row.source
            assert row.certainty in {"A", "B", "C", "CALC", "M"}


CONSUMER = {"debtor_acts_as_consumer": True, "creditor_is_enterprise": True, "has_enforceable_title": False}


@pytest.mark.parametrize(
    ("contract_on", "act_on", "applies"),
    [
        (date(2023, 9, 1), date(2023, 9, 15), True),
        (date(2023, 8, 31), date(2023, 12, 1), False),
        (date(2023, 8, 31), date(2023, 12, 2), True),
        (None, date(2023, 10, 1), True),
    ],
)
def test_book_xix_holds_from_its_day_on(contract_on, act_on, applies):
    # BE-XIX-3
    assert be.book_xix_applies(**CONSUMER, contract_on=contract_on, act_on=act_on) is applies


@pytest.mark.parametrize(
    "fact",
    [{"debtor_acts_as_consumer": False}, {"creditor_is_enterprise": False}, {"has_enforceable_title": True}],
)
def test_book_xix_stops_at_a_title_and_holds_for_consumers_only(fact):
    # BE-XIX-1, BE-XIX-2
    facts = {**CONSUMER, **fact}
    assert not be.book_xix_applies(**facts, contract_on=date(2024, 1, 1), act_on=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("starts_on", "workers", "turnover", "passes"),
    [
        (date(2023, 1, 1), 51, "9000000.01", True),
        (date(2023, 1, 1), 51, "9000000.00", False),
        (date(2024, 1, 1), 51, "11250000.00", False),
        (date(2024, 1, 1), 51, "11250000.01", True),
        (date(2024, 1, 1), 50, "99000000.00", False),
    ],
)
def test_an_enterprise_is_larger_only_past_more_than_one_threshold(starts_on, workers, turnover, passes):
    # BE-XIX-14
    figures = be.AnnualFigures(
        starts_on=starts_on, workers=workers, turnover=euro(turnover), balance_total=euro("4500000.00")
    )
    assert be.passes_sme_thresholds(figures=figures) is passes


def test_a_reminder_that_lacks_the_product_is_named():
    # BE-XIX-11
    content = set(be.required_content(notice="first_reminder")) - {"product"}
    assert be.missing_content(notice="first_reminder", content=content) == ("product",)


def test_only_a_lawyer_or_bailiff_says_that_it_is_no_court_procedure():
    # BE-COL-4
    content = be.required_content(notice="formal_notice")
    assert be.missing_content(notice="formal_notice", content=content) == ()
    assert be.missing_content(notice="formal_notice", content=content, sender_capacity="lawyer") == (
        "not_judicial_sentence",
    )
    assert be.not_judicial_sentence(language="fr").startswith("Cette lettre ne concerne PAS")


@pytest.mark.parametrize(
    ("reminded", "ended", "within", "act"),
    [
        (False, False, True, "first_reminder"),
        (True, False, True, "none"),
        (True, True, False, "none"),
        (True, True, True, "formal_notice"),
    ],
)
def test_a_collector_sends_no_notice_before_the_reminder_has_run_out(reminded, ended, within, act):
    # BE-COL-3, BE-COL-5
    assert be.first_act(reminder_was_sent=reminded, free_term_has_ended=ended, amounts_within_maxima=within) == act


def test_a_breach_of_the_term_releases_the_consumer_from_the_clause():
    # BE-SAN-1
    kept = {
        "reminder_was_sent": True,
        "waited_the_term": True,
        "amounts_within_maxima": True,
        "addressed_to_debtor": True,
    }
    assert not be.releases_from_indemnity(**kept)
    for duty in kept:
        assert be.releases_from_indemnity(**{**kept, duty: False})


@pytest.mark.parametrize(
    ("region", "debtor", "languages"),
    [
        ("flanders", "nl", ("nl",)),
        ("flanders", "fr", ("nl", "fr")),
        ("wallonia", "nl", ("fr", "nl")),
        ("german_speaking", "fr", ("de", "fr")),
        ("brussels", "nl", ("nl",)),
        ("brussels", "en", ("fr", "en")),
    ],
)
def test_a_letter_speaks_the_language_of_the_region_and_of_the_debtor(region, debtor, languages):
    # BE-LANG-1
    assert be.document_languages(seat_region=region, debtor_language=debtor) == languages


def test_a_running_plan_is_stated_once_a_year():
    # BE-COL-10
    assert be.plan_statement_due_on(last_stated_on=date(2024, 2, 29)) == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("value", "between_enterprises", "court", "appeal_possible"),
    [
        ("100.00", True, "enterprise_court", False),
        ("2500.01", True, "enterprise_court", True),
        ("2000.00", False, "justice_of_the_peace", False),
        ("5000.00", False, "justice_of_the_peace", True),
        ("5000.01", False, "court_of_first_instance", True),
    ],
)
def test_the_court_follows_the_parties_and_the_amount(value, between_enterprises, court, appeal_possible):
    # BE-COST-3
    answer = be.competent_court(claim_value=euro(value), between_enterprises=between_enterprises)
    assert (answer.court, answer.appeal_possible) == (court, appeal_possible)


def test_a_large_utility_claim_goes_to_the_justice_of_the_peace_only_by_setting():
    facts = {"claim_value": euro("9000.00"), "between_enterprises": False, "is_utility_claim": True}
    assert be.competent_court(**facts).court == "court_of_first_instance"
    assert be.competent_court(**facts, utilities_to_justice_of_the_peace=True).court == "justice_of_the_peace"


def test_registry_and_bailiff_fees_are_read_by_day():
    # BE-COST-1, BE-COST-4
    fee = be.registry_fee(court="enterprise_court", as_of=date(2026, 1, 1))
    assert (fee.registry_fee, fee.legal_aid_fund) == (euro("165.00"), euro("24.00"))
    act = be.bailiff_act_fee(tariff="B", as_of=date(2024, 12, 31))
    assert (act.fee, act.vat) == (euro("175.00"), euro("36.75"))
    with pytest.raises(statutes.RateNotVerified):
        be.bailiff_act_fee(tariff="B", as_of=date(2025, 1, 1))


def test_a_bankruptcy_loses_the_claim_after_a_year():
    # BE-INS-1
    effects = be.bankruptcy(judgment_on=date(2026, 1, 15))
    assert effects.stops_collection
    assert (effects.claim_due_on, effects.claim_lost_from) == (date(2026, 2, 14), date(2027, 1, 16))


def test_a_collective_debt_settlement_stops_interest_and_asks_the_claim_in_a_month():
    # BE-INS-2
    effects = be.collective_debt_settlement(admissible_on=date(2026, 1, 15), notified_on=date(2026, 1, 31))
    assert effects.late_interest_stops_from == date(2026, 1, 15)
    assert effects.claim_due_on == date(2026, 2, 28)


def test_a_lawyer_may_keep_a_small_sum_longer_and_a_collector_may_not():
    # BE-TPA-1, BE-TPA-2
    facts = {"received_on": date(2026, 1, 31), "amount": euro("2500.00")}
    assert be.pass_on_due_on(holder="lawyer", **facts) is None
    assert be.pass_on_due_on(holder="collector", **facts) == date(2026, 2, 28)
    large = {**facts, "amount": euro("2500.01")}
    assert be.pass_on_due_on(holder="bailiff", **large) == date(2026, 3, 31)


def test_a_sale_is_counted_from_the_end_of_its_year_and_care_from_the_end_of_its_month():
    # BE-LIM-1
    assert be.limitation_starts_on(claim_kind="sale_to_private_person", due_on=date(2024, 3, 5)) == date(2024, 12, 31)
    assert be.limitation_starts_on(claim_kind="medical_care", due_on=date(2024, 2, 5)) == date(2024, 2, 29)
    assert be.limitation_starts_on(claim_kind="general", due_on=date(2024, 2, 5)) == date(2024, 2, 5)
    assert be.limitation_term_months(claim_kind="utilities") == 60


def test_a_part_payment_starts_the_whole_term_again_and_one_that_is_late_does_not():
    def end(*events):
        events = [be.LimitationEvent(on=on, kind=kind) for on, kind in events]
        return be.limitation_end(starts_on=date(2024, 1, 31), term_months=24, events=events)

    assert end((date(2025, 7, 31), "acknowledgement")) == date(2027, 7, 31)
    assert end((date(2026, 2, 1), "acknowledgement")) == date(2026, 1, 31)
    assert end((date(2025, 7, 31), "lawyers_notice"), (date(2026, 7, 1), "summons")) == date(2028, 7, 1)
    assert end((date(2025, 7, 31), "lawyers_notice"), (date(2026, 7, 1), "lawyers_notice")) == date(2026, 7, 31)
