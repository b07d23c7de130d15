"""The worked examples of Dutch law, each through `evaluate` as a user asks it."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from statutes.evaluate import evaluate

EXAMPLES = json.loads((Path(__file__).parent / "examples_nl.json").read_text())


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["id"] for example in EXAMPLES])
def test_the_worked_example_gives_its_expected_result(example: dict[str, Any]):
    (given,) = evaluate([example])
    assert given["id"] == example["id"]
    if "expected_error" in example:
        assert given["error"]["type"] == example["expected_error"]["type"]
        assert given["error"].get("reasons") == example["expected_error"].get("reasons")
    else:
        assert "error" not in given, given["error"]
        assert_holds(given["result"], example["expected"])


def assert_holds(given: Any, expected: Any):
    """Objects may hold more fields; amounts and percents are equal as decimals; everything else exactly."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            assert_holds(given[name], value)
    elif isinstance(expected, list):
        assert len(given) == len(expected)
        for given_part, expected_part in zip(given, expected, strict=True):
            assert_holds(given_part, expected_part)
    elif isinstance(expected, str) and is_decimal(expected):
        assert isinstance(given, str)
        assert Decimal(given) == Decimal(expected)
    else:
        assert given == expected
        assert type(given) is type(expected)


def is_decimal(text: str):
    digits = text.replace(".", "", 1).removeprefix("-")
    return digits.isascii() and digits.isdigit()
