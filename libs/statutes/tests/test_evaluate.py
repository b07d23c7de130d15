"""The border of the law: what is read, what is refused, and in what form it is written."""

from typing import Any

import pytest

from statutes.evaluate import evaluate
from statutes.topics import all_topics


def ask(topic: str, **inputs: Any) -> dict[str, Any]:
    (answer,) = evaluate([{"id": "1", "topic": topic, "inputs": inputs}])
    return answer


def refused(topic: str, **inputs: Any) -> str:
    return ask(topic, **inputs)["error"]["type"]


@pytest.mark.parametrize(
    "amount",
    [3500.00, 3500, True, "3500", "3500.0", "3500.000", "3,500.00", "1_000.00", " 1.00", "1e3", "NaN", "\u0663.00", ""],
)  # fmt: skip
def test_only_text_with_two_decimals_is_an_amount(amount: Any):
    assert refused("nl.collection_costs", principals=[amount]) == "InvalidInput"


@pytest.mark.parametrize(
    "day", ["2026-2-3", "20260203", "2026-02-30", "2026-02-03T00:00", "03-02-2026", 20260203, "2026-W06-2", ""]
)
def test_only_a_day_of_the_calendar_is_a_day(day: Any):
    assert refused("nl.writ_term", served_on=day) == "InvalidInput"


@pytest.mark.parametrize(
    "at", ["2026-03-02", "2026-03-02T14:00:00", "2026-03-02T14:00Z", "2026-03-02 14:00", "2026-03-02T24:00"]
)
def test_a_local_time_is_to_the_minute_and_without_zone(at: str):
    assert refused("nl.contact_window", at=at, channel="phone") == "InvalidInput"


def test_null_is_the_same_as_leaving_an_input_out():
    with_nulls = ask("nl.collection_costs", principals=["100.00"], late_interest=None, payment=None)
    assert with_nulls == ask("nl.collection_costs", principals=["100.00"])
    assert refused("nl.collection_costs", principals=None) == "InvalidInput"
    assert refused("nl.collection_costs", principals=[None]) == "InvalidInput"


def test_the_message_names_the_input_also_inside_a_list():
    claims = [{"claim_id": "A", "open": "1.00", "percent": "4", "due_on": "2026-01-10", "dueon": "2026-01-10"}]
    answer = ask("nl.allocation_across_claims", claims=claims, amount="1.00")
    assert "claims[0]" in answer["error"]["message"]
    assert "dueon" in answer["error"]["message"]


def test_booleans_are_no_integers_and_integers_no_booleans():
    assert refused("nl.payment_term", invoice_received_on="2026-03-10", agreed_days=True) == "InvalidInput"
    assert refused("nl.payment_term", invoice_received_on="2026-03-10", debtor_is_large=1) == "InvalidInput"
    assert refused("nl.payment_term", invoice_received_on="2026-03-10", agreed_days=30.0) == "InvalidInput"


def test_a_result_writes_amounts_with_two_decimals_and_local_times_to_the_minute():
    costs = ask("nl.collection_costs", principals=["-0.00"])["result"]
    assert costs["base"] == "0.00"
    assert costs["minimum"] is None
    window = ask("nl.contact_window", at="2026-09-16T02:15", channel="visit")["result"]
    assert window["next_allowed_at"] == "2026-09-16T07:00"


def test_a_result_carries_its_explanation_with_rule_and_article():
    lines = ask("nl.collection_costs", principals=["100.00"])["result"]["explanation"]
    assert [(line["rule_id"], line["amount"]) for line in lines] == [
        ("NL-CUM-1", "100.00"),
        ("NL-BIK-1", "15.00"),
        ("NL-BIK-2", "25.00"),
    ]
    assert lines[1]["article"] == "Besluit BIK art. 2 lid 1"
    assert (
        lines[1]["text"]
        == "Collection costs, because you did not pay in time: 15% of €100.00. The law sets this percentage."
    )


def test_every_topic_refuses_an_input_that_it_does_not_list():
    for topic in all_topics():
        assert refused(topic, no_such_input="1") == "InvalidInput"
