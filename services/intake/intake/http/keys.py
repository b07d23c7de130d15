"""Keys: who asks. An API key is 256 random bits, so its plain SHA-256 can't be searched back: no slow hash is needed,
which guards guessable passwords. It is shown once and kept nowhere.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Protocol

from fastapi import Request

from common.postgres import Pool
from intake.formats.submissions import Taker
from intake.http.problems import Problem
from intake.repository import KnownClient, select_client_by_api_key

KEY_BYTES = 32
PREFIX = "qk_"  # so that a leaked one is recognised by scanners


class Backend(Taker, Protocol):
    """What stands behind the routes, once the service runs."""

    @property
    def pool(self) -> Pool:
        """The service's own database."""
        ...


def new_api_key() -> str:
    """A key for a client."""
    return PREFIX + secrets.token_urlsafe(KEY_BYTES)


def hash_key(key: str) -> str:
    """How a key is kept."""
    return hashlib.sha256(key.encode()).hexdigest()


def bearer_of(request: Request) -> str:
    """The key that a request carries."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise unknown_key()
    return key.strip()


def unknown_key() -> Problem:
    """Nothing without a key; nothing said about which keys there are."""
    return Problem(401, "unknown_key", "A valid key is needed", headers={"WWW-Authenticate": "Bearer"})


def operator_check(operator_key_sha256: str) -> Callable[[Request], None]:
    """Opens to the operator alone; to nobody when no key is set."""

    def require_operator(request: Request) -> None:
        given = hash_key(bearer_of(request))
        if not operator_key_sha256 or not hmac.compare_digest(given, operator_key_sha256):
            raise unknown_key()

    return require_operator


async def client_of(request: Request, backend: Backend) -> KnownClient:
    """The client whose key a request carries."""
    client = await select_client_by_api_key(backend.pool, hash_key(bearer_of(request)))
    if client is None:
        raise unknown_key()
    return client


def has_idempotency_key(request: Request) -> bool:
    """Whether the caller named his request."""
    return "idempotency-key" in request.headers


def idempotency_key(request: Request) -> str:
    """The name that the caller gave to his request; the same name again is the same request."""
    key = request.headers.get("idempotency-key", "").strip().strip('"')
    if not key or len(key) > 255 or not key.isascii() or not key.isprintable():  # noqa: PLR2004  as others have it
        detail = "send an Idempotency-Key of 1 to 255 printable characters, a new one for each new request"
        raise Problem(400, "idempotency_key", "An Idempotency-Key is needed", detail=detail)
    return key
