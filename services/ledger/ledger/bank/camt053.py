"""Reads CAMT.052/053/054, versions 01 to 14, as banks really send them: lenient here, strict in `controls`."""

import re
from collections.abc import Iterable
from dataclasses import replace

from ledger.bank.camt_elements import (
    Findings,
    child,
    children,
    is_true,
    local_name,
    read_amount,
    read_count,
    read_day,
    read_sign,
    text_at,
)
from ledger.bank.camt_entries import read_entry
from ledger.bank.xml_border import Element, read_events
from ledger.domain.statements import (
    BankBalance,
    BankFile,
    DeclaredTotal,
    Entry,
    Message,
    Statement,
    UnreadableStatement,
)

MAX_STATEMENT_BYTES = 50 * 1024 * 1024
CONTAINERS = {"Stmt": Message.STATEMENT, "Rpt": Message.REPORT, "Ntfctn": Message.NOTIFICATION}
OPENING = ("OPBD", "PRCD")
CLOSING = ("CLBD",)
VERSION = re.compile(r"camt\.05[234]\.\d{3}\.(\d{2})$")


def read_camt053(raw: bytes) -> BankFile:
    """All statements of a CAMT file. Content never raises: what is odd is a finding, what cannot be read blocks.

    Raises UnreadableStatement for what is no XML document, is larger than MAX_STATEMENT_BYTES or has a DOCTYPE.
    """
    if len(raw) > MAX_STATEMENT_BYTES:
        raise UnreadableStatement(f"the file has {len(raw)} bytes, the limit is {MAX_STATEMENT_BYTES}")
    file_findings = Findings()
    statements = join_pages(_statements_of(raw, file_findings))
    if not statements:
        file_findings.block("no_statement", "The file holds no statement.")
    return BankFile(statements=tuple(statements), findings=tuple(file_findings.found))


def _statements_of(raw: bytes, file_findings: Findings) -> list[Statement]:
    statements: list[Statement] = []
    entries: list[Entry] = []
    findings = Findings()
    entry_count = 0
    version: str | None = None
    own_account: str | None = None
    is_root = True
    for event, element in read_events(raw):
        name = local_name(element)
        if event == "start":
            if is_root:
                is_root = False
                version = _version_of(element, file_findings)
            if name in CONTAINERS:
                entries, findings, entry_count = [], Findings(), 0
            continue
        parent = element.getparent()
        if name == "Ntry" and parent is not None and local_name(parent) in CONTAINERS:
            entry_count += 1
            findings.where = f"entry {entry_count}"
            if entry_count == 1:  # once a statement: a look among all entries for each of them would be quadratic
                own_account = _account_number_of(parent)
            entry = read_entry(element, ordinal=entry_count, account_number=own_account, findings=findings)
            entries += [entry] if entry else []
            element.clear()
        elif name in CONTAINERS:
            findings.where = "statement"
            statements.append(_read_statement(element, version, entries, entry_count, findings))
            element.clear()
    return statements


def _version_of(root: Element, findings: Findings) -> str | None:
    namespace = root.tag.partition("}")[0].lstrip("{") if root.tag.startswith("{") else ""
    match = VERSION.search(namespace)
    if match is None:
        findings.note("namespace_unknown", f"The namespace '{namespace[:80]}' names no CAMT version.")
        return None
    return match.group(1)


def _account_number_of(statement: Element) -> str | None:
    account_number = text_at(statement, "Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id")
    return account_number.replace(" ", "").upper() if account_number else None


def _read_statement(
    element: Element, version: str | None, entries: Iterable[Entry], entry_count: int, findings: Findings
) -> Statement:
    balances = [balance for found in children(element, "Bal") if (balance := _read_balance(found, findings))]
    summary = child(element, "TxsSummry")
    last_page = text_at(element, "StmtPgntn/LastPgInd", "RptPgntn/LastPgInd", "NtfctnPgntn/LastPgInd")
    return Statement(
        message=CONTAINERS[local_name(element)],
        version=version,
        account_number=_account_number_of(element),
        currency=text_at(element, "Acct/Ccy") or _currency_of_balances(element),
        servicer_bic=text_at(element, "Acct/Svcr/FinInstnId/BICFI", "Acct/Svcr/FinInstnId/BIC"),
        statement_id=text_at(element, "Id"),
        sequence_number=read_count(element, "ElctrncSeqNb") or read_count(element, "LglSeqNb"),
        page=read_count(child(element, "StmtPgntn"), "PgNb") or 1,
        is_last_page=last_page is None or is_true(last_page),
        is_duplicate=text_at(element, "CpyDplctInd") is not None,
        created_at=text_at(element, "CreDtTm"),
        opening=_first_of(balances, OPENING),
        closing=_first_of(balances, CLOSING),
        entries=tuple(entries),
        entry_count=entry_count,
        declared_all=_read_total(child(summary, "TtlNtries"), findings),
        declared_credits=_read_total(child(summary, "TtlCdtNtries"), findings),
        declared_debits=_read_total(child(summary, "TtlDbtNtries"), findings),
        findings=tuple(findings.found),
    )


def _read_balance(element: Element, findings: Findings) -> BankBalance | None:
    """A balance; one without a sign is a credit with a finding, which the balance equation then confirms or not."""
    code = text_at(element, "Tp/CdOrPrtry/Cd", "Tp/Cd", "Tp/CdOrPrtry/Prtry", "Tp/Prtry")
    if code not in (*OPENING, *CLOSING):
        return None
    cents = read_amount(child(element, "Amt"), findings)
    if cents is None:
        return None
    sign = read_sign(element, findings)
    if sign is None:
        findings.note("balance_without_sign", f"Balance {code} has no CdtDbtInd; read as a credit.")
    return BankBalance(amount_cents=cents * (sign or 1), on=read_day(child(element, "Dt"), findings), code=code)


def _first_of(balances: list[BankBalance], codes: tuple[str, ...]) -> BankBalance | None:
    for code in codes:
        for balance in balances:
            if balance.code == code:
                return balance
    return None


def _currency_of_balances(element: Element) -> str | None:
    currencies = {amount.get("Ccy") for amount in children(element, "Bal", "Amt")}
    return currencies.pop() if len(currencies) == 1 else None


def _read_total(element: Element | None, findings: Findings) -> DeclaredTotal | None:
    if element is None:
        return None
    total = child(element, "Sum")
    return DeclaredTotal(
        count=read_count(element, "NbOfNtries"),
        sum_cents=None if total is None else read_amount(total, findings),
    )


def join_pages(statements: list[Statement]) -> list[Statement]:
    """Pages of one statement that follow each other in a file become one; its entries are numbered through."""
    joined: list[Statement] = []
    for page in statements:
        before = joined[-1] if joined else None
        if (
            before is None
            or before.is_last_page
            or page.page != before.page + 1
            or (page.account_number, page.sequence_number) != (before.account_number, before.sequence_number)
        ):
            joined.append(page)
            continue
        shifted = (replace(entry, ordinal=entry.ordinal + before.entry_count) for entry in page.entries)
        joined[-1] = replace(
            page,
            opening=before.opening,
            entries=(*before.entries, *shifted),
            entry_count=before.entry_count + page.entry_count,
            findings=(*before.findings, *page.findings),
            statement_id=before.statement_id,
        )
    return joined
