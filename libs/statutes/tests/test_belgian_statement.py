"""The statement that every service asks and the single Belgian questions give the same cents."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from statutes import be
from statutes.statement import ClaimTerms, Posting, StatementPolicies, statement

CENT = Decimal("0.01")
amounts = st.integers(1, 5_000_000).map(lambda cents: Decimal(cents) / 100)
days = st.dates(date(2014, 1, 1), date(2026, 12, 31))


def a_claim(*, principal, from_on, series="be_b2b"):
    return ClaimTerms(
        claim_id="1", jurisdiction="be", principal=principal, interest_from=from_on, series=series, compounding="none"
    )


@given(amounts, days, days, st.sampled_from(["be_b2b", "be_civil"]), st.sampled_from(["365", "actual"]))
def test_a_statement_without_payments_shows_the_interest_of_the_single_question(
    principal, from_on, as_of, series, divisor
):
    from_on, as_of = sorted((from_on, as_of))
    shown = statement(
        [a_claim(principal=principal, from_on=from_on, series=series)],
        [],
        as_of=as_of,
        policies=StatementPolicies(divisor=divisor),
    )
    asked = be.interest(principal=principal, series=series, from_on=from_on, through_on=as_of, divisor=divisor)
    assert shown.total_late_interest == asked.late_interest
    assert shown.total_open == asked.total


@given(amounts, st.integers(1, 900), amounts)
def test_a_payment_on_a_statement_is_allocated_as_the_single_question_allocates_it(principal, length, paid):
    from_on = date(2023, 3, 1)
    paid_on = from_on + timedelta(days=length - 1)
    indemnity = Decimal("30.00")
    shown = statement(
        [a_claim(principal=principal, from_on=from_on)],
        [
            Posting(claim_id="1", kind="indemnity", on=from_on, amount=indemnity),
            Posting(claim_id="1", kind="payment", on=paid_on, amount=paid),
        ],
        as_of=paid_on,
    )
    interest = be.interest(principal=principal, series="be_b2b", from_on=from_on, through_on=paid_on).late_interest
    asked = be.allocation(principal=principal, late_interest=interest, indemnity=indemnity, payments=[paid])
    (left,) = shown.claims
    assert (left.late_interest, left.principal, left.indemnity) == (
        asked.left.late_interest,
        asked.left.principal,
        asked.left.indemnity,
    )
    assert shown.overpayment == asked.overpayment


def test_a_consumer_of_an_sme_owes_on_the_statement_what_the_consumer_claim_says():
    claim = be.consumer_claim(
        balance=Decimal("500.00"),
        reminder_sent_on=date(2026, 3, 2),
        channel="e_mail",
        creditor_is_sme=True,
        through_on=date(2026, 6, 30),
    )
    shown = statement(
        [a_claim(principal=Decimal("500.00"), from_on=claim.late_interest_from)],
        [Posting(claim_id="1", kind="indemnity", on=date(2026, 3, 17), amount=claim.fixed_indemnity)],
        as_of=date(2026, 6, 30),
    )
    assert shown.total_open == claim.total == Decimal("582.26")
