"""Files over HTTP: streamed to disk, taken row by row, answered row by row from disk."""

import asyncio
import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.background import BackgroundTask

from common.runner import Submission
from intake.domain import HandOverFile
from intake.formats import reports, submissions
from intake.formats.refusals import UnreadableFile
from intake.formats.submissions import Handover
from intake.http import answers
from intake.http.bodies import MULTIPART, require_media_type, save_body
from intake.http.keys import Backend, client_of, has_idempotency_key, idempotency_key
from intake.http.problems import invalid_fields
from intake.http.routing import OPTIONAL_KEY, refuse_unless_applied, submit_one
from intake.metrics import CLAIMS, FILES
from intake.repository import KnownClient

WAY = "http"
BINARY = "application/octet-stream"
CSV_TYPES = ("text/csv", "application/csv", "application/vnd.ms-excel", BINARY, MULTIPART)
XML_TYPES = ("application/xml", "text/xml", BINARY, MULTIPART)
FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
FORM: dict[str, Any] = {
    "schema": {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
}


def add_file_routes(app: FastAPI, backend: Backend) -> None:
    """CSV files and UBL invoices."""

    @app.post(
        "/v1/claim-files",
        response_model=answers.FileAnswer,
        responses={207: {"description": "some rows were refused", "model": answers.FileAnswer}},
        openapi_extra=described("text/csv"),
    )
    async def submit_claim_file(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Hand over a CSV file of at most 20 MB and 50,000 rows, as the body or in a form. Each row is answered:
        accepted, repeated or refused with line, field and reason; 207 when any was refused. The file's content names
        it, so the same file again changes nothing; under the same Idempotency-Key it has the same answer, and another
        file under that key is refused.
        """
        client = await client_of(request, backend)
        require_media_type(request, *CSV_TYPES)
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="intake-")))
            report = await take_csv(request, client, backend, folder)
            clean_up = BackgroundTask(stack.pop_all().close)  # once the answer was sent from there
        status = 207 if report.refused else 200
        return FileResponse(report.report, status_code=status, media_type="application/json", background=clean_up)

    @app.post(
        "/v1/invoices",
        status_code=201,
        response_model=answers.ClaimAnswer,
        openapi_extra=described("application/xml"),
    )
    async def submit_invoice(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Hand over a UBL 2.1 invoice of at most 5 MB, as the body or in a form. Its content names it, so the same
        invoice again changes nothing; an Idempotency-Key is heeded as for files.
        """
        client = await client_of(request, backend)
        require_media_type(request, *XML_TYPES)
        with tempfile.TemporaryDirectory(prefix="intake-") as folder:
            path = Path(folder) / "invoice.xml"
            await save_body(request, path)
            sha256 = await asyncio.to_thread(submissions.digest_of, path)
            handover = await handover_of(request, client, backend, sha256=sha256)
            outcomes = submissions.submit_invoice(path, sha256=sha256, handover=handover, taker=backend)
            [outcome] = [outcome async for outcome in outcomes]
        CLAIMS.labels(WAY, outcome.outcome).inc()
        if outcome.errors:
            raise invalid_fields(outcome.errors)
        answer = answers.ClaimAnswer.model_validate(submissions.as_json(outcome))
        return JSONResponse(answer.model_dump(mode="json"), status_code=201)


async def take_csv(request: Request, client: KnownClient, backend: Backend, folder: Path) -> reports.Report:
    """Save the file, hand over its rows, and write what became of each."""
    path = folder / "claims.csv"
    name = await save_body(request, path)
    sha256 = await asyncio.to_thread(submissions.digest_of, path)
    handover = await handover_of(request, client, backend, sha256=sha256)
    outcomes = submissions.submit_csv(path, sha256=sha256, handover=handover, taker=backend)
    try:
        report = await reports.write_report(outcomes, folder=folder, name=path.name, given_name=name, sha256=sha256)
    except UnreadableFile:
        FILES.labels(WAY, "refused").inc()
        raise
    FILES.labels(WAY, "taken").inc()
    for outcome in ("accepted", "repeated", "refused"):
        CLAIMS.labels(WAY, outcome).inc(getattr(report, outcome))
    return report


async def handover_of(request: Request, client: KnownClient, backend: Backend, *, sha256: str) -> Handover:
    """This way of handing over, under the key of the request if it has one. Raises Problem when another file came under
    the same key.
    """
    handover = Handover(client_id=client.client_id, client_number=client.enterprise_number, way=WAY)
    if not has_idempotency_key(request):
        return handover
    key = idempotency_key(request)
    message = HandOverFile(client_id=client.client_id, sha256=sha256)
    answer = await submit_one(backend, Submission(source=f"http:files:{client.client_id}", id=key, message=message))
    refuse_unless_applied(answer)
    return replace(handover, key=key, resumes=answer.status == "repeated")


def described(media_type: str) -> dict[str, Any]:
    """The body in the OpenAPI document."""
    content = {media_type: FILE, MULTIPART: FORM}
    return {
        "security": [{"client": []}],
        "parameters": [OPTIONAL_KEY],
        "requestBody": {"required": True, "content": content},
    }
