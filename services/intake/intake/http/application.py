"""The application and its routes, each with its key, its limit, and what it answers."""

from typing import Any
from uuid import UUID

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response

from common.messages import Message
from common.runner import Answer, Submission
from intake.domain import AmendMandate, RegisterClient, ReplaceApiKey, name_client, name_folder
from intake.formats import submissions, templates
from intake.formats.claim_fields import read_claim
from intake.formats.refusals import FieldError
from intake.http import answers, files
from intake.http.bodies import BodyLimit, require_json
from intake.http.keys import Backend, client_of, hash_key, idempotency_key, new_api_key, operator_check
from intake.http.problems import EXAMPLE, MEDIA_TYPE, Problem, answer_with_problems, invalid_fields
from intake.http.requests import ClaimRequest, ClientRequest
from intake.metrics import CLAIMS
from intake.settings import Settings

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
CLIENT_KEY: dict[str, Any] = {"security": [{"client": []}]}
OPERATOR_KEY: dict[str, Any] = {"security": [{"operator": []}]}


def make_http(backend: Backend, settings: Settings) -> FastAPI:
    """The application. `backend` is asked for its parts when a request comes, not before."""
    app = FastAPI(
        title="Quittance intake",
        version="1",
        summary="Clients hand over claims: one by one, as a CSV file, or as a UBL invoice.",
        responses=PROBLEMS,
        docs_url="/v1/docs",
        openapi_url="/v1/openapi.json",
        redoc_url=None,
    )
    app.add_middleware(BodyLimit)
    answer_with_problems(app)
    add_client_routes(app, backend, settings)
    add_claim_routes(app, backend)
    files.add_file_routes(app, backend)
    describe_keys(app)
    return app


def add_client_routes(app: FastAPI, backend: Backend, settings: Settings) -> None:
    """What the operator does: clients, mandates, keys."""
    for_operator = [Depends(operator_check(settings.operator_key_sha256))]

    @app.post(
        "/v1/clients",
        status_code=201,
        dependencies=[*for_operator, Depends(require_json)],
        responses={409: {"description": "this enterprise is a client already"}},
        openapi_extra=OPERATOR_KEY,
    )
    async def register_client(asked: ClientRequest) -> answers.ClientAnswer:  # pyright: ignore[reportUnusedFunction]
        """Register a creditor with his mandate. The answer holds his key, once, and the name of his folder."""
        client = asked.checked()
        client_id = name_client(country=client.country, enterprise_number=client.enterprise_number)
        key, folder = new_api_key(), name_folder(name=client.name, client_id=client_id)
        answer = await submit_one(
            backend,
            Submission(
                source="http:clients",
                id=str(client_id),
                message=RegisterClient(
                    client_id=client_id,
                    folder=folder,
                    mandate=client.mandate(client_id),
                    payout_account=client.payout_account(),
                    payout_name=client.payout_name,
                    api_key_sha256=hash_key(key),
                ),
            ),
        )
        if answer.status != "applied":
            raise Problem(409, "client_exists", "This enterprise is a client already", detail=str(client_id))
        watched = settings.watch_folder / folder
        watched.mkdir(parents=True, exist_ok=True)
        return answers.ClientAnswer(
            client_id=client_id,
            api_key=key,
            folder=folder,
            watched_folder=str(watched),
            template=templates.template_name(),
        )

    @app.put(
        "/v1/clients/{client_id}/mandate",
        dependencies=[*for_operator, Depends(require_json)],
        openapi_extra={**OPERATOR_KEY, "parameters": [KEY]},
    )
    async def amend_mandate(  # pyright: ignore[reportUnusedFunction]
        client_id: UUID, asked: ClientRequest, request: Request
    ) -> answers.AmendedAnswer:
        """Put the whole mandate anew. Case files that are open keep theirs."""
        client = asked.checked()
        message = AmendMandate(
            client_id=client_id,
            mandate=client.mandate(client_id),
            payout_account=client.payout_account(),
            payout_name=client.payout_name,
        )
        await submit_for_operator(backend, request, message)
        return answers.AmendedAnswer(client_id=client_id)

    @app.post(
        "/v1/clients/{client_id}/api-keys",
        status_code=201,
        dependencies=for_operator,
        openapi_extra=OPERATOR_KEY,
    )
    async def replace_api_key(client_id: UUID) -> answers.KeyAnswer:  # pyright: ignore[reportUnusedFunction]
        """Give a client a new key, when his was lost or seen. Never the same twice, so it has no Idempotency-Key."""
        key = new_api_key()
        message = ReplaceApiKey(client_id=client_id, api_key_sha256=hash_key(key))
        refuse_unless_applied(
            await submit_one(backend, Submission(source="http:keys", id=message.api_key_sha256, message=message))
        )
        return answers.KeyAnswer(client_id=client_id, api_key=key)


def add_claim_routes(app: FastAPI, backend: Backend) -> None:
    """A single claim, and the template for many."""

    @app.post(
        "/v1/claims",
        status_code=201,
        dependencies=[Depends(require_json)],
        openapi_extra={**CLIENT_KEY, "parameters": [KEY]},
    )
    async def submit_claim(asked: ClaimRequest, request: Request) -> answers.ClaimAnswer:  # pyright: ignore[reportUnusedFunction]
        """Hand over one claim. The same Idempotency-Key with the same claim has the same answer, with another claim it
        is refused; the same claim under another key is `repeated`.
        """
        client = await client_of(request, backend)
        key = idempotency_key(request)
        claim = read_claim(asked.fields(), client_id=client.client_id)
        if isinstance(claim, tuple):
            CLAIMS.labels("http", "refused").inc()
            raise invalid_fields(claim)
        answer = await submit_one(backend, Submission(source=f"http:claims:{client.client_id}", id=key, message=claim))
        if answer.status == "conflict":
            raise key_used_before()
        outcome = submissions.outcome_of(answer, resumes=True)  # a repeat of the request gets the answer it had
        CLAIMS.labels("http", outcome.outcome).inc()
        if outcome.errors:
            raise invalid_fields(outcome.errors)
        return answers.ClaimAnswer.model_validate(submissions.as_json(outcome))

    @app.get("/v1/claim-template", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
    async def claim_template() -> Response:  # pyright: ignore[reportUnusedFunction]
        """The CSV template. Dutch and French headers are understood too."""
        named = {"Content-Disposition": f'attachment; filename="{templates.template_name()}"'}
        return Response(templates.template_csv(), media_type="text/csv; charset=utf-8", headers=named)


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


def describe_keys(app: FastAPI) -> None:
    """Say in the OpenAPI document how a caller shows who he is."""
    make: Any = app.openapi

    def openapi() -> dict[str, Any]:
        document: dict[str, Any] = make()
        document.setdefault("components", {})["securitySchemes"] = {
            "client": {"type": "http", "scheme": "bearer", "description": "the API key of a client"},
            "operator": {"type": "http", "scheme": "bearer", "description": "the key of the operator"},
        }
        return document

    app.openapi = openapi
