"""The words of Belgian amounts: in four languages, with the same facts, for every line that a result can hold."""

import re
from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest
import yaml

import statutes
from statutes import be

LANGUAGES = ("en", "nl", "fr", "de")
FOLDER = files("statutes") / "data" / "be"
TEXTS = {name: yaml.safe_load((FOLDER / "texts" / f"{name}.yaml").read_text("utf-8")) for name in LANGUAGES}
CODE = "".join(path.read_text("utf-8") for path in (files("statutes") / "be").iterdir() if path.name.endswith(".py"))

euro = Decimal
DAY = date(2024, 6, 1)
CLAUSE = be.IndemnityClause(percent=Decimal(15), minimum=euro("75.00"))


def placeholders(text):
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_every_sentence_with_the_same_facts(language):
    assert set(TEXTS[language]) == set(TEXTS["en"])
    for key, text in TEXTS[language].items():
        assert placeholders(text) == placeholders(TEXTS["en"][key]), key


def results():
    yield be.reminder_term(sent_on=DAY, channel="post", creditor_is_sme=True)
    yield be.reminder_term(sent_on=DAY, channel="e_mail")
    for cause in ("plan_request", "dispute", "debt_mediation"):
        yield be.notice_term(sent_on=DAY, suspension=be.Suspension(cause=cause, received_on=DAY))
    for agreed_days in (None, 45, 90):
        yield be.payment_term(invoice_received_on=DAY, agreed_days=agreed_days)
    yield be.ios_dates(served_on=date(2024, 6, 3), title_served_on=date(2024, 9, 2))
    notice = be.LimitationAct(on=DAY, kind="lawyers_notice")
    yield be.limitation(starts_on=date(2023, 6, 1), term_months=24, acts=[notice])
    yield be.reminder_cost(regular_delivery=False, due_on=DAY)
    yield be.reminder_cost(regular_delivery=True, due_on=DAY)
    earlier = [date(2024, month, 1) for month in (1, 2, 3)]
    yield be.reminder_cost(regular_delivery=True, due_on=DAY, earlier_unpaid_due_on=earlier, postage=euro("1.50"))
    for claimed in ("0.00", "100.00", "350.00", "90000.00"):
        yield be.indemnity_cap(debts=[be.RemindedDebt(claimed=euro(claimed))])
    facts = {"balance": euro("350.00")}
    yield be.indemnity_claim(contract_on=DAY, **facts)
    yield be.indemnity_claim(contract_on=DAY, indemnity_clause=CLAUSE, **facts)
    yield be.indemnity_claim(contract_on=date(2021, 1, 1), indemnity_clause=CLAUSE, **facts)
    yield be.indemnity_claim(contract_on=DAY, indemnity_clause=be.IndemnityClause(fixed=euro("20.00")), **facts)
    yield be.interest(
        principal=euro("1000.00"),
        vat=euro("210.00"),
        series="be_b2b",
        due_on=date(2024, 1, 1),
        paid_on=date(2025, 3, 1),
        is_commercial_contract=True,
        divisor="actual",
    )
    yield be.interest(principal=euro("1000.00"), percent_per_year=Decimal(8), due_on=DAY, paid_on=DAY)
    consumer = {"balance": euro("500.00"), "reminder_sent_on": DAY, "channel": "post"}
    yield be.consumer_claim(through_on=DAY, **consumer)
    yield be.consumer_claim(through_on=date(2024, 12, 31), **consumer)
    parts = {"costs": euro("10.00"), "late_interest": euro("5.00"), "indemnity": euro("20.00")}
    yield be.allocation(principal=euro("100.00"), payments=[euro("50.00"), euro("100.00")], **parts)
    claims = [be.OpenClaim(claim_id="2026-1", open=euro("50.00"), percent=Decimal(4), due_on=DAY)]
    yield be.allocation_across_claims(claims=claims, amount=euro("60.00"))
    yield be.allocation_across_claims(claims=claims, amount=euro("60.00"), designated=["2026-1"])
    extras = {"principal": euro("100.00"), "late_interest": euro("8.00"), "indemnity": euro("8.00")}
    for inside in (False, True):
        yield be.ios_extras_cap(legal_increases=euro("40.00"), legal_increases_in_cap=inside, **extras)
    yield be.ios_costs(principal=euro("350.00"), as_of=date(2018, 1, 1))
    yield be.wage_seizure(net=euro("2000.00"), dependent_children=1, as_of=DAY)
    yield be.procedural_indemnity(claim_value=euro("9000.00"), as_of=DAY)
    yield be.procedural_indemnity(as_of=DAY)


def test_every_line_of_every_result_is_said_in_every_language():
    said = set()
    for result in results():
        for language in LANGUAGES:
            for line in statutes.rendered(result.explanation, language):
                assert line.text
                assert "{" not in line.text
        said |= {line.text_key for line in result.explanation}
    assert said == set(TEXTS["en"]), "each sentence is used, each line has one"


def test_an_amount_reads_like_a_letter_to_its_debtor():
    cap = be.indemnity_cap(debts=[be.RemindedDebt(claimed=euro("1350.00"))])
    first, second = statutes.rendered(cap.explanation, "nl")
    assert first.text == (
        "U moet nog € 1.350,00 betalen. De wet staat dan een vaste vergoeding toe van hoogstens € 65,00."
    )
    assert (first.amount, second.amount) == ("€ 65,00", "€ 42,50")
    assert second.text == "Plus hoogstens 5% van het deel van dat bedrag boven € 500,00."


def test_the_formula_of_a_leap_year_shows_how_its_days_are_divided():
    answer = be.interest(
        principal=euro("1000.00"),
        percent_per_year=Decimal("5.75"),
        from_on=date(2024, 12, 1),
        through_on=date(2025, 1, 31),
        divisor="actual",
    )
    assert answer.explanation[1].formula == "1000.00 x 5.75% x (31 / 365 + 31 / 366)"
