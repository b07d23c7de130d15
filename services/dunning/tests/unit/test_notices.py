"""What the notices say: all that the law asks, one amount, one account, one term, and nothing left open."""

import re
from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from contracts.notifications import PaymentBlock, SendMessage
from contracts.values import IndemnityClause, Segment
from dunning.domain.agency import read_agency
from dunning.domain.disputes import read_token
from dunning.domain.strategies import read_strategy, strategies
from dunning.domain.texts import BlockText, common_text
from statutes import be, nl

GSM_7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)


def payment_of(content) -> PaymentBlock:
    [block] = [block for block in content.blocks if isinstance(block, PaymentBlock)]
    return block


@pytest.mark.parametrize("segment", list(Segment))
@pytest.mark.parametrize("language", ["nl", "fr"])
def test_every_notice_of_every_strategy_is_whole_in_both_languages(a_world, segment, language):
    world = a_world(segment, debtor_changes={"language": language}).start().run_until(date(2026, 8, 31))

    texts = world.texts()
    assert len(texts) == len(strategies()[segment].steps)
    for text in texts:
        assert re.search(r"[{}]|\bNone\b|B\.V\.\.", text) is None
    assert {message.language for message in world.of(SendMessage)} == {language}


# --- the fourteen-day letter ---------------------------------------------------------------------------

STATED_IN_THE_LETTER = {
    "creditor": "Bakker Energie B.V.",
    "ground": "Levering van gas en stroom",
    "invoice_number": "2026-001",
    "invoice_on": "31 december 2025",
    "due_on": "14 januari 2026",
    "open_principal": "de hoofdsom van € 760,00",
    "default_statement": "U bent daarom in verzuim",
    "collection_costs_without_vat": "De incassokosten zijn € 114,00 plus",
    "collection_costs_vat": "€ 23,94 btw",
    "collection_costs_including_vat": "samen € 137,94",
    "amount_if_paid_in_time": "Betaal € 763,91 binnen",
    "one_iban": "NL70TRIO0123456789",
    "payment_reference": "7000001234567890",
    "term_wording": "binnen vijftien dagen nadat deze brief bij u is bezorgd",
    "claim_specification": "4% per jaar over € 760,00, van 15 januari 2026 tot en met 2 maart 2026",
}


def the_letter(a_world, make_mandate) -> str:
    world = a_world(Segment.NL_CONSUMER, mandate=make_mandate(can_deduct_vat=False)).start().run_until(date(2026, 3, 3))
    [text] = world.texts()
    return text


@pytest.mark.parametrize("words", STATED_IN_THE_LETTER.values(), ids=STATED_IN_THE_LETTER)
def test_the_fourteen_day_letter_states_what_the_law_asks(a_world, make_mandate, words):
    assert words in the_letter(a_world, make_mandate)


def test_these_are_all_the_words_of_the_law():
    assert set(nl.missing_letter_content(())) == set(STATED_IN_THE_LETTER)


SPECIFIED_IN_THE_DEMAND = {
    "debtor_name_and_address": "Schuldenaar: J. Jansen, Dorpsstraat 1, 3511 AB Utrecht",
    "agency_name_and_address": "Vereffen Incasso B.V. (voorbeeld), Kwijtingstraat 12, 3511 AB Utrecht",
    "creditor_name_and_address": "Bakker Energie B.V., Dorpsstraat 1, 3511 AB Utrecht",
    "creditor_phone_and_e_mail": "telefoon +31301234567, e-mail debiteuren@bakker.example",
    "ground": "Levering van gas en stroom",
    "payment_term": "14 januari 2026",
    "extended_term": "uiterlijk op 26 maart 2026",
    "interest_amount": "€ 5,25",
    "interest_percentages": "4% per jaar",
    "interest_periods": "van 15 januari 2026 tot en met 18 maart 2026",
    "interest_ground": "Wettelijke rente (art. 6:119 BW)",
    "principal": "Hoofdsom: het factuurbedrag van factuur 2026-001 van 31 december 2025 | € 760,00",
    "collection_costs": "Incassokosten | € 114,00",
    "vat": "Btw over de incassokosten | € 23,94",
    "tariff": "het tarief van het Besluit vergoeding voor buitengerechtelijke incassokosten",
    "total": "Nu te betalen | € 903,19",
}


@pytest.fixture
def the_demand(a_world, make_mandate) -> str:
    world = a_world(
        Segment.NL_CONSUMER, mandate=make_mandate(can_deduct_vat=False), costs_cents=11_400, vat_cents=2_394
    )
    return world.start().run_until(date(2026, 3, 19)).texts()[1]


@pytest.mark.parametrize("words", SPECIFIED_IN_THE_DEMAND.values(), ids=SPECIFIED_IN_THE_DEMAND)
def test_the_demand_specifies_the_claim_as_the_quality_rules_ask(the_demand, words):
    assert words in the_demand


def test_these_are_all_the_words_of_the_quality_rules():
    assert set(nl.missing_specification(())) == set(SPECIFIED_IN_THE_DEMAND)


def test_the_letter_gives_no_date_that_could_be_earlier_than_its_wording(a_world, make_mandate):
    assert "uiterlijk op" not in the_letter(a_world, make_mandate)
    assert "18 maart" not in the_letter(a_world, make_mandate)


def test_the_letter_passes_the_law_s_own_check(make_claim):
    checked = nl.fourteen_day_letter(
        principals=[Decimal(760)],
        due_on=make_claim().due_on,
        sent_on=date(2026, 3, 3),
        term_wording="fifteen_days_after_delivery",
        stated_collection_costs=nl.collection_costs(principals=[Decimal(760)]).collection_costs_including_vat,
    )
    assert checked.valid


def test_a_letter_before_default_is_not_sent(a_world, make_claim):
    world = a_world(Segment.NL_CONSUMER).start(make_claim(due_on=date(2026, 3, 9)))

    world.run_until(date(2026, 3, 10))

    assert [line for line in world.story() if "SendMessage" in line] == ["03-10 09:00 SendMessage email"]
    assert world.receipts[0].inputs["defects"] == ["before_default"]


# --- Belgium -------------------------------------------------------------------------------------------


def a_clause_claim(make_claim):
    return make_claim(cents=35_000, indemnity_clause=IndemnityClause(percent="10", maximum_cents=3_500))


REMINDER_IN_FRENCH = {
    "outstanding_balance": "Le solde restant dû est de 350,00 €",
    "indemnity_if_unpaid": "une indemnité de 35,00 €",
    "creditor_name": "Bakker Energie B.V.",
    "creditor_enterprise_number": "numéro d'entreprise 12345678",
    "product": "Levering van gas en stroom",
    "due_date": "14 janvier 2026",
    "free_term": "14 jours calendrier. Ce délai commence le jour qui suit l'envoi de cet e-mail, le 4 mars 2026",
}


@pytest.mark.parametrize("words", REMINDER_IN_FRENCH.values(), ids=REMINDER_IN_FRENCH)
def test_the_first_reminder_states_what_the_code_of_economic_law_asks(a_world, make_claim, words):
    world = a_world(Segment.BE_CONSUMER, debtor_changes={"language": "fr"}).start(a_clause_claim(make_claim))
    world.run_until(date(2026, 3, 3))

    [text] = world.texts()
    assert words in text


def test_a_reminder_by_letter_starts_its_term_on_the_third_working_day(a_world):
    world = a_world(Segment.BE_CONSUMER, debtor_changes={"email": None}).start().run_until(date(2026, 3, 3))

    [text] = world.texts()
    assert "derde werkdag nadat wij deze brief verstuurden: 6 maart 2026. De laatste dag is 19 maart 2026" in text


NOTICE_ITEMS = {
    "creditor_identity_and_contact": (
        "Oorspronkelijke schuldeiser: Bakker Energie B.V., Dorpsstraat 1, 3511 AB Utrecht, telefoon +31301234567, "
        "e-mail debiteuren@bakker.example, ondernemingsnummer 12345678"
    ),
    "collector_identity_and_contact": (
        "Schuldinvorderaar: Vereffen Incasso B.V. (voorbeeld), Kwijtingstraat 12, 3511 AB Utrecht, Nederland, "
        "telefoon +31 30 000 00 00, e-mail dossiers@vereffen.example, ondernemingsnummer 0789123407"
    ),
    "supervising_administration": "inschrijving FOD Economie 000000. Toezicht: FOD Economie",
    "product": "Levering van gas en stroom",
    "due_date": "14 januari 2026",
    "amounts_in_detail": "Schadevergoeding volgens de algemene voorwaarden | € 78,00",
    "right_to_documents": "U mag altijd de bewijsstukken vragen",
    "how_to_dispute": "Bent u het niet eens met dit bedrag?",
    "payment_facilities": "Vraag ons om betalingsfaciliteiten",
    "what_follows_without_reaction": "kunnen andere maatregelen van minnelijke invordering volgen",
}


@pytest.mark.parametrize("words", NOTICE_ITEMS.values(), ids=NOTICE_ITEMS)
def test_the_formal_notice_holds_the_items_of_the_law(a_world, words):
    world = a_world(Segment.BE_CONSUMER).start().run_until(date(2026, 3, 18))

    assert words in world.texts()[1]


def test_these_are_all_the_items_of_the_code_of_economic_law():
    assert set(be.required_content(notice="formal_notice")) == set(NOTICE_ITEMS)
    assert set(be.required_content(notice="first_reminder")) == set(REMINDER_IN_FRENCH)


def test_a_collector_does_not_say_what_only_lawyers_and_bailiffs_must(a_world):
    world = a_world(Segment.BE_CONSUMER).start().run_until(date(2026, 3, 18))

    assert be.not_judicial_sentence(language="nl") not in world.texts()[1]
    assert "op 23 maart 2026, en eindigt op 5 april 2026" in world.texts()[1]


def test_several_debts_announce_the_lower_reading_of_the_cap(a_world, make_claim):
    clause = IndemnityClause(fixed_cents=2_000, maximum_cents=2_000)
    claims = [make_claim(number, cents=10_000, indemnity_clause=clause) for number in (1, 2)]
    world = a_world(Segment.BE_CONSUMER).start(*claims).run_until(date(2026, 3, 3))

    assert "schadevergoeding van € 35,00" in world.texts()[0]  # D21: 20 + 20 each, 35 on the sum


# --- how to pay ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("segment", "iban", "reference"),
    [
        (Segment.NL_CONSUMER, "NL70TRIO0123456789", "7000001234567890"),
        (Segment.BE_CONSUMER, "BE56363123456788", "+++123/4567/89002+++"),
    ],
)
def test_the_payment_block_names_one_amount_account_and_reference(a_world, segment, iban, reference):
    world = a_world(segment).start().run_until(date(2026, 3, 3))

    [content] = world.contents()
    payment = payment_of(content)
    assert (payment.iban, payment.reference) == (iban, reference)
    lines = payment.qr_payload.split("\n")
    assert lines[:4] == ["BCD", "002", "1", "SCT"]
    assert lines[6:8] == [iban, f"EUR{payment.amount_cents // 100}.{payment.amount_cents % 100:02d}"]
    assert lines[9] == "RF471234567890"


def test_the_sms_says_amount_account_and_reference_in_320_plain_characters(a_world):
    for language in ("nl", "fr"):
        world = a_world(Segment.NL_CONSUMER, debtor_changes={"language": language}).start().run_until(date(2026, 3, 23))
        content = world.contents()[-1]
        [block] = content.blocks
        assert len(block.text) <= 320
        assert set(block.text) <= GSM_7
        assert all(part in block.text for part in ("EUR 843,58", "NL70TRIO0123456789", "7000001234567890"))
        assert "gas" not in block.text


def test_the_printed_token_reads_back_as_it_is_stored(a_world):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 3, 3))

    printed = re.search(r"code in: ([A-Z2-7-]+)", world.texts()[0])[1]
    assert read_token(printed.lower().replace("-", " ")) == world.case_file.token
    assert read_token("hello") is None
    assert read_token("") is None


def test_receipts_hold_nothing_personal(a_world):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 6, 30))

    written = str(world.receipts)
    assert world.receipts[0].decision == "send"
    assert "NL-14D-6" in written
    assert not any(part in written for part in ("Jansen", "mail.example", "+316", "Dorpsstraat"))


# --- texts and strategies are checked when they are read -----------------------------------------------


def test_a_block_is_one_thing():
    with pytest.raises(ValidationError, match="a block is one of"):
        BlockText.model_validate({"heading": "a", "paragraph": "b"})


def test_both_languages_have_the_same_fragments_and_rows():
    dutch, french = common_text("nl"), common_text("fr")
    assert dutch.fragments.keys() == french.fragments.keys()
    assert dutch.rows.keys() == french.rows.keys()
    assert dutch.grounds.keys() == french.grounds.keys()


STRATEGY = """
segment: nl_enterprise
law: nl
trust_account: NL
send_from: "09:00"
send_until: "16:00"
review_at: "07:00"
print_cut_off: "17:00"
release: {email_minutes: 120, sms_minutes: 120, letter_minutes_after_cut_off: 30}
wait_after_payment_days: 7
needs_interest_terms: true
steps:
  - name: demand
    notice_type: demand
    text: demand
    channels: [email]
    starts: {after: claims}
    term: {rule: agency_days, days: 7}
    rules: []
judicial_phase: {after: term, of: demand}
"""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("of: demand}", "of: other}", "is no step before it"),
        ("{after: claims}", "{after: sent, of: demand}", "is no step before it"),
        ("[email]", "[sms]", "an SMS only reminds"),
        ("rule: agency_days, days: 7", "rule: fourteen_day_term, days: 7", "days"),
        ("rule: agency_days, days: 7", "rule: agency_days", "days"),
        ('send_until: "16:00"', 'send_until: "18:00"', "follow each other"),
        ("law: nl", "law: nl\ncolour: blue", "colour"),
        ("    term: {rule: agency_days, days: 7}\n", "", "has none"),
    ],
)
def test_a_strategy_that_cannot_be_is_refused_with_its_reason(old, new, fault):
    assert read_strategy(STRATEGY).steps[0].name == "demand"
    assert old in STRATEGY
    with pytest.raises(ValidationError, match=fault):
        read_strategy(STRATEGY.replace(old, new))


def test_an_agency_without_its_registration_or_with_a_wrong_iban_is_refused():
    from pathlib import Path  # noqa: PLC0415

    text = (Path(__file__).parents[4] / "agency.toml").read_text("utf-8")
    assert read_agency(text).trust_account["BE"].iban == "BE56363123456788"
    for old, new in (("NL70TRIO0123456789", "NL71TRIO0123456789"), ('justis = "INC-000000"', 'justis = ""')):
        with pytest.raises(ValidationError):
            read_agency(text.replace(old, new))
