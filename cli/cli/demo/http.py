"""HTTP as the demo's clients and debtors speak it: a request is repeated, unchanged, until somebody answers."""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_TRIES = 200
PAUSE_SECONDS = 0.1
TIMEOUT_SECONDS = 60
TRY_AGAIN = frozenset({502, 503, 504})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Status and body."""

    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the request was taken."""
        return 200 <= self.status < 300  # noqa: PLR2004  HTTP's successes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class HttpClient:
    """Sends and waits. A service that is down just now answers later: the same request again has the same effect."""

    def post(self, url: str, body: bytes, *, content_type: str, headers: Mapping[str, str] | None = None) -> Answer:
        """One POST. Raises ConnectionError when nobody answers for long."""
        named = {"Content-Type": content_type, **(headers or {})}
        fault: Exception | None = None
        for _ in range(MOST_TRIES):
            request = urllib.request.Request(url, data=body, headers=named, method="POST")  # noqa: S310  our own services
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  our own services
                    return Answer(status=answer.status, body=answer.read())
            except urllib.error.HTTPError as refusal:
                if refusal.code not in TRY_AGAIN:
                    return Answer(status=refusal.code, body=refusal.read())
                fault = refusal
            except (urllib.error.URLError, OSError, http.client.HTTPException) as broken:
                fault = broken
            time.sleep(PAUSE_SECONDS)
        raise ConnectionError(f"{url} does not answer: {fault}")
