"""The worked examples of Belgian law, asked the way that `quittance law evaluate` asks them."""

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest

from statutes.evaluate import evaluate

EXAMPLES = json.loads(Path(__file__).with_name("examples_be.json").read_text("utf-8"))


def agrees(expected, given):
    """Amounts and percentages as decimals, everything else exactly; an object may hold more fields."""
    if isinstance(expected, dict):
        return isinstance(given, dict) and all(
            name in given and agrees(value, given[name]) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(given, list) and len(expected) == len(given) and all(map(agrees, expected, given))
    if isinstance(expected, str) and isinstance(given, str):
        return expected == given or is_same_number(expected, given)
    return type(expected) is type(given) and expected == given


def is_same_number(expected, given):
    try:
        return Decimal(expected) == Decimal(given)
    except InvalidOperation:
        return False


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["id"])
def test_a_worked_example_is_answered_as_the_law_document_says(example):
    (answer,) = evaluate([example])
    assert answer["id"] == example["id"]
    if "expected" in example:
        assert agrees(example["expected"], answer.get("result")), answer
    else:
        error = answer["error"]
        assert error["type"] == example["expected_error"]["type"]
        assert error.get("reasons") == example["expected_error"].get("reasons")


def test_a_wrong_figure_would_be_noticed():
    assert not agrees({"maximum": "20.00"}, {"maximum": "20.01"})
    assert not agrees({"lines": []}, {"lines": [{}]})
    assert agrees({"percent": "10.5"}, {"percent": "10.50", "more": 1})
