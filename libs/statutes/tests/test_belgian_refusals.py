"""What Belgian law cannot answer, asked as a program asks it: refused, with the name of the input in the message."""

import pytest

from statutes.evaluate import evaluate

CLAIM = {"claim_id": "1", "open": "5.00", "percent": "4", "due_on": "2026-05-01"}
CONSUMER = {"balance": "100.00", "reminder_sent_on": "2026-03-02", "channel": "post", "through_on": "2026-06-01"}
AGREED = {"principal": "100.00", "percent_per_year": "5", "from_on": "2026-01-01", "through_on": "2026-01-31"}


@pytest.mark.parametrize(
    ("topic", "inputs", "named"),
    [
        ("be.allocation", {"principal": "10.00", "costs": "-0.01", "payments": []}, "costs"),
        ("be.allocation", {"principal": "10.00"}, "payments"),
        ("be.allocation_across_claims", {"claims": [CLAIM], "amount": "0.00"}, "amount"),
        ("be.allocation_across_claims", {"claims": [CLAIM, CLAIM], "amount": "1.00"}, "claim_id"),
        ("be.allocation_across_claims", {"claims": [{**CLAIM, "open": "-5.00"}], "amount": "1.00"}, "open"),
        ("be.allocation_across_claims", {"claims": [CLAIM], "amount": "1.00", "designated": ["2"]}, "designated"),
        ("be.allocation_across_claims", {"claims": [CLAIM], "amount": "1.00", "designated": ["1", "1"]}, "designated"),
        ("be.consumer_claim", {**CONSUMER, "balance": "-1.00"}, "balance"),
        ("be.consumer_claim", {**CONSUMER, "percent_per_year": "-1"}, "percent_per_year"),
        ("be.consumer_claim", {**CONSUMER, "indemnity": "-1.00"}, "indemnity"),
        ("be.interest", {**AGREED, "principal": "-1.00"}, "principal"),
        ("be.interest", {**AGREED, "vat": "-1.00"}, "vat"),
        ("be.interest", {**AGREED, "percent_per_year": "-5"}, "percent_per_year"),
        ("be.interest", {**AGREED, "series": "be_b2b"}, "series"),
        ("be.interest", {**AGREED, "principal": 100}, "principal"),
        ("be.interest", {**AGREED, "divisor": "360"}, "divisor"),
        ("be.interest", {**AGREED, "series": "nl_6_119", "percent_per_year": None}, "series"),
        ("be.indemnity_cap", {"debts": [{"claimed": "-1.00"}]}, "claimed"),
        ("be.indemnity_cap", {"debts": [{"claimed": "1.00", "paid": "1.00"}]}, "paid"),
        ("be.indemnity_claim", {"balance": "-1.00", "contract_on": "2024-01-01"}, "balance"),
        (
            "be.indemnity_claim",
            {"balance": "1.00", "contract_on": "2024-01-01", "indemnity_clause": {"percent": "-1"}},
            "indemnity_clause",
        ),
        (
            "be.indemnity_claim",
            {
                "balance": "1.00",
                "contract_on": "2024-01-01",
                "indemnity_clause": {"minimum": "2.00", "maximum": "1.00"},
            },
            "minimum",
        ),
        ("be.ios_extras_cap", {"principal": "100.00", "indemnity": "-1.00"}, "indemnity"),
        ("be.ios_eligibility", {"insolvency": "broke"}, "insolvency"),
        ("be.limitation", {"starts_on": "2024-01-31", "term_months": 0}, "term_months"),
        ("be.notice_term", {"sent_on": "2026-03-02", "suspension": {"cause": "dispute"}}, "received_on"),
        (
            "be.notice_term",
            {
                "sent_on": "2026-03-02",
                "suspension": {"cause": "dispute", "received_on": "2026-03-09", "decided_on": "2026-03-08"},
            },
            "decided_on",
        ),
        ("be.payment_term", {"invoice_received_on": "2026-01-15", "agreed_days": -1}, "agreed_days"),
        ("be.payment_term", {"invoice_received_on": "9999-12-31"}, "calendar"),
        ("be.procedural_indemnity", {"claim_value": "-1.00", "as_of": "2024-01-01"}, "claim_value"),
        ("be.reminder_cost", {"regular_delivery": True, "due_on": "2026-01-15", "postage": "-1.00"}, "postage"),
        ("be.reminder_term", {"sent_on": "2026-02-29", "channel": "post"}, "sent_on"),
        ("be.wage_seizure", {"net": "-1.00", "as_of": "2024-01-01"}, "net"),
        ("be.wage_seizure", {"net": "1.00", "dependent_children": -1, "as_of": "2024-01-01"}, "dependent_children"),
        ("be.wage_thresholds", {"health_index": "0"}, "health_index"),
        ("be.contact_window", {"at": "2026-03-10T22:00:00", "channel": "phone"}, "at"),
        ("be.contact_window", {"at": "9999-12-31T23:00", "channel": "phone"}, "calendar"),
        ("epc_qr", {"name": "x", "iban": "BE54000000000097", "amount": "5"}, "amount"),
        ("be.structured_communication", {}, "number"),
    ],
)
def test_an_impossible_input_is_refused_by_its_name(topic, inputs, named):
    (answer,) = evaluate([{"id": "1", "topic": topic, "inputs": inputs}])
    assert answer["error"]["type"] == "InvalidInput"
    assert named in answer["error"]["message"]


@pytest.mark.parametrize(
    ("served_on", "reason"), [("2026-07-26", "served_on_sunday"), ("2026-05-25", "served_on_holiday")]
)
def test_nothing_is_served_on_a_sunday_or_a_holiday(served_on, reason):
    (answer,) = evaluate([{"id": "1", "topic": "be.ios_dates", "inputs": {"served_on": served_on}}])
    assert answer["error"]["type"] == "NotEligible"
    assert answer["error"]["reasons"] == [reason]


def test_a_lower_agreed_rate_is_one_line_across_changes_of_the_maximum():
    inputs = {**CONSUMER, "reminder_sent_on": "2025-05-02", "through_on": "2026-03-01", "percent_per_year": "5"}
    (answer,) = evaluate([{"id": "1", "topic": "be.consumer_claim", "inputs": inputs}])
    lines = [line for line in answer["result"]["explanation"] if line["rule_id"] == "BE-INT-4"]
    assert len(lines) == 1
