"""References and registered numbers: made, checked, and refused."""

from decimal import Decimal

import pytest

import statutes
from statutes import references

IBAN = "BE54000000000097"


@pytest.mark.parametrize("number", ["1", "0", "97", "9999999999"])
def test_a_structured_communication_that_was_made_is_valid_in_every_form(number):
    made = references.structured_communication(number=number)
    assert made.digits is not None
    assert made.digits[:10] == number.rjust(10, "0")
    stars = made.communication.replace("+", "*")
    bare = made.communication.strip("+")
    for form in (made.communication, stars, bare, made.digits):
        assert references.structured_communication(communication=form) == made


def test_a_number_that_97_divides_gets_97_as_check():
    assert references.structured_communication(number="97").communication == "+++000/0000/09797+++"


@pytest.mark.parametrize("number", ["", "12345678901", "12a", "-5"])
def test_a_number_that_cannot_be_carried_is_refused(number):
    with pytest.raises(statutes.InvalidInput):
        references.structured_communication(number=number)


def test_one_of_two_inputs_is_asked_for():
    with pytest.raises(statutes.InvalidInput):
        references.structured_communication()
    with pytest.raises(statutes.InvalidInput):
        references.structured_communication(number="1", communication="1")
    with pytest.raises(statutes.InvalidInput):
        references.iso11649()


@pytest.mark.parametrize("text", ["+++085/1927/54115***", "085/1927/5411", "++085/1927/54115++", "0851927541 15 0", ""])
def test_what_is_no_structured_communication_is_not_valid(text):
    answer = references.structured_communication(communication=text)
    assert (answer.valid, answer.communication, answer.digits) == (False, None, None)


@pytest.mark.parametrize("reference", ["1", "539007547034", "ABC123", "A" * 21])
def test_a_creditor_reference_that_was_made_is_valid(reference):
    made = references.iso11649(reference=reference)
    assert made.creditor_reference.startswith("RF")
    spaced = f"{made.creditor_reference[:4]} {made.creditor_reference[4:]}"
    assert references.iso11649(creditor_reference=spaced) == made


def test_the_published_creditor_reference_is_made_from_its_digits():
    assert references.iso11649(reference="539007547034").creditor_reference == "RF18539007547034"


@pytest.mark.parametrize("reference", ["", "A" * 22, "12-34", "é"])
def test_a_reference_that_cannot_be_carried_is_refused(reference):
    with pytest.raises(statutes.InvalidInput):
        references.iso11649(reference=reference)


@pytest.mark.parametrize("text", ["RF18", "RFXX539007547034", "18539007547034", "RF18-5390-0754-7034"])
def test_what_is_no_creditor_reference_is_not_valid(text):
    assert not references.iso11649(creditor_reference=text).valid


@pytest.mark.parametrize(
    ("iban", "iso_valid", "national_valid"),
    [
        ("NL91ABNA0417164300", True, False),  # valid, but not Belgian
        ("BE55000000000097", False, True),
        ("BE5400000000009", False, False),
        ("", False, False),
    ],
)
def test_an_account_passes_both_checks_or_is_not_valid(iban, iso_valid, national_valid):
    answer = references.iban(iban=iban)
    assert (answer.iso_valid, answer.national_valid, answer.valid) == (iso_valid, national_valid, False)


@pytest.mark.parametrize(
    ("number", "valid"),
    [("0428759497", True), ("0428 759 497", True), ("428759497", False), ("2428759497", False), ("0000000000", False)],
)
def test_an_enterprise_number_has_ten_digits_and_its_check(number, valid):
    assert references.enterprise_number(number=number).valid is valid


@pytest.mark.parametrize(
    ("number", "valid"),
    [("BE 0428.759.497", True), ("BE0431150351", False), ("NL004495445B01", True), ("DE136695976", False)],
)
def test_a_vat_number_of_either_country_is_checked(number, valid):
    assert references.vat_number(number=number).valid is valid


def a_payment_code(**facts):
    return references.epc_qr(**{"name": "Incasso Test BV", "iban": IBAN, "amount": Decimal("5.00"), **facts}).payload


def test_a_structured_communication_stands_on_the_unstructured_line():
    payload = a_payment_code(communication="+++085/1927/54115+++")
    assert payload.split("\n")[9:] == ["", "+++085/1927/54115+++"]
    assert "EUR5.00" in payload


def test_a_code_without_reference_ends_at_its_amount():
    assert a_payment_code().endswith("\nEUR5.00")
    assert a_payment_code(bic="GEBABEBB", purpose="GDDS").split("\n")[4:9] == [
        "GEBABEBB",
        "Incasso Test BV",
        IBAN,
        "EUR5.00",
        "GDDS",
    ]


@pytest.mark.parametrize(
    "facts",
    [
        {"creditor_reference": "RF18539007547034"},
        {"communication": "+++085/1927/54115+++", "purpose": "GDDS"},
        {"communication": "één", "bic": "GEBABEBB"},
    ],
)
def test_the_payload_is_that_of_a_public_encoder(facts):
    encoder = pytest.importorskip("segno.helpers")
    theirs = {"reference": facts.get("creditor_reference"), "text": facts.get("communication")}
    known = encoder._make_epc_qr_data(
        name="Incasso Test BV",
        iban=IBAN,
        amount=Decimal("123.45"),
        bic=facts.get("bic"),
        purpose=facts.get("purpose"),
        encoding="utf-8",
        **theirs,
    )
    assert a_payment_code(amount=Decimal("123.45"), **facts).encode() == known


@pytest.mark.parametrize(
    "facts",
    [
        {"iban": "BE55000000000097"},
        {"iban": "BE41091811735141"},  # the national check fails
        {"creditor_reference": "RF17539007547034"},
        {"creditor_reference": "RF18539007547034", "communication": "both"},
        {"name": "x" * 71},
        {"name": ""},
        {"name": "two\nlines"},
        {"communication": "x" * 141},
        {"communication": "é" * 140, "name": "é" * 70},  # more than 331 bytes
        {"purpose": "LONGER"},
        {"bic": "GEBA"},
        {"amount": Decimal("0.00")},
        {"amount": Decimal("1000000000.00")},
    ],
)
def test_a_code_that_a_bank_would_refuse_is_not_made(facts):
    with pytest.raises(statutes.InvalidInput):
        a_payment_code(**facts)
