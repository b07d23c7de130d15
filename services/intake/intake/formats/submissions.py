"""Rows on their way to the runner, a chunk at a time, and what became of each.

A row's id is its line within a file that is named by its content: after a crash the same file goes on where it stopped,
and a file that comes again changes nothing.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast
from uuid import UUID

from common.blocking import BlockingWork
from common.runner import Answer, Submission
from intake.domain import SubmitClaim
from intake.formats.claims_csv import read_chunks, read_rows
from intake.formats.refusals import ClaimRow, FieldError, RefusedRow
from intake.formats.ubl import claim_of, read_invoice_file

ACCEPTED, REPEATED, REFUSED = "accepted", "repeated", "refused"


class Submitter(Protocol):
    """What takes messages of strangers: the runner."""

    async def submit(self, submissions: Sequence[Submission]) -> list[Answer]:
        """Apply them, and answer each."""
        ...


class Taker(Protocol):
    """What takes files: the service."""

    @property
    def runner(self) -> Submitter:
        """Takes their rows."""
        ...

    @property
    def blocking(self) -> BlockingWork:
        """Reads them."""
        ...


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one claim: accepted, repeated or refused."""

    line: int
    outcome: str
    errors: tuple[FieldError, ...] = ()
    claim_id: str | None = None
    client_reference: str | None = None
    case_file_id: str | None = None
    reference_number: str | None = None


@dataclass(frozen=True, kw_only=True)
class Handover:
    """A file on its way: whose it is, by which way and under which request's key it came, and whether it comes again as
    the same handing over: its rows then get the answers that they had.
    """

    client_id: UUID
    client_number: str  # his own registered number
    way: str  # `http` or `folder`
    key: str = ""
    resumes: bool = False

    def source(self, sha256: str) -> str:
        """The name of this file at the inbox."""
        named = f":{self.key}" if self.key else ""
        return f"{self.way}:{self.client_id}:{sha256}{named}"


def outcome_of(answer: Answer, *, line: int = 0, resumes: bool = False) -> Outcome:
    """What the runner's answer means for a claim."""
    told = answer.body
    if answer.status in {"applied", "repeated"} and told.get("outcome") in {ACCEPTED, REPEATED}:
        return Outcome(
            line=line,
            outcome=REPEATED if answer.status == "repeated" and not resumes else str(told["outcome"]),
            claim_id=told["claim_id"],
            client_reference=told["client_reference"],
            case_file_id=told["case_file_id"],
            reference_number=told["reference_number"],
        )
    return Outcome(line=line, outcome=REFUSED, errors=errors_in(answer))


def errors_in(answer: Answer) -> tuple[FieldError, ...]:
    """Why it was refused, by field."""
    errors = cast("Sequence[Mapping[str, str]]", answer.body.get("errors") or ())
    if errors:
        return tuple(FieldError(field=e["field"], code=e["code"], reason=e["reason"]) for e in errors)
    if answer.status == "conflict":
        reason = "this line of this very file was handed over before and was read otherwise"
        return (FieldError(field="", code="conflict", reason=reason),)
    code = str(answer.body.get("code", answer.status))
    field = "client_reference" if code == "changed_claim" else ""
    return (FieldError(field=field, code=code, reason=str(answer.body.get("detail", "it could not be taken"))),)


async def submit_csv(path: Path, *, sha256: str, handover: Handover, taker: Taker) -> AsyncIterator[Outcome]:
    """Hand over the rows of a CSV file and say what became of each, in order. Raises UnreadableFile first of all when
    the file as a whole can't be taken.
    """
    size_bytes = (await asyncio.to_thread(path.stat)).st_size
    chunks = read_chunks(path)
    while chunk := await asyncio.to_thread(next, chunks, None):
        rows = await taker.blocking.run(size_bytes, read_rows, chunk, client_id=handover.client_id)
        claims = [row for row in rows if isinstance(row, ClaimRow)]
        submissions = [
            Submission(source=handover.source(sha256), id=str(row.line), message=row.claim) for row in claims
        ]
        answers = await taker.runner.submit(submissions) if submissions else []
        became = {
            row.line: outcome_of(answer, line=row.line, resumes=handover.resumes)
            for row, answer in zip(claims, answers, strict=True)
        }
        for row in rows:
            yield became[row.line] if isinstance(row, ClaimRow) else refused(row)


async def submit_invoice(path: Path, *, sha256: str, handover: Handover, taker: Taker) -> AsyncIterator[Outcome]:
    """Hand over a UBL invoice and say what became of it. Raises UnreadableFile when it is none."""
    size_bytes = (await asyncio.to_thread(path.stat)).st_size
    invoice = await taker.blocking.run(size_bytes, read_invoice_file, path)
    claim = claim_of(invoice, client_id=handover.client_id, client_number=handover.client_number)
    if not isinstance(claim, SubmitClaim):
        yield Outcome(line=0, outcome=REFUSED, errors=claim)
        return
    [answer] = await taker.runner.submit([Submission(source=handover.source(sha256), id="invoice", message=claim)])
    yield outcome_of(answer, resumes=handover.resumes)


def refused(row: RefusedRow) -> Outcome:
    """A row that could not be read."""
    return Outcome(line=row.line, outcome=REFUSED, errors=row.errors)


def digest_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        read: Callable[[], bytes] = lambda: file.read(1 << 20)  # noqa: E731  named for its type
        for piece in iter(read, b""):
            digest.update(piece)
    return digest.hexdigest()


def as_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as it is told: empty fields are left out."""
    told: dict[str, Any] = {"line": outcome.line, "outcome": outcome.outcome}
    for name in ("claim_id", "client_reference", "case_file_id", "reference_number"):
        if (value := getattr(outcome, name)) is not None:
            told[name] = value
    if outcome.errors:
        told["errors"] = [{"field": e.field, "code": e.code, "reason": e.reason} for e in outcome.errors]
    return told
