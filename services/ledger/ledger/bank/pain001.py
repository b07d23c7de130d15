"""Writes payment files: pain.001.001.09, SEPA credit transfers from one trust account."""

from datetime import UTC
from pathlib import Path

from ledger.bank.xml_border import Element, append, new_root, read_events, schema_errors, to_bytes
from ledger.domain.payouts import (
    MAX_NAME,
    MAX_TEXT,
    InvalidPayout,
    Payout,
    PayoutBatch,
    bare_iban,
    check_batch,
    end_to_end_id,
    message_id,
    payment_information_id,
    sepa_text,
    uetr,
)
from ledger.domain.references import is_belgian_reference, is_creditor_reference, is_dutch_reference

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
SCHEMA = Path(__file__).parent / "xsd" / "pain.001.001.09.xsd"


def write_pain001(batch: PayoutBatch) -> bytes:
    """The payment file of a batch: the same batch is the same bytes. Valid against the ISO schema, sums compared.

    Raises InvalidPayout for what no bank would take. No address is written: SEPA needs none inside the EEA.
    """
    check_batch(batch)
    root = new_root("Document", NAMESPACE)
    message = append(root, "CstmrCdtTrfInitn")
    header = append(message, "GrpHdr")
    append(header, "MsgId", message_id(batch.batch_id))
    append(header, "CreDtTm", batch.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    _append_totals(header, batch)
    append(header, "InitgPty/Nm", sepa_text(batch.trust_entity_name, limit=MAX_NAME))
    payment = _append_payment_information(message, batch)
    for payout in batch.payouts:
        _append_transfer(payment, payout)
    raw = to_bytes(root)
    _assert_written(raw, batch)
    return raw


def _append_payment_information(message: Element, batch: PayoutBatch) -> Element:
    payment = append(message, "PmtInf")
    append(payment, "PmtInfId", payment_information_id(batch.batch_id))
    append(payment, "PmtMtd", "TRF")
    append(payment, "BtchBookg", "false" if batch.single_bookings else "true")
    _append_totals(payment, batch)
    append(payment, "PmtTpInf/SvcLvl/Cd", "SEPA")
    append(payment, "ReqdExctnDt/Dt", batch.execute_on.isoformat())
    append(payment, "Dbtr/Nm", sepa_text(batch.trust_entity_name, limit=MAX_NAME))
    debtor = append(payment, "DbtrAcct")
    append(debtor, "Id/IBAN", bare_iban(batch.trust_iban))
    append(debtor, "Ccy", "EUR")
    if batch.trust_bic is None:
        append(payment, "DbtrAgt/FinInstnId/Othr/Id", "NOTPROVIDED")
    else:
        append(payment, "DbtrAgt/FinInstnId/BICFI", batch.trust_bic)
    append(payment, "ChrgBr", "SLEV")
    return payment


def _append_transfer(payment: Element, payout: Payout) -> None:
    transfer = append(payment, "CdtTrfTxInf")
    ids = append(transfer, "PmtId")
    append(ids, "EndToEndId", end_to_end_id(payout.payout_id))
    append(ids, "UETR", str(uetr(payout.payout_id)))
    append(transfer, "Amt/InstdAmt", _amount(payout.amount_cents)).set("Ccy", "EUR")
    append(transfer, "Cdtr/Nm", sepa_text(payout.creditor_name, limit=MAX_NAME))
    append(transfer, "CdtrAcct/Id/IBAN", bare_iban(payout.creditor_iban))
    if payout.reference is not None:
        _append_reference(transfer, payout)
    elif text := sepa_text(payout.text or "", limit=MAX_TEXT):
        append(transfer, "RmtInf/Ustrd", text)


def _append_reference(transfer: Element, payout: Payout) -> None:
    """A structured reference: BBA issues the Belgian one, CUR the Dutch one, the ISO one needs no issuer."""
    value = "".join(character for character in (payout.reference or "").upper() if character.isalnum())
    if is_belgian_reference(value):
        issuer = "BBA"
    elif is_creditor_reference(value):
        issuer = None
    elif is_dutch_reference(value):
        issuer = "CUR"
    else:
        raise InvalidPayout(f"payout {payout.payout_id}: its reference is none of a known form")
    reference = append(transfer, "RmtInf/Strd/CdtrRefInf")
    kind = append(reference, "Tp")
    append(kind, "CdOrPrtry/Cd", "SCOR")
    if issuer:
        append(kind, "Issr", issuer)
    append(reference, "Ref", value)


def _append_totals(element: Element, batch: PayoutBatch) -> None:
    append(element, "NbOfTxs", str(len(batch.payouts)))
    append(element, "CtrlSum", _amount(batch.total_cents))


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _assert_written(raw: bytes, batch: PayoutBatch) -> None:
    """What stands in the file is what was asked for: a departure is our own mistake, and the file must not leave."""
    errors = schema_errors(raw, SCHEMA)
    assert not errors, f"the payment file is not valid: {errors[:3]}"
    texts = [
        (element.tag.rpartition("}")[2], element.text or "") for event, element in read_events(raw) if event == "end"
    ]
    written = [int(text.replace(".", "")) for name, text in texts if name == "InstdAmt"]
    assert written == [payout.amount_cents for payout in batch.payouts]
    assert [text for name, text in texts if name == "CtrlSum"] == [_amount(sum(written))] * 2
