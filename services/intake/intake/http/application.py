"""The application and its routes, each with its key, its limit, and what it answers."""

from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response

from common.runner import Submission
from intake.formats import submissions, templates
from intake.formats.claim_fields import read_claim
from intake.http import answers, clients, files, routing
from intake.http.bodies import BodyLimit, require_json
from intake.http.keys import Backend, client_of, idempotency_key
from intake.http.problems import answer_with_problems, invalid_fields
from intake.http.requests import ClaimRequest
from intake.metrics import CLAIMS
from intake.settings import Settings


def make_http(backend: Backend, settings: Settings) -> FastAPI:
    """The application. `backend` is asked for its parts when a request comes, not before."""
    app = FastAPI(
        title="Quittance intake",
        version="1",
        summary="Clients hand over claims: one by one, as a CSV file, or as a UBL invoice.",
        responses=routing.PROBLEMS,
        docs_url=None,  # its page would load scripts from a host that is not ours
        openapi_url="/v1/openapi.json",
        redoc_url=None,
    )
    app.add_middleware(BodyLimit)
    answer_with_problems(app)
    clients.add_client_routes(app, backend, settings)
    add_claim_routes(app, backend)
    files.add_file_routes(app, backend)
    describe_keys(app)
    return app


def add_claim_routes(app: FastAPI, backend: Backend) -> None:
    """A single claim, and the template for many."""

    @app.post(
        "/v1/claims",
        status_code=201,
        dependencies=[Depends(require_json)],
        openapi_extra={**routing.CLIENT_KEY, "parameters": [routing.KEY]},
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
        answer = await routing.submit_one(
            backend, Submission(source=f"http:claims:{client.client_id}", id=key, message=claim)
        )
        if answer.status == "conflict":
            raise routing.key_used_before()
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
