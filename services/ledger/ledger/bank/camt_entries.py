"""Entries and the payments inside them, read from `Ntry` elements."""

from collections.abc import Iterator

from ledger.bank.camt_elements import (
    Findings,
    child,
    children,
    is_true,
    read_amount,
    read_count,
    read_day,
    read_sign,
    reference_at,
    text_at,
)
from ledger.bank.xml_border import Element
from ledger.domain.statements import Counterparty, Entry, EntryStatus, StructuredReference, Transaction

STATUSES = {status.value: status for status in EntryStatus}


def read_entry(element: Element, *, ordinal: int, account_number: str | None, findings: Findings) -> Entry | None:
    """One entry, or None with a finding that blocks when amount, sign, status or day cannot be read."""
    amount = child(element, "Amt")
    cents = read_amount(amount, findings)
    sign = read_sign(element, findings)
    if sign is None:
        findings.block("entry_without_sign", "The entry says neither credit nor debit.")
    status = _read_status(element, findings)
    booked_on = read_day(child(element, "BookgDt"), findings)
    value_on = read_day(child(element, "ValDt"), findings)
    if booked_on is None or value_on is None:
        findings.note("entry_date_missing", "Booking date or value date is missing; the other one is taken for both.")
    booked_on, value_on = booked_on or value_on, value_on or booked_on
    if booked_on is None or value_on is None:
        findings.block("entry_without_date", "The entry has no date.")
    if cents is None or sign is None or status is None or booked_on is None or value_on is None or amount is None:
        return None
    currency = amount.get("Ccy") or ""
    return Entry(
        ordinal=ordinal,
        amount_cents=cents * sign,
        currency=currency,
        status=status,
        is_reversal=is_true(text_at(element, "RvslInd")),
        booked_on=booked_on,
        value_on=value_on,
        bank_reference=reference_at(element, "AcctSvcrRef"),
        entry_reference=reference_at(element, "NtryRef"),
        type_code=_type_code(element),
        batch_count=read_count(element, "NtryDtls/Btch/NbOfTxs"),
        payment_information_id=reference_at(element, "NtryDtls/Btch/PmtInfId"),
        text=text_at(element, "AddtlNtryInf") or "",
        details=tuple(_read_details(element, cents * sign, currency, account_number, findings)),
    )


def _read_status(element: Element, findings: Findings) -> EntryStatus | None:
    text = text_at(element, "Sts/Cd", "Sts/Prtry", "Sts")
    if text is None:
        return EntryStatus.BOOKED
    if text.upper() in STATUSES:
        return STATUSES[text.upper()]
    findings.block("status_unknown", f"The entry has the unknown status '{text[:20]}'.")
    return None


def _type_code(element: Element) -> str | None:
    domain = [text_at(element, f"BkTxCd/Domn/{path}") for path in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    return "/".join(part for part in domain if part) or text_at(element, "BkTxCd/Prtry/Cd")


def _read_details(
    element: Element, entry_cents: int, currency: str, account_number: str | None, findings: Findings
) -> Iterator[Transaction]:
    details = children(element, "NtryDtls", "TxDtls")
    more_text = text_at(element, "AddtlNtryInf")
    declared = read_count(element, "NtryDtls/Btch/NbOfTxs")
    if not details and declared in (None, 0, 1):
        # nothing inside: the entry is its only payment, told by its own text
        yield Transaction(index=0, amount_cents=entry_cents, counterparty=Counterparty(), text=more_text or "")
        return
    for index, detail in enumerate(details):
        cents = _detail_cents(detail, entry_cents, currency)
        if cents is None and len(details) == 1:
            cents = entry_cents
        if cents is None:
            findings.note(
                "detail_without_amount", "A payment inside the entry has no amount in the account's currency."
            )
            cents = 0
        yield Transaction(
            index=index,
            amount_cents=cents,
            counterparty=_counterparty(detail, is_credit=cents >= 0, own_account=account_number),
            references=tuple(_references(detail)),
            text=_remittance_text(detail) or (more_text if len(details) == 1 else None) or "",
            end_to_end_id=reference_at(detail, "Refs/EndToEndId"),
            payment_information_id=reference_at(detail, "Refs/PmtInfId"),
            bank_reference=reference_at(detail, "Refs/AcctSvcrRef"),
            mandate_id=reference_at(detail, "Refs/MndtId"),
            return_reason=text_at(detail, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"),
        )


def _detail_cents(detail: Element, entry_cents: int, currency: str) -> int | None:
    """The signed amount of a payment inside an entry, in the currency of the account; a foreign one is never taken."""
    for path in (("Amt",), ("AmtDtls", "TxAmt", "Amt"), ("AmtDtls", "InstdAmt", "Amt")):
        amount = child(detail, *path)
        if amount is not None and amount.get("Ccy", currency) == currency:
            quiet = Findings()
            cents = read_amount(amount, quiet)
            if cents is not None:
                sign = read_sign(detail, quiet) or (1 if entry_cents >= 0 else -1)
                return cents * sign
    return None


def _counterparty(detail: Element, *, is_credit: bool, own_account: str | None) -> Counterparty:
    """The other side: the debtor of a credit, the creditor of a debit; the reverse where that side is ourselves."""
    sides = ("Dbtr", "Cdtr") if is_credit else ("Cdtr", "Dbtr")
    found = [_counterparty_on(detail, side) for side in sides]
    for counterparty in found:
        if counterparty != Counterparty() and (
            counterparty.account_number is None or counterparty.account_number != own_account
        ):
            return counterparty
    return Counterparty()


def _counterparty_on(detail: Element, side: str) -> Counterparty:
    account_number = text_at(
        detail,
        f"RltdPties/{side}Acct/Id/IBAN",
        f"RltdPties/{side}Acct/Id/Othr/Id",
        f"RltdPties/{side}Acct/Id/PrtryAcct/Id",
    )
    return Counterparty(
        name=text_at(detail, f"RltdPties/{side}/Pty/Nm", f"RltdPties/{side}/Nm"),
        account_number=account_number.replace(" ", "").upper() if account_number else None,
        bic=text_at(detail, f"RltdAgts/{side}Agt/FinInstnId/BICFI", f"RltdAgts/{side}Agt/FinInstnId/BIC"),
        ultimate_name=text_at(detail, f"RltdPties/Ultmt{side}/Pty/Nm", f"RltdPties/Ultmt{side}/Nm"),
    )


def _references(detail: Element) -> Iterator[StructuredReference]:
    for reference in children(detail, "RmtInf", "Strd", "CdtrRefInf"):
        value = reference_at(reference, "Ref", "CdtrRef")
        if value:
            yield StructuredReference(
                value=value,
                issuer=text_at(reference, "Tp/Issr", "CdtrRefTp/Issr"),
                code=text_at(reference, "Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry", "CdtrRefTp/Cd"),
            )


def _remittance_text(detail: Element) -> str | None:
    """The free text, its pieces joined with one blank; some banks put all of it in the additional information."""
    pieces = [" ".join((piece.text or "").split()) for piece in children(detail, "RmtInf", "Ustrd")]
    return " ".join(piece for piece in pieces if piece)[:2_000] or text_at(detail, "AddtlTxInf")
