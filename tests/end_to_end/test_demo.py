"""The demo with 60 claims: it adds up. `test_chaos.py` plays it again, disturbed, and expects the same account."""

import email
import email.policy
import json
import re
from decimal import Decimal

import pypdfium2
import pytest
import zxingcpp
from plays import DAYS, Play


def test_the_account_of_sixty_claims_adds_up(first_play: Play):
    figures = first_play.played.figures
    claims, case_files, payments, trust = (
        figures[name] for name in ("claims", "case_files", "payments", "trust_account")
    )
    assert claims["submitted"] == claims["accepted"] + claims["refused"] == 60
    assert case_files["opened"] == sum(case_files[state] for state in ("paid", "on_hold", "handed_off", "open"))
    assert payments["received"] == payments["matched"] + payments["unmatched"]
    assert trust["bank_cents"] == payments["amount_cents"] - figures["remitted_cents"]
    assert trust["difference_cents"] == 0
    assert figures["sent_after_payment"] == 0


def test_everything_that_may_happen_to_a_claim_happened(first_play: Play):
    figures = first_play.played.figures
    counts = [*figures["claims"].values(), *figures["messages"].values(), *figures["payments"].values()]
    counts += [figures["case_files"][state] for state in ("paid", "on_hold", "handed_off")]
    assert all(count > 0 for count in [*counts, figures["remitted_cents"], figures["disputes"]]), figures


def test_the_files_of_the_receivers_hold_what_the_account_counts(first_play: Play):
    figures, folders = first_play.played.figures, first_play.folders
    statements = [path.read_text("utf-8") for path in (folders.bank_in / "done").glob("*.xml")]
    receipts = [cents for text in statements for cents in entries_of(text, "CRDT")]
    debits = [cents for text in statements for cents in entries_of(text, "DBIT")]
    assert len(receipts) == figures["payments"]["received"]
    assert sum(receipts) == figures["payments"]["amount_cents"]
    assert sum(debits) == figures["remitted_cents"]
    assert len(list(folders.mail.iterdir())) == figures["messages"]["email"]
    assert len(list(folders.sms.iterdir())) == figures["messages"]["sms"]
    listed = [json.loads(path.read_text("utf-8"))["count"] for path in folders.letters.glob("*/manifest.json")]
    assert sum(listed) == figures["messages"]["letter"]
    assert len(list(folders.partners.glob("*/HandoffOrdered-*.json"))) == sum(figures["handoffs"].values())


def test_one_step_an_instant_and_few_of_them(first_play: Play):
    assert DAYS < first_play.played.figures["steps"] < 500


def test_a_mail_can_be_read_and_paid_from(first_play: Play):
    path = min(first_play.folders.mail.glob("*.eml"))
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    text = mail.get_body(("plain",)).get_content()
    assert mail["Subject"]
    assert mail["From"].addresses[0].addr_spec == "dossiers@vereffen.example"
    assert re.search(r"(NL70 TRIO 0123 4567 89|BE56 3631 2345 6788)", text)
    [picture] = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert picture.get_content().startswith(b"\x89PNG")


def test_a_letter_can_be_read_and_its_code_scanned(first_play: Play):
    path = min(first_play.folders.letters.glob("*/letters/*.pdf"))
    document = pypdfium2.PdfDocument(path)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    codes = [code.text for page in document for code in zxingcpp.read_barcodes(page.render(scale=3).to_pil())]
    [amount] = re.findall(r"^(?:Bedrag|Montant) (?:€ )?([\d.\s]*\d,\d\d)", text, re.MULTILINE)[:1]
    [scanned] = codes
    lines = scanned.splitlines()
    assert lines[0] == "BCD"
    assert lines[6] in {"NL70TRIO0123456789", "BE56363123456788"}
    assert Decimal(lines[7].removeprefix("EUR")) == Decimal(re.sub(r"[.\s]", "", amount).replace(",", "."))


def test_a_partner_message_holds_what_his_procedure_needs_and_no_more(first_play: Play):
    path = min(first_play.folders.partners.glob("*/HandoffOrdered-*.json"))
    order = json.loads(path.read_text("utf-8"))
    assert order["partner"] == path.parent.name
    assert order["balance"]["open_cents"] > 0
    assert sum(claim["principal_cents"] for claim in order["claims"]) == order["balance"]["principal_cents"]
    assert json.loads(order["debtor"]["value"])["name"]
    assert not {"mandate", "email", "phone", "notices", "client_reference"} & set(order)


@pytest.mark.parametrize("name", ["portfolio", "mail", "sms", "letters", "bank_in", "bank_out", "partners"])
def test_what_the_account_names_is_there(first_play: Play, name: str):
    assert any(getattr(first_play.folders, name).rglob("*"))


def entries_of(statement: str, direction: str) -> list[int]:
    """The cents of a statement's entries in one direction, read as text."""
    entries = re.findall(r"<Ntry>.*?</Ntry>", statement, re.DOTALL)
    amounts = [re.search(r'<Amt Ccy="EUR">(\d+)\.(\d\d)</Amt><CdtDbtInd>(\w+)<', entry) for entry in entries]
    return [int(found[1] + found[2]) for found in amounts if found and found[3] == direction]
