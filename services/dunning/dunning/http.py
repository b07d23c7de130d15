"""Where debtors dispute: a page for people, JSON for programs. The token travels in the body, never in the address."""

import hashlib
import hmac
import html
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.exceptions import HTTPException

from common.ids import new_event_id
from common.messages import Personal
from common.runner import Answer, Submission
from contracts.dunning import HoldReason
from dunning import metrics
from dunning.domain.disputes import Reason, read_token, submission_of
from dunning.domain.holds import ReleaseHold

MOST_BODY_BYTES = 16_384
SOURCE = "disputes"
NO_NUL = r"^[^\x00]*$"  # which the database refuses
Submit = Callable[[Sequence[Submission]], Awaitable[list[Answer]]]
B = TypeVar("B", bound=BaseModel)


class DisputeBody(BaseModel):
    """What a debtor sends."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: Annotated[str, StringConstraints(max_length=64, pattern=NO_NUL)]
    reason: Reason
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000, pattern=NO_NUL)] = Field(default="")


class DisputeHeld(BaseModel):
    """The file is on hold since this instant."""

    dispute_id: str
    held_at: str


class ReleaseBody(BaseModel):
    """Why the file was held, and why it need not be any more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: HoldReason
    because: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000, pattern=NO_NUL)]


class Release(BaseModel):
    """Since when, and what else holds the file."""

    released_at: str
    still_held: list[HoldReason]


class Problem(Exception):  # noqa: N818
    """An answer in problem+json (RFC 9457)."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title)
        self.status, self.title, self.detail = status, title, detail

    def body(self) -> dict[str, Any]:
        """The fields of the answer; nothing that was sent is repeated."""
        return {"type": "about:blank", "status": self.status, "title": self.title, "detail": self.detail}


UNKNOWN = Problem(404, "Unknown token", "No notice bears this token.")


def say_problems(app: FastAPI) -> None:
    """Every error is problem+json (RFC 9457), also that there is nothing here."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, problem: Problem) -> Response:
        return JSONResponse(problem.body(), status_code=problem.status, media_type="application/problem+json")

    @app.exception_handler(HTTPException)
    async def _not_here(request: Request, fault: HTTPException) -> Response:
        problem = Problem(fault.status_code, fault.detail, "Look at /v1/openapi.json for what is there.")
        return await _problem(request, problem)

    @app.exception_handler(RequestValidationError)
    async def _not_so(request: Request, fault: RequestValidationError) -> Response:
        return await _problem(request, Problem(422, "Not an address of ours", _faults(fault.errors())))

    @app.exception_handler(Exception)
    async def _failed(request: Request, fault: Exception) -> Response:
        del fault  # its text is ours alone
        return await _problem(request, Problem(500, "Something failed here", "Try again in a moment."))


def make_http(submit: Submit, *, operator_key_sha256: str = "") -> FastAPI:
    """The HTTP of dunning, over the runner's `submit`. The operator's routes open to nobody when no key is set."""
    app = FastAPI(title="Quittance dunning", docs_url=None, redoc_url=None, openapi_url="/v1/openapi.json")

    say_problems(app)
    add_dispute_routes(app, submit)

    @app.post(
        "/v1/case-files/{case_file_id}/hold-releases",
        status_code=201,
        responses={401: {}, 404: {}, 409: {}},
        openapi_extra=_body_of(ReleaseBody),
    )
    async def _release_hold(case_file_id: UUID, request: Request) -> Release:
        """A person looked at the file: it may move again, as far as this reason goes. The operator's key opens it."""
        require_operator(request, operator_key_sha256)  # before anything is read
        return await release_hold(submit, case_file_id, await _read_body(request, ReleaseBody, title="Not a release"))

    return app


def add_dispute_routes(app: FastAPI, submit: Submit) -> None:
    """Where debtors dispute."""

    @app.post("/v1/disputes", status_code=201, response_model=DisputeHeld, openapi_extra=_body_of(DisputeBody))
    async def _file_dispute(request: Request) -> Response:
        dispute = await _read_body(request, DisputeBody, title="Not a dispute")
        status, body = await file_dispute(submit, dispute)
        return JSONResponse(body, status_code=status)

    @app.get("/disputes", include_in_schema=False)
    async def _page() -> Response:
        return HTMLResponse(PAGE.format(message=""), headers=PAGE_HEADERS)

    @app.post("/disputes", include_in_schema=False)
    async def _page_sent(request: Request) -> Response:
        fields = parse_qs((await _limited_body(request)).decode("utf-8", "replace"))
        try:
            dispute = DisputeBody.model_validate({name: values[0] for name, values in fields.items()})
            status, body = await file_dispute(submit, dispute)
        except (ValidationError, Problem) as fault:
            status = fault.status if isinstance(fault, Problem) else 422
            return HTMLResponse(PAGE.format(message=NOT_FILED), status_code=status, headers=PAGE_HEADERS)
        message = FILED.format(held_at=html.escape(str(body.get("held_at", ""))))
        return HTMLResponse(PAGE.format(message=message), status_code=status, headers=PAGE_HEADERS)


def require_operator(request: Request, key_sha256: str) -> None:
    """Raises Problem for every other key, and for all of them when none is set."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    given = hashlib.sha256(key.strip().encode()).hexdigest()
    if scheme.lower() != "bearer" or not key_sha256 or not hmac.compare_digest(given, key_sha256):
        raise Problem(401, "A valid key is needed", "Send the operator's key as a bearer token.")


async def release_hold(submit: Submit, case_file_id: UUID, asked: "ReleaseBody") -> "Release":
    """Submit a release, each of them a new one. Raises Problem where there is no such file, or no such hold."""
    message = ReleaseHold(case_file_id=case_file_id, reason=asked.reason, because=Personal.of(asked.because))
    [answer] = await submit([Submission(source="hold-releases", id=str(new_event_id()), message=message)])
    if answer.status == "applied":
        return Release.model_validate(answer.body)
    if answer.body.get("code") == "no_such_hold":
        raise Problem(409, "No such hold", f"The file is not held for {asked.reason.value}.")
    if answer.status == "refused":
        raise Problem(404, "Unknown case file", "No case file has this id.")
    raise Problem(
        409, "The file waits", "A message about it stands on the desk: the release counts once that is settled."
    )


async def file_dispute(submit: Submit, dispute: DisputeBody) -> tuple[int, Mapping[str, Any]]:
    """Submit a dispute. Raises Problem; an unknown token, a mistyped one and none at all get one answer."""
    token = read_token(dispute.token)
    if token is None:
        metrics.DISPUTES.labels("unknown").inc()
        raise UNKNOWN
    digest, message = submission_of(token=token, reason=dispute.reason, text=dispute.text)
    [answer] = await submit([Submission(source=SOURCE, id=digest, message=message)])
    metrics.DISPUTES.labels(answer.status).inc()
    match answer.status:
        case "applied":
            return 201, answer.body
        case "repeated":
            return 200, answer.body
        case "waiting":
            return 202, {"dispute_id": str(message.dispute_id), "held_at": ""}
        case _:
            raise UNKNOWN


def _body_of(model: type[BaseModel]) -> dict[str, Any]:
    """How the document shows a body that is read here: by hand, for it is limited and its faults quote nothing."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}


async def _read_body(request: Request, model: type[B], *, title: str) -> B:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Problem(415, "JSON only", "Send the body as application/json.")
    try:
        return model.model_validate_json(await _limited_body(request))
    except ValidationError as fault:
        raise Problem(422, title, _faults(fault.errors(include_input=False))) from fault


async def _limited_body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY_BYTES:
            raise Problem(413, "Too long", f"A body has at most {MOST_BODY_BYTES} bytes.")
    return body


def _faults(errors: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors)


PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
FILED = (
    "<p role=status><b>Uw bericht is binnen. Wij zijn gestopt. / Votre message est bien arrivé. Nous nous sommes"
    " arrêtés.</b> {held_at}</p>"
)
NOT_FILED = "<p role=alert><b>Deze code kennen wij niet. / Nous ne connaissons pas ce code.</b></p>"
PAGE = """<!doctype html><html lang="nl"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Niet mee eens? / Pas d'accord ?</title>
<style>body{{font:1rem/1.5 sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}}
label,input,select,textarea,button{{display:block;width:100%;box-sizing:border-box;font:inherit;margin:.3rem 0}}</style>
<h1>Niet mee eens? / <span lang="fr">Pas d'accord ?</span></h1>{message}
<form method="post" action="disputes"><label>Code van de brief / <span lang="fr">Code de la lettre</span>
<input name="token" required autocomplete="off" maxlength="64"></label>
<label>Waarom / <span lang="fr">Pourquoi</span><select name="reason">
<option value="not_mine">Niet voor mij / Ce n'est pas pour moi</option>
<option value="already_paid">Al betaald / Déjà payé</option>
<option value="not_delivered">Niet geleverd / Pas livré</option>
<option value="amount_wrong">Bedrag klopt niet / Montant inexact</option>
<option value="other">Anders / Autre</option></select></label>
<label>Uw uitleg / <span lang="fr">Votre explication</span>
<textarea name="text" rows="6" maxlength="4000"></textarea></label>
<button>Versturen / Envoyer</button></form></html>
"""
