"""What must hold for every sum, day and payment, and the agreement with a second opinion that counts day by day."""

import sys
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from statutes import ClaimTerms, Posting, StatementPolicies, explained_total, nl, statement
from statutes.nl.statement import StatementClaim, StatementPayment
from statutes.tables import table

sys.path.insert(0, str(Path(__file__).parent))
from day_by_day import DayByDay, cents, statement_day_by_day

FIRST, LAST = date(2013, 1, 1), date(2026, 12, 31)

amounts = st.integers(1, 2_000_000).map(lambda value: Decimal(value) / 100)
any_amounts = st.integers(-100_000, 200_000_000).map(lambda value: Decimal(value) / 100)
days = st.one_of(st.dates(FIRST, LAST), st.sampled_from([date(2016, 2, 29), date(2020, 2, 29), date(2024, 2, 29)]))
series = st.sampled_from(["nl_6_119", "nl_6_119a"])
policies = st.fixed_dictionaries(
    {
        "compounding": st.sampled_from(["yearly", "none"]),
        "day_count": st.sampled_from(["ACT/365F", "anniversary_year"]),
        "rounding": st.sampled_from(["per_line", "total"]),
        "split_equal_rate": st.booleans(),
        "leap_day_anniversary": st.sampled_from(["02-28", "03-01"]),
    }
)


@st.composite
def periods(draw: st.DrawFn) -> tuple[date, date]:
    start = draw(days)
    return start, min(start + timedelta(days=draw(st.integers(0, 1600))), LAST + timedelta(days=1))


@settings(max_examples=150, deadline=None)
@given(principal=amounts, series=series, period=periods(), chosen=policies)
def test_interest_agrees_line_by_line_with_counting_day_by_day(
    principal: Decimal, series: Any, period: tuple[date, date], chosen: dict[str, Any]
):
    # NL-GEN-3
    result = nl.interest(principal=principal, series=series, from_on=period[0], until_on=period[1], **chosen)
    leap_day = chosen["leap_day_anniversary"]
    others = {name: value for name, value in chosen.items() if name != "leap_day_anniversary"}
    run = DayByDay(principal=exact(principal), start=period[0], series=series, leap_day=leap_day, **others)
    for ordinal in range(period[0].toordinal(), period[1].toordinal()):
        run.pass_day(date.fromordinal(ordinal))
    run.close_line()
    assert in_cents(result.late_interest) == cents(run.total)
    assert [(line.from_on, line.days, line.percent, in_cents(line.base), in_cents(line.late_interest))
            for line in result.lines] == [
        (line.from_on, line.days, line.percent, cents(line.base), cents(line.late_interest)) for line in run.lines
    ]  # fmt: skip
    assert explained_total(result.explanation) == result.late_interest


def exact(amount: Decimal) -> Fraction:
    return Fraction(amount)


def in_cents(amount: Decimal) -> int:
    return int(amount * 100)


@settings(max_examples=150, deadline=None)
@given(principal=amounts, series=series, period=periods(), more=st.integers(1, 400), chosen=policies)
def test_interest_is_never_negative_and_never_falls_as_days_pass(
    principal: Decimal, series: Any, period: tuple[date, date], more: int, chosen: dict[str, Any]
):
    from_on, until_on = period
    later_on = min(until_on + timedelta(days=more), LAST + timedelta(days=1))
    first = nl.interest(principal=principal, series=series, from_on=from_on, until_on=until_on, **chosen)
    second = nl.interest(principal=principal, series=series, from_on=from_on, until_on=later_on, **chosen)
    assert 0 <= first.late_interest <= second.late_interest


@settings(max_examples=150, deadline=None)
@given(principal=amounts, series=series, period=periods(), part=st.integers(0, 1600))
def test_simple_interest_split_at_any_day_gives_the_same_total_but_for_the_rounding_of_one_more_line(
    principal: Decimal, series: Any, period: tuple[date, date], part: int
):
    from_on, until_on = period
    split_on = min(from_on + timedelta(days=part), until_on)

    def simple(start: date, until: date, rounding: Any) -> Any:
        return nl.interest(
            principal=principal,
            series=series,
            from_on=start,
            until_on=until,
            compounding="none",
            rounding=rounding,
        )

    whole = simple(from_on, until_on, "per_line")
    before, after = simple(from_on, split_on, "per_line"), simple(split_on, until_on, "per_line")
    more_lines = len(before.lines) + len(after.lines) - len(whole.lines)
    assert 0 <= more_lines <= 1
    difference = abs(before.late_interest + after.late_interest - whole.late_interest)
    assert difference <= Decimal("0.015") * more_lines
    assert more_lines == 1 or difference == 0


@settings(max_examples=200, deadline=None)
@given(
    principal=st.integers(1, 500_000),
    costs=st.integers(0, 50_000),
    series=series,
    period=periods(),
    paid=st.lists(st.tuples(st.integers(-30, 1600), st.integers(1, 300_000)), max_size=5),
    chosen=policies,
)
def test_a_statement_agrees_with_counting_day_by_day_and_loses_no_cent(
    principal: int,
    costs: int,
    series: Any,
    period: tuple[date, date],
    paid: list[tuple[int, int]],
    chosen: dict[str, Any],
):
    from_on, as_of = period
    payments = sorted(
        [(min(from_on + timedelta(days=offset), as_of), amount) for offset, amount in paid], key=lambda each: each[0]
    )
    result = nl.statement(
        claims=[
            StatementClaim(
                claim_id="1",
                principal=Decimal(principal) / 100,
                from_on=from_on,
                costs=Decimal(costs) / 100,
                series=series,
                compounding=chosen["compounding"],
            )
        ],
        day_count=chosen["day_count"],
        split_equal_rate=chosen["split_equal_rate"],
        leap_day_anniversary=chosen["leap_day_anniversary"],
        payments=[
            StatementPayment(paid_on=on, amount=Decimal(amount) / 100, designated=("1",)) for on, amount in payments
        ],
        as_of=as_of,
    )
    same = {name: chosen[name] for name in ("compounding", "day_count", "split_equal_rate")}
    same["leap_day"] = chosen["leap_day_anniversary"]
    claim = {"principal": principal, "from_on": from_on, "series": series, "costs": costs, "policies": same}
    expected = statement_day_by_day(claim, payments, as_of, payment_day_counts=series == "nl_6_119a")
    (position,) = result.claims
    assert {
        "costs": in_cents(position.costs),
        "late_interest": in_cents(position.late_interest),
        "principal": in_cents(position.principal),
        "total_late_interest": in_cents(result.total_late_interest),
        "overpayment": sum(in_cents(each.overpayment) for each in result.allocations),
    } == expected
    assert explained_total(result.explanation) == result.total_open
    for each, (_, amount) in zip(result.allocations, payments, strict=True):
        allocated = sum(in_cents(part.costs + part.late_interest + part.principal) for part in each.parts)
        assert allocated + in_cents(each.overpayment) == amount


@settings(max_examples=100, deadline=None)
@given(
    principal=amounts,
    series=series,
    period=periods(),
    paid=st.lists(st.tuples(st.integers(0, 1600), amounts), max_size=4),
    later=st.integers(0, 300),
)
def test_the_label_of_capitalised_interest_changes_no_balance_and_interest_never_falls_as_days_pass(
    principal: Decimal, series: Any, period: tuple[date, date], paid: list[tuple[int, Decimal]], later: int
):
    # NL-ALL-6
    from_on, as_of = period
    terms = ClaimTerms(claim_id="1", jurisdiction="nl", principal=principal, interest_from=from_on, series=series)
    payments = [
        Posting(claim_id="1", kind="payment", on=from_on + timedelta(days=offset), amount=amount)
        for offset, amount in paid
    ]
    by_label = [
        statement([terms], payments, as_of=as_of, policies=StatementPolicies(capitalised_interest_label=label))
        for label in ("interest", "principal")
    ]
    assert by_label[0].total_open == by_label[1].total_open
    assert by_label[0].total_late_interest == by_label[1].total_late_interest
    unpaid = [statement([terms], [], as_of=day) for day in (as_of, min(as_of + timedelta(days=later), LAST))]
    assert 0 <= unpaid[0].total_late_interest <= unpaid[1].total_late_interest or as_of > LAST


@settings(max_examples=150, deadline=None)
@given(
    jurisdiction=st.sampled_from(["nl", "be"]),
    principal=amounts,
    period=periods(),
    postings=st.lists(
        st.tuples(st.sampled_from(["costs", "vat", "indemnity", "payment", "credit"]), st.integers(0, 1600), amounts),
        max_size=8,
    ),
    chosen=st.fixed_dictionaries(
        {
            "indemnity_rank": st.sampled_from(["before_principal", "after_principal"]),
            "capitalised_interest_label": st.sampled_from(["interest", "principal"]),
        }
    ),
)
def test_what_was_asked_less_what_was_paid_is_what_is_open_in_both_countries(
    jurisdiction: Any,
    principal: Decimal,
    period: tuple[date, date],
    postings: list[tuple[Any, int, Decimal]],
    chosen: dict[str, Any],
):
    from_on, as_of = max(period[0], date(2013, 3, 16)), max(period[1] - timedelta(days=1), date(2013, 3, 17))
    terms = ClaimTerms(
        claim_id="1",
        jurisdiction=jurisdiction,
        principal=principal,
        interest_from=from_on,
        series="nl_6_119a" if jurisdiction == "nl" else "be_b2b",
        compounding="yearly" if jurisdiction == "nl" else "none",
    )
    posted = [
        Posting(claim_id="1", kind=kind, on=from_on + timedelta(days=offset), amount=amount)
        for kind, offset, amount in postings
    ]
    result = statement([terms], posted, as_of=as_of, policies=StatementPolicies(**chosen))
    counted = [each for each in posted if each.on <= as_of]
    charged = sum(each.amount for each in counted if each.kind in {"costs", "vat", "indemnity"})
    lowered = sum(each.amount for each in counted if each.kind in {"payment", "credit"})
    assert result.total_open == principal + charged + result.total_late_interest - (lowered - result.overpayment)
    assert result.paid == sum(each.amount for each in counted if each.kind == "payment")
    assert explained_total(result.explanation) == result.total_open
    (position,) = result.claims
    parts = (position.principal, position.late_interest, position.costs, position.vat, position.indemnity)
    assert all(part >= 0 for part in parts)
    assert sum(parts) == position.open


@settings(deadline=None)
@given(principal=any_amounts, more=amounts, can_deduct=st.booleans())
def test_costs_lie_between_minimum_and_cap_and_never_fall_with_the_principal(
    principal: Decimal, more: Decimal, can_deduct: bool
):
    costs = nl.collection_costs(principals=[principal], creditor_can_deduct_vat=can_deduct)
    higher = nl.collection_costs(principals=[principal, more], creditor_can_deduct_vat=can_deduct)
    lowest = table("nl.collection_costs.minimum").decimal
    highest = table("nl.collection_costs.maximum").decimal
    assert costs.collection_costs == 0 if principal <= 0 else lowest <= costs.collection_costs <= highest
    assert costs.collection_costs <= higher.collection_costs
    assert costs.vat == 0 if can_deduct else costs.vat <= highest
    assert explained_total(costs.explanation) == costs.total


@settings(deadline=None)
@given(principal=amounts, late_interest=amounts, payment=amounts, inside_term=st.booleans())
def test_a_payment_on_a_letter_is_allocated_to_the_cent_and_costs_follow_what_is_left(
    principal: Decimal, late_interest: Decimal, payment: Decimal, inside_term: bool
):
    given_payment = nl.LetterPayment(amount=payment, inside_term=inside_term)
    costs = nl.collection_costs(principals=[principal], late_interest=late_interest, payment=given_payment)
    parts = costs.allocation
    assert parts is not None
    assert parts.costs + parts.late_interest + parts.principal + parts.overpayment == payment
    assert costs.principal_left == principal - parts.principal
    untouched = nl.collection_costs(principals=[costs.principal_left if inside_term else principal])
    assert costs.collection_costs == untouched.collection_costs
    assert explained_total(costs.explanation) == costs.total


@settings(deadline=None)
@given(
    claims=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=7),
    amount=st.integers(1, 3000),
    designated=st.lists(st.integers(0, 6), max_size=3),
    paid_after=st.none() | st.integers(-1, 3),
)
def test_a_payment_across_claims_is_shared_to_the_cent_and_gives_no_claim_more_than_it_has_open(
    claims: list[tuple[int, int, int]], amount: int, designated: list[int], paid_after: int | None
):
    first = date(2026, 1, 10)
    opened = [
        nl.OpenClaim(
            claim_id=str(at),
            open=Decimal(open_cents) / 100,
            percent=Decimal(percent),
            due_on=first + timedelta(days=due),
        )
        for at, (open_cents, percent, due) in enumerate(claims)
    ]
    result = nl.allocation_across_claims(
        claims=opened,
        amount=Decimal(amount) / 100,
        paid_on=None if paid_after is None else first + timedelta(days=paid_after),
        designated=[str(at) for at in designated if at < len(opened)],
    )
    shares = {share.claim_id: share.amount for share in result.allocations}
    assert sum(shares.values()) + result.overpayment == Decimal(amount) / 100
    assert all(0 < share <= opened[int(claim_id)].open for claim_id, share in shares.items())
    assert result.overpayment == 0 or sum(shares.values()) == sum(claim.open for claim in opened)
    assert len(shares) == len(result.allocations)


@settings(deadline=None)
@given(sent_on=st.dates(date(2023, 1, 1), date(2028, 11, 15)), later=st.integers(0, 20), roll=st.booleans())
def test_a_term_never_ends_earlier_for_a_letter_that_was_sent_later(sent_on: date, later: int, roll: bool):
    first = nl.fourteen_day_term(sent_on=sent_on, roll_term_end=roll)
    second = nl.fourteen_day_term(sent_on=sent_on + timedelta(days=later), roll_term_end=roll)
    for name in ("delivered_on", "term_starts_on", "term_ends_on", "safe_term_ends_on", "collection_costs_from"):
        assert getattr(first, name) <= getattr(second, name)
    assert (first.collection_costs_from - first.delivered_on).days >= 16


@settings(deadline=None)
@given(
    due_on=st.dates(date(1995, 1, 1), date(2026, 1, 1)), later=st.integers(0, 900), years=st.lists(st.integers(0, 9000))
)
def test_a_claim_is_never_barred_earlier_for_a_later_due_day_or_an_interruption(
    due_on: date, later: int, years: list[int]
):
    reminders = [due_on + timedelta(days=each) for each in years]
    for kind in ("contract", "consumer_sale_price", "judgment", "other"):
        plain = nl.limitation(claim_kind=kind, due_on=due_on)
        assert plain.barred_from <= nl.limitation(claim_kind=kind, due_on=due_on + timedelta(days=later)).barred_from
        assert plain.barred_from <= nl.limitation(claim_kind=kind, due_on=due_on, interruptions=reminders).barred_from


@settings(deadline=None)
@given(
    length=st.sampled_from([7, 9, 10, 11, 12, 13, 14, 16]), digits=st.integers(0, 10**15 - 1), change=st.integers(1, 9)
)
def test_a_made_reference_is_valid_and_one_wrong_digit_of_its_payload_is_found(length: int, digits: int, change: int):
    wanted = length - (length != 7) - (length in range(9, 15))
    payload = str(digits).zfill(15)[-wanted:]
    made = nl.payment_reference(payload=payload, length=length)
    assert made.valid
    assert made.reference is not None
    assert len(made.reference) == length
    assert made.reference.endswith(payload)
    assert nl.payment_reference(reference=made.reference) == made
    if length != 7:
        wrong = made.reference[:-1] + str((int(made.reference[-1]) + change) % 10)
        checked = nl.payment_reference(reference=wrong)
        assert checked.check_digit != made.check_digit or {made.sum % 11, (checked.sum or 0) % 11} == {1, 10}


@settings(deadline=None)
@given(minutes=st.integers(0, 6 * 365 * 24 * 60 - 10 * 24 * 60))
def test_the_next_contact_moment_is_allowed_and_none_before_it_is(minutes: int):
    at = datetime.fromisoformat("2023-01-01T00:00") + timedelta(minutes=minutes)
    window = nl.contact_window(at=at, channel="e_mail")
    assert window.next_allowed_at >= at
    assert nl.contact_window(at=window.next_allowed_at, channel="phone").allowed
    assert window.allowed == (window.next_allowed_at == at)
    if not window.allowed:
        just_before = window.next_allowed_at - timedelta(minutes=1)
        assert not nl.contact_window(at=max(just_before, at), channel="visit").allowed
