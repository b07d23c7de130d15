"""Every amount explains itself in four languages, in the same sentences with the same facts."""

import json
import string
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from statutes import Line, explained_total, nl, rendered
from statutes.explanation import LANGUAGES, texts, written_amount, written_day, written_percent
from statutes.parsing import arguments
from statutes.topics import topic_named

EXAMPLES = json.loads((Path(__file__).parent / "examples_nl.json").read_text())
ANSWERED = [example for example in EXAMPLES if "expected" in example]

ADDS_UP_TO = {
    "nl.collection_costs": "total",
    "nl.collection_costs_check": "maximum",
    "nl.collection_costs_instalments": "total",
    "nl.fourteen_day_letter": "collection_costs",
    "nl.interest": "late_interest",
    "nl.contractual_interest": "late_interest",
    "nl.statement": "total_open",
    "nl.court_fees": "court_fee",
    "nl.default_judgment_costs": "total",
}


def facts_of(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_sentence_with_the_same_facts(language: Any):
    english = texts("en")
    assert set(texts(language)) == set(english)
    assert {key: facts_of(text) for key, text in texts(language).items()} == {
        key: facts_of(text) for key, text in english.items()
    }


@pytest.mark.parametrize("example", ANSWERED, ids=[example["id"] for example in ANSWERED])
def test_the_lines_of_a_result_add_up_to_it_and_are_written_in_four_languages(example: dict[str, Any]):
    # NL-GEN-6
    topic = topic_named(example["topic"])
    result = topic.answer(**arguments(topic.answer, example["inputs"]))
    lines = getattr(result, "explanation", ())
    if example["topic"] in ADDS_UP_TO:
        assert explained_total(lines) == getattr(result, ADDS_UP_TO[example["topic"]])
    if example["topic"] in {"nl.allocation", "nl.allocation_across_claims"}:
        paid = example["inputs"].get("payments") or [example["inputs"]["amount"]]
        assert explained_total(lines) == sum(Decimal(amount) for amount in paid)
    for language in LANGUAGES:
        assert all(line.text and "{" not in line.text for line in rendered(lines, language))


def test_amounts_days_and_percentages_are_written_as_people_of_the_language_write_them():
    amount, day, percent = Decimal("-1234.50"), date(2026, 3, 2), Decimal("10.15")
    assert [written_amount(amount, language) for language in LANGUAGES] == [
        "-€1,234.50",
        "-€ 1.234,50",
        "-1 234,50 €",
        "-1.234,50 €",
    ]
    assert [written_day(day, language) for language in LANGUAGES] == [
        "2 March 2026",
        "2 maart 2026",
        "2 mars 2026",
        "2. März 2026",
    ]
    assert [written_percent(percent, language) for language in LANGUAGES] == ["10.15%", "10,15%", "10,15 %", "10,15 %"]


def test_a_consumer_reads_in_simple_dutch_why_the_costs_are_forty_euro():
    # NL-WKI-7
    costs = nl.collection_costs(principals=[Decimal("100.00")], creditor_can_deduct_vat=False)
    lines: tuple[Line, ...] = costs.explanation
    assert [(line.text, line.amount) for line in rendered(lines, "nl")] == [
        ("De rekeningen in deze brief, bij elkaar opgeteld.", "€ 100,00"),
        ("Incassokosten, omdat u niet op tijd betaalde: 15% van € 100,00. Dit percentage staat in de wet.", "€ 15,00"),
        ("De incassokosten zijn volgens de wet minstens € 40,00. Dit bedrag kwam nog tekort.", "€ 25,00"),
        (
            (
                "21% btw over € 40,00 incassokosten. U betaalt deze btw, omdat de schuldeiser (aan wie u moet betalen) "
                "die niet kan terugvragen."
            ),
            "€ 8,40",
        ),
    ]
