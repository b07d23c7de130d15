"""What holds of every Belgian amount and term, whatever the facts."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from statutes import be, explained_total
from statutes.be.indemnity import can_exceed_the_maxima, legal_maximum
from statutes.rates import interest_rate
from statutes.references import iso11649, structured_communication

CENT = Decimal("0.01")
amounts = st.integers(0, 10_000_000).map(lambda cents: Decimal(cents) / 100)
payments = st.integers(1, 5_000_000).map(lambda cents: Decimal(cents) / 100)
percents = st.integers(0, 3000).map(lambda hundredths: Decimal(hundredths) / 100)
days = st.dates(date(2014, 1, 1), date(2026, 12, 31))
any_days = st.dates(date(1950, 1, 1), date(2200, 12, 31))
series = st.sampled_from(["be_b2b", "be_civil", "be_b2b_contracts_before_2013_03_16"])
divisors = st.sampled_from(["365", "actual"])


@given(amounts, amounts)
def test_the_cap_never_falls_as_the_balance_rises_and_never_passes_two_thousand(first, second):
    low, high = sorted((first, second))
    assert 0 <= legal_maximum(low) <= legal_maximum(high) <= 2000


@given(st.lists(st.tuples(amounts, amounts), max_size=5))
def test_the_default_cap_is_the_lower_of_the_two_readings(figures):
    debts = [be.RemindedDebt(claimed=claimed, paid_inside_term=paid) for claimed, paid in figures]
    per_debt, on_sum, lower = (be.indemnity_cap(debts=debts, cap_per=cap_per) for cap_per in ("debt", "sum", "lower"))
    assert lower.maximum == min(per_debt.maximum, on_sum.maximum)
    for cap in (per_debt, on_sum, lower):
        assert explained_total(cap.explanation) == cap.maximum


clauses = st.builds(
    lambda fixed, percent, bounds: be.IndemnityClause(
        fixed=fixed, percent=percent, minimum=bounds[0], maximum=bounds[1]
    ),
    fixed=st.integers(0, 4000).map(lambda cents: Decimal(cents) / 100),
    percent=st.integers(0, 20).map(Decimal),
    bounds=st.sampled_from([(None, None), (None, "65"), ("20", "2000"), ("20", None), ("0", "20")]).map(
        lambda pair: tuple(None if bound is None else Decimal(bound) for bound in pair)
    ),
)


@given(clauses, st.integers(1, 6_000_000).map(lambda cents: Decimal(cents) / 100))
def test_a_clause_said_to_stay_under_the_maxima_does_so_on_any_balance(clause, balance):
    if not can_exceed_the_maxima(clause):
        assert clause.on(balance) < legal_maximum(balance) + CENT


@given(clauses, amounts, days, st.booleans())
def test_no_clause_ever_gives_more_than_its_cap(clause, balance, contract_on, renewed):
    claim = be.indemnity_claim(
        balance=balance, contract_on=contract_on, modified_or_renewed=renewed, indemnity_clause=clause
    )
    assert 0 <= claim.fixed_indemnity <= claim.maximum
    assert explained_total(claim.explanation) == claim.fixed_indemnity


@given(any_days, st.integers(0, 30), st.sampled_from(["post", "e_mail"]))
def test_a_later_reminder_never_has_an_earlier_term(sent_on, later, channel):
    first = be.reminder_term(sent_on=sent_on, channel=channel)
    second = be.reminder_term(sent_on=sent_on + timedelta(days=later), channel=channel)
    assert first.term_ends_on <= second.term_ends_on
    assert (first.term_ends_on - first.term_starts_on).days == 13
    assert sent_on < first.term_starts_on
    assert first.indemnity_from <= first.safe_indemnity_from


@given(any_days, st.integers(0, 30))
def test_a_later_notice_or_demand_never_has_an_earlier_term(sent_on, later):
    later_on = sent_on + timedelta(days=later)
    assert be.notice_term(sent_on=sent_on).term_ends_on <= be.notice_term(sent_on=later_on).term_ends_on
    demands = [day for day in (sent_on, later_on) if be.calendar.is_working_day(day)]
    assume(len(demands) == 2)
    first, second = (be.ios_dates(served_on=day) for day in demands)
    assert first.month_ends_on <= second.month_ends_on
    assert first.non_contestation_from <= second.non_contestation_from
    assert first.term_ends_on + timedelta(days=8) == first.non_contestation_from


@given(
    any_days, st.integers(1, 240), st.lists(st.tuples(any_days, st.sampled_from(["lawyers_notice", "simple_letter"])))
)
def test_a_letter_never_makes_a_claim_barred_earlier(starts_on, term_months, acts):
    bare = be.limitation(starts_on=starts_on, term_months=term_months)
    answer = be.limitation(
        starts_on=starts_on,
        term_months=term_months,
        acts=[be.LimitationAct(on=on, kind=kind) for on, kind in acts],
    )
    assert answer.ends_on >= bare.ends_on
    assert sum(act.effective for act in answer.acts) <= 1


@given(amounts, series, days, st.integers(0, 1500), divisors)
def test_interest_is_the_rate_of_each_day_and_splits_at_any_day(principal, name, from_on, length, divisor):
    # BE-RATE-3, BE-GEN-2
    through_on = min(from_on + timedelta(days=length), date(2026, 12, 31))
    whole = be.interest(principal=principal, series=name, from_on=from_on, through_on=through_on, divisor=divisor)
    assert whole.late_interest >= 0
    assert sum(line.days for line in whole.lines) == whole.days == (through_on - from_on).days + 1
    assert explained_total(whole.explanation) == whole.total
    assert whole.lines[0].percent == interest_rate(series=name, as_of=from_on).percent
    assert whole.lines[-1].percent == interest_rate(series=name, as_of=through_on).percent
    if length:
        middle = from_on + (through_on - from_on) // 2
        facts = {"principal": principal, "series": name, "divisor": divisor}
        first = be.interest(from_on=from_on, through_on=middle, **facts)
        assert first.late_interest <= whole.late_interest
        if middle < through_on:
            rest = be.interest(from_on=middle + timedelta(days=1), through_on=through_on, **facts)
            assert abs(first.late_interest + rest.late_interest - whole.late_interest) <= CENT


@given(amounts, percents, days, st.integers(0, 800))
def test_interest_is_rounded_once_and_half_up(principal, percent, from_on, length):
    # BE-INT-1, BE-GEN-2
    answer = be.interest(
        principal=principal, percent_per_year=percent, from_on=from_on, through_on=from_on + timedelta(days=length)
    )
    exact = Fraction(principal) * Fraction(percent) * (length + 1) / 36500
    assert answer.late_interest == Decimal(int(exact * 100 + Fraction(1, 2))) / 100


agreed = st.fixed_dictionaries(
    {"percent_per_year": st.one_of(st.none(), percents), "indemnity": st.one_of(st.none(), amounts)}
)


@given(amounts, days, days, st.booleans(), agreed)
def test_a_consumer_never_owes_more_than_the_maxima(balance, sent_on, through_on, is_sme, agreed):
    # BE-XIX-19, BE-COL-11, BE-COST-2
    facts = {"balance": balance, "reminder_sent_on": sent_on, "channel": "post", "creditor_is_sme": is_sme}
    claim = be.consumer_claim(through_on=through_on, **agreed, **facts)
    most = be.consumer_claim(through_on=through_on, **facts)
    assert claim.late_interest <= most.late_interest
    assert claim.fixed_indemnity <= most.fixed_indemnity <= legal_maximum(balance)
    assert claim.total == balance + claim.late_interest + claim.fixed_indemnity == explained_total(claim.explanation)


debts = st.fixed_dictionaries({"costs": amounts, "late_interest": amounts, "principal": amounts, "indemnity": amounts})


@given(debts, st.lists(payments, max_size=6), st.sampled_from(["after_principal", "before_principal"]))
def test_every_cent_of_every_payment_goes_somewhere(debt, paid, rank):
    answer = be.allocation(payments=paid, indemnity_rank=rank, **debt)
    left = answer.left
    assert sum(step.total() for step in answer.steps) + answer.overpayment == sum(paid)
    assert left.total() == max(0, sum(debt.values()) - sum(paid))
    assert explained_total(answer.explanation) == sum(paid)
    assert min(left.costs, left.late_interest, left.principal, left.indemnity) >= 0


open_claims = st.lists(
    st.tuples(
        st.integers(0, 300).map(lambda cents: Decimal(cents) / 100),
        st.sampled_from(["4.5", "10.5"]).map(Decimal),
        st.sampled_from([date(2025, 1, 1), date(2025, 6, 1), date(2026, 6, 1)]),
    ),
    min_size=1,
    max_size=12,
).map(
    lambda rows: [
        be.OpenClaim(claim_id=str(number), open=open_, percent=percent, due_on=due_on)
        for number, (open_, percent, due_on) in enumerate(rows)
    ]
)


@given(open_claims, st.integers(1, 4000).map(lambda cents: Decimal(cents) / 100), st.booleans(), st.data())
def test_a_payment_is_spread_to_the_cent_and_no_claim_gets_more_than_is_open(claims, amount, some_due, data):
    designated = data.draw(st.lists(st.sampled_from([claim.claim_id for claim in claims]), unique=True))
    paid_on = date(2026, 1, 1) if some_due else None
    answer = be.allocation_across_claims(claims=claims, amount=amount, paid_on=paid_on, designated=designated)
    open_by_id = {claim.claim_id: claim.open for claim in claims}
    assert sum(share.amount for share in answer.allocations) + answer.overpayment == amount
    assert all(0 < share.amount <= open_by_id[share.claim_id] for share in answer.allocations)
    assert explained_total(answer.explanation) == amount
    if designated:
        assert {share.claim_id for share in answer.allocations} <= set(designated)
    else:
        assert answer.overpayment == max(0, amount - sum(open_by_id.values()))


@given(amounts, amounts, amounts, amounts, st.booleans())
def test_interest_and_clause_never_pass_a_tenth(principal, interest, indemnity, increases, inside):
    # BE-IOS-11
    answer = be.ios_extras_cap(
        principal=principal,
        late_interest=interest,
        indemnity=indemnity,
        legal_increases=increases,
        legal_increases_in_cap=inside,
    )
    assert answer.extras <= answer.maximum <= principal / 10
    assert answer.extras + answer.remainder + answer.outside_cap == interest + indemnity + increases
    assert explained_total(answer.explanation) == answer.extras + answer.outside_cap


@given(amounts, st.integers(0, 8))
def test_a_debtor_keeps_the_lowest_threshold_and_never_loses_by_earning_more(net, children):
    facts = {"dependent_children": children, "as_of": date(2024, 6, 1)}
    answer = be.wage_seizure(net=net, **facts)
    assert answer.seizable + answer.kept == net
    assert answer.kept >= min(net, Decimal(1341))
    assert explained_total(answer.explanation) == answer.seizable
    assert be.wage_seizure(net=net + 10, **facts).seizable >= answer.seizable


@given(st.integers(0, 9_999_999_999))
def test_one_changed_digit_makes_a_structured_communication_invalid(number):
    digits = structured_communication(number=str(number)).digits
    for at in range(12):
        changed = digits[:at] + str((int(digits[at]) + 1) % 10) + digits[at + 1 :]
        assert not structured_communication(communication=changed).valid


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=21))
def test_a_made_creditor_reference_passes_its_own_check(reference):
    assert iso11649(creditor_reference=iso11649(reference=reference).creditor_reference).valid
