"""What the routes share: how a message is submitted, what an answer refuses, and how keys stand in the document."""

from typing import Any

from fastapi import Request

from common.messages import Message
from common.runner import Answer, Submission
from intake.formats.refusals import FieldError
from intake.http.keys import Backend, idempotency_key
from intake.http.problems import EXAMPLE, MEDIA_TYPE, Problem, invalid_fields

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": {MEDIA_TYPE: {"example": EXAMPLE}}}
    for status, description in {
        400: "a header is missing",
        401: "no valid key",
        413: "too large",
        415: "not a kind that is read here",
        422: "refused, with the reason by field",
    }.items()
}
KEY = {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string", "maxLength": 255}}
OPTIONAL_KEY = {**KEY, "required": False}
CLIENT_KEY: dict[str, Any] = {"security": [{"client": []}]}
OPERATOR_KEY: dict[str, Any] = {"security": [{"operator": []}]}


async def submit_one(backend: Backend, submission: Submission) -> Answer:
    """Submit one message and wait for its answer."""
    [answer] = await backend.runner.submit([submission])
    return answer


async def submit_for_operator(backend: Backend, request: Request, message: Message) -> None:
    """Submit what the operator asks under his Idempotency-Key."""
    submission = Submission(source="http:operator", id=idempotency_key(request), message=message)
    refuse_unless_applied(await submit_one(backend, submission))


def refuse_unless_applied(answer: Answer) -> None:
    """Raise the problem that an answer is, if it is one."""
    if answer.status == "conflict":
        raise key_used_before()
    code = str(answer.body.get("code", ""))
    if code == "not_found":
        raise Problem(404, "not_found", "There is no such client")
    if answer.status == "refused":
        raise invalid_fields([FieldError(field="", code=code, reason=str(answer.body.get("detail", "")))])


def key_used_before() -> Problem:
    """One key names one request."""
    return Problem(422, "idempotency_key_reused", "This Idempotency-Key came before with another request")
