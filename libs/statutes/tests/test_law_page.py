"""No rule of the law is forgotten: each is applied by code, or stands in the page with the reason why not."""

import re
from datetime import date
from pathlib import Path

import pytest

from statutes.law_page import applied_rules, not_implemented, render, rules_of
from statutes.tables import all_tables
from statutes.topics import citations
from statutes.verification import verification

COUNTRIES = ["nl", "be"]


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_rule_is_either_applied_or_listed_with_a_reason_and_never_both(country: str):
    rules, skipped, applied = rules_of(country), not_implemented(country), applied_rules()
    assert rules
    assert {rule for rule in rules if rule not in applied and rule not in skipped} == set()
    assert set(skipped) <= set(rules)
    assert {rule for rule in skipped if rule in citations()} == set()


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_rule_that_is_applied_is_shown_by_an_example_or_a_test(country: str):
    told = "".join(path.read_text() for path in Path(__file__).parent.iterdir() if path.suffix in {".py", ".json"})
    shown = set(re.findall(r"(?:NL|BE)-[0-9A-Z]+-[0-9]+", told))
    assert {rule for rule in rules_of(country) if rule in applied_rules()} - shown == set()


@pytest.mark.parametrize("country", COUNTRIES)
def test_code_and_tables_name_no_rule_that_does_not_exist(country: str):
    named = {rule for rule in applied_rules() if rule.startswith(country.upper())}
    assert named <= set(rules_of(country))


def test_every_figure_is_a_dated_row_with_its_source_and_certainty():
    # NL-GEN-1, BE-GEN-1
    for each in all_tables().values():
        assert each.rule
        assert each.title
        assert each.verified_until is None or each.verified_until >= each.rows[-1].valid_from
        for row in each.rows:
            assert row.source
            assert row.certainty in {"A", "B", "C", "CALC", "M"}
            assert row.valid_to is None or row.valid_to >= row.valid_from


def test_the_page_shows_every_rule_every_table_and_until_when_it_is_verified():
    page = render()
    for each in all_tables().values():
        assert each.title in page
        assert all(str(row.valid_from) in page for row in each.rows)
        assert each.verified_until is None or f"verified until {each.verified_until}" in page
    assert all(rule in page for country in COUNTRIES for rule in rules_of(country))
    assert page == render()


def test_the_page_in_the_repository_is_the_one_that_the_data_give():
    page = Path(__file__).parents[3] / "docs" / "law.md"
    assert page.read_text() == render(), "write it anew: ./quittance law page --output docs/law.md"


def test_a_table_warns_from_a_month_before_its_end_and_is_ended_the_day_after():
    def state(day: date) -> str:
        (found,) = (each for each in verification(as_of=day) if each.key == "nl_6_119")
        return found.state

    assert state(date(2026, 11, 29)) == "verified"
    assert state(date(2026, 11, 30)) == "ends_soon"
    assert state(date(2026, 12, 31)) == "ends_soon"
    assert state(date(2027, 1, 1)) == "ended"
