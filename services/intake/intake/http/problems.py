"""Problem details (RFC 9457) for whatever is refused, the framework's own refusals included. No value is quoted."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from common.errors import TemporaryFailure
from intake.formats.refusals import FieldError, UnreadableFile

MEDIA_TYPE = "application/problem+json"
EXAMPLE = {
    "type": "urn:quittance:problem:invalid_fields",
    "title": "Fields are not valid",
    "status": 422,
    "errors": [{"field": "due_date", "code": "not_a_day", "reason": "is no day like 2026-01-31"}],
}


class Problem(Exception):  # noqa: N818  an answer, not a fault of the program
    """A refusal: `code` is a word for machines, `title` says the same to people and never changes with the request."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        *,
        detail: str = "",
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """The answer itself."""
        body: dict[str, Any] = {
            "type": f"urn:quittance:problem:{self.code}",
            "title": self.title,
            "status": self.status,
        }
        if self.detail:
            body["detail"] = self.detail
        if self.errors:
            body["errors"] = [{"field": e.field, "code": e.code, "reason": e.reason} for e in self.errors]
        return JSONResponse(body, status_code=self.status, media_type=MEDIA_TYPE, headers=self.headers)


def invalid_fields(errors: Sequence[FieldError]) -> Problem:
    """What was sent could be read, but some fields can't be taken."""
    return Problem(422, "invalid_fields", "Fields are not valid", errors=errors)


def unreadable(refusal: UnreadableFile) -> Problem:
    """A file of which nothing can be taken."""
    status = 413 if refusal.code in {"too_large", "too_many_rows"} else 422
    return Problem(status, refusal.code, "The file can't be taken", detail=refusal.message)


def answer_with_problems(app: FastAPI) -> None:
    """Every refusal of this application is a problem, whoever refuses."""

    def on_problem(_: Request, fault: Exception) -> JSONResponse:
        return cast("Problem", fault).response()

    def on_unreadable(_: Request, fault: Exception) -> JSONResponse:
        return unreadable(cast("UnreadableFile", fault)).response()

    def on_invalid(_: Request, fault: Exception) -> JSONResponse:
        errors = [
            FieldError(field=place(error["loc"]), code=str(error["type"]), reason=str(error["msg"]))
            for error in cast("RequestValidationError", fault).errors()
        ]
        return invalid_fields(errors).response()

    def on_http(_: Request, fault: Exception) -> JSONResponse:
        refused = cast("HTTPException", fault)
        status = HTTPStatus(refused.status_code)
        return Problem(status, status.name.lower(), status.phrase, headers=refused.headers).response()

    def on_temporary(_: Request, fault: Exception) -> JSONResponse:  # noqa: ARG001  its text is ours alone
        return Problem(503, "try_again", "Try again in a moment", headers={"Retry-After": "1"}).response()

    def on_fault(_: Request, fault: Exception) -> JSONResponse:  # noqa: ARG001  its text is ours alone
        return Problem(500, "internal_fault", "Something failed here; nothing is known to be lost").response()

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(UnreadableFile, on_unreadable)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(TemporaryFailure, on_temporary)
    app.add_exception_handler(Exception, on_fault)


def place(location: Sequence[str | int]) -> str:
    """A field's path without where it stood in the request."""
    return ".".join(str(part) for part in location if part not in {"body", "header", "query", "path"})
