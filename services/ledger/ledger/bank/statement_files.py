"""Statement files: read, judged, and handed to their trust account; then moved to where their verdict says."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import structlog

from common.blocking import BlockingWork
from common.clock import read_now
from common.ids import new_event_id
from common.runner import Answer, Runner, Submission
from ledger.bank.camt053 import MAX_STATEMENT_BYTES, read_camt053
from ledger.domain.client_account import LOCAL
from ledger.domain.statements import Finding, Statement, UnreadableStatement
from ledger.domain.trust_account import ImportStatement, read_statement, trust_account_id
from ledger.metrics import STATEMENT_FILES
from ledger.settings import TrustAccountSettings

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class FileRead:
    """What a file asks for: its statements, each judged by itself, and what is wrong with the file as a whole."""

    sha256: str
    imports: tuple[ImportStatement, ...]
    findings: tuple[Finding, ...]


async def take_statement_file(
    path: Path, *, runner: Runner, blocking: BlockingWork, trust_accounts: Mapping[str, TrustAccountSettings]
) -> None:
    """One CAMT.053 file: `done/` when all of it is booked (or was before), `held/` with a report when a control blocks,
    `refused/` when it cannot be read. Its bytes are never changed.
    """
    async with runner.pool.acquire() as connection:
        today = (await read_now(connection)).astimezone(LOCAL).date()
    size_bytes = (await asyncio.to_thread(path.stat)).st_size
    try:
        read = await blocking.run(size_bytes, read_file, path, trust_accounts=trust_accounts, today=today)
    except UnreadableStatement as fault:
        await _settle(path, "refused", {"reason": str(fault)})
        return
    answers = await _submit(runner, {f"{read.sha256}/{n}": message for n, message in enumerate(read.imports)})
    verdict, report = _verdict(read, answers)
    await _settle(path, verdict, report)


async def _submit(runner: Runner, imports: Mapping[str, ImportStatement]) -> list[Answer]:
    """The answer to each statement. One that was held before is judged anew: the one before it may be booked by now."""
    if not imports:
        return []
    submissions = [Submission(source="bank", id=name, message=message) for name, message in imports.items()]
    answers = dict(zip(imports, await runner.submit(submissions), strict=True))
    held = [name for name, answer in answers.items() if answer.status != "applied" and _decision(answer) == "held"]
    anew = [Submission(source="bank", id=f"{name}/{new_event_id()}", message=imports[name]) for name in held]
    if anew:
        answers |= zip(held, await runner.submit(anew), strict=True)
    return list(answers.values())


def _decision(answer: Answer) -> object:
    return answer.body.get("decision")


async def _settle(path: Path, verdict: str, report: Mapping[str, Any]) -> None:
    await asyncio.to_thread(_move, path, verdict, report)
    STATEMENT_FILES.labels(verdict).inc()
    log.info("statement_file_taken", verdict=verdict, statements=len(report.get("statements", ())))


def read_file(path: Path, *, trust_accounts: Mapping[str, TrustAccountSettings], today: date) -> FileRead:
    """The statements of a file at their trust accounts. Raises UnreadableStatement."""
    raw = _read(path)
    bank_file = read_camt053(raw)
    imports = [
        ImportStatement(
            trust_account_id=trust_account_id(iban),
            iban=iban,
            country="BE" if country == "BE" else "NL",
            statement=read_statement(statement, iban, today=today),
        )
        for statement in bank_file.statements
        for country, iban in [_whose(statement, trust_accounts)]
    ]
    return FileRead(sha256=hashlib.sha256(raw).hexdigest(), imports=tuple(imports), findings=bank_file.findings)


def _whose(statement: Statement, trust_accounts: Mapping[str, TrustAccountSettings]) -> tuple[str, str]:
    """The trust account of a statement; one of a stranger's account is judged, and held, at the first of ours."""
    for country, trust in trust_accounts.items():
        if trust.iban == statement.account_number:
            return country, trust.iban
    country, trust = next(iter(trust_accounts.items()))
    return country, trust.iban


def _read(path: Path) -> bytes:
    if path.stat().st_size > MAX_STATEMENT_BYTES:
        raise UnreadableStatement(f"the file has {path.stat().st_size} bytes, the limit is {MAX_STATEMENT_BYTES}")
    return path.read_bytes()


def _verdict(read: FileRead, answers: list[Answer]) -> tuple[str, dict[str, Any]]:
    statements = [{"status": answer.status, **answer.body} for answer in answers]
    report = {"findings": [finding.text for finding in read.findings], "statements": statements}
    is_whole = answers and all(_decision(answer) in {"booked", "skipped"} for answer in answers)
    return ("done" if is_whole else "held"), report


def _move(path: Path, folder: str, report: Mapping[str, Any]) -> None:
    target = path.parent / folder
    target.mkdir(exist_ok=True)
    if folder != "done":
        (target / f"{path.name}.report.json").write_text(json.dumps(report, indent=2), "utf-8")
    path.rename(target / path.name)
