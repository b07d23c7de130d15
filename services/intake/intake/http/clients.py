"""What the operator does: clients, mandates, keys."""

import asyncio
from uuid import UUID

from fastapi import Depends, FastAPI, Request

from common.runner import Submission
from intake.domain import AmendMandate, RegisterClient, ReplaceApiKey, name_client, name_folder
from intake.formats import templates
from intake.http import answers
from intake.http.bodies import require_json
from intake.http.keys import Backend, hash_key, new_api_key, operator_check
from intake.http.problems import Problem
from intake.http.requests import ClientRequest
from intake.http.routing import KEY, OPERATOR_KEY, refuse_unless_applied, submit_for_operator, submit_one
from intake.settings import Settings


def add_client_routes(app: FastAPI, backend: Backend, settings: Settings) -> None:
    """All of them, for the operator alone."""
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
        return await register(asked.checked(), backend, settings)

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


async def register(client: ClientRequest, backend: Backend, settings: Settings) -> answers.ClientAnswer:
    """Make the client, his key and his folder. Raises Problem when this enterprise is a client already."""
    client_id = name_client(country=client.country, enterprise_number=client.enterprise_number)
    key, folder = new_api_key(), name_folder(name=client.name, client_id=client_id)
    message = RegisterClient(
        client_id=client_id,
        folder=folder,
        mandate=client.mandate(client_id),
        payout_account=client.payout_account(),
        payout_name=client.payout_name,
        api_key_sha256=hash_key(key),
    )
    answer = await submit_one(backend, Submission(source="http:clients", id=str(client_id), message=message))
    if answer.status != "applied":
        raise Problem(409, "client_exists", "This enterprise is a client already", detail=str(client_id))
    watched = settings.watch_folder / folder
    await asyncio.to_thread(watched.mkdir, parents=True, exist_ok=True)
    return answers.ClientAnswer(
        client_id=client_id,
        api_key=key,
        folder=folder,
        watched_folder=str(watched),
        template=templates.template_name(),
    )
