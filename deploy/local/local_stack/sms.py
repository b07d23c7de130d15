"""A double of an SMS provider: the part of Twilio's HTTP interface that the platform uses, on the loopback address.

It keeps every SMS as one JSON file. `python -m local_stack.sms --port 1080 --folder sms` runs it alone; `SmsServer`
runs it inside a program. Numbers ending in 0000 are invalid (21211) and those ending in 0001 have opted out (21610),
as some are in the provider's own test mode.
"""

import argparse
import asyncio
import base64
import binascii
import contextlib
import json
import logging
import re
import secrets
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local_stack.ports import LOOPBACK

_API = "2010-04-01"
_E164 = re.compile(r"^\+[1-9]\d{6,14}$")
_MOST_CHARACTERS = 1600
_SEGMENT_CHARACTERS = 153
_FIRST_SEGMENT_CHARACTERS = 160
_LARGEST_PAGE = 1000
_START_SECONDS = 20
LOCAL_ACCOUNT_SID = "AC" + "0" * 32
LOCAL_SENDER = "+3197010000000"
LOCAL_AUTH_TOKEN = "local"  # noqa: S105 - opens nothing but this double
_INVALID_ENDING = "0000"
_OPTED_OUT_ENDING = "0001"


class SmsFolder:
    """Every accepted SMS as `<sid>.json`, in the form in which the provider shows it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._messages: dict[str, dict[str, Any]] = {
            path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("SM*.json"))
        }

    def keep(self, message: dict[str, Any]) -> Path:
        """Write one SMS; it appears whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{message['sid']}.json"
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(message, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(path)
        self._messages[message["sid"]] = message
        return path

    def one(self, sid: str) -> dict[str, Any] | None:
        """The SMS with that sid."""
        return self._messages.get(sid)

    def newest_first(self) -> list[dict[str, Any]]:
        """All of them, as the provider lists them."""
        return list(reversed(self._messages.values()))


class _RefusedError(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self) -> Response:
        return JSONResponse(
            {
                "code": self.code,
                "message": str(self),
                "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
                "status": self.status,
            },
            status_code=self.status,
        )


class SmsDouble:
    """The HTTP interface as an ASGI application."""

    def __init__(
        self,
        folder: Path,
        *,
        account_sid: str = LOCAL_ACCOUNT_SID,
        auth_token: str = LOCAL_AUTH_TOKEN,
        on_sms: Callable[[dict[str, Any]], None] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.folder = folder
        self.account_sid = account_sid
        self.auth_token = auth_token
        self._messages = SmsFolder(folder)
        self._on_sms = on_sms
        self._now = now
        base = f"/{_API}/Accounts/{{account}}/Messages"
        self.app = Starlette(
            routes=[
                Route(f"{base}.json", self._guarded(self._send), methods=["POST"]),
                Route(f"{base}.json", self._guarded(self._list), methods=["GET"]),
                Route(f"{base}/{{sid}}.json", self._guarded(self._fetch), methods=["GET"]),
            ]
        )

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All accepted so far, the newest first."""
        return self._messages.newest_first()

    def _guarded(self, endpoint: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                self._authenticate(request)
                return await endpoint(request)
            except _RefusedError as refusal:
                return refusal.response()

        return answer

    def _authenticate(self, request: Request) -> None:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            login = base64.b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            login = ""
        if login != f"{self.account_sid}:{self.auth_token}":
            raise _RefusedError(401, 20003, "Authenticate")
        if request.path_params["account"] != self.account_sid:
            raise _RefusedError(404, 20404, f"The requested resource {request.url.path} was not found")

    async def _send(self, request: Request) -> Response:
        form = {name: values[-1] for name, values in parse_qs((await request.body()).decode()).items()}
        recipient, body = form.get("To", ""), form.get("Body", "")
        sender = form.get("From") or form.get("MessagingServiceSid", "")
        _check(recipient=recipient, sender=sender, body=body)
        message = self._message(recipient=recipient, sender=sender, body=body)
        self._messages.keep(message)
        self._on_sms(message)
        return JSONResponse(message, status_code=201)

    async def _fetch(self, request: Request) -> Response:
        message = self._messages.one(request.path_params["sid"])
        if message is None:
            raise _RefusedError(404, 20404, f"The requested resource {request.url.path} was not found")
        return JSONResponse(message)

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        size = min(int(query.get("PageSize", "50")), _LARGEST_PAGE)
        page = int(query.get("Page", "0"))
        found = [message for message in self._messages.newest_first() if _is_wanted(message, query)]
        filters = {key: value for key, value in query.items() if key not in {"Page", "PageSize", "PageToken"}}
        path = request.url.path

        def uri(number: int) -> str:
            return f"{path}?{urlencode({**filters, 'PageSize': size, 'Page': number})}"

        start = page * size
        shown = found[start : start + size]
        return JSONResponse(
            {
                "messages": shown,
                "page": page,
                "page_size": size,
                "start": start,
                "end": start + max(len(shown) - 1, 0),
                "uri": uri(page),
                "first_page_uri": uri(0),
                "next_page_uri": uri(page + 1) if start + size < len(found) else None,
                "previous_page_uri": uri(page - 1) if page else None,
            }
        )

    def _message(self, *, recipient: str, sender: str, body: str) -> dict[str, Any]:
        sid = f"SM{secrets.token_hex(16)}"
        at = format_datetime(self._now())
        uri = f"/{_API}/Accounts/{self.account_sid}/Messages/{sid}"
        by_service = sender.startswith("MG")
        return {
            "account_sid": self.account_sid,
            "api_version": _API,
            "body": body,
            "date_created": at,
            "date_sent": at,
            "date_updated": at,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": None if by_service else sender,
            "messaging_service_sid": sender if by_service else None,
            "num_media": "0",
            "num_segments": str(_segments(body)),
            "price": None,
            "price_unit": "USD",
            "sid": sid,
            "status": "queued",
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": recipient,
            "uri": f"{uri}.json",
        }


def _check(*, recipient: str, sender: str, body: str) -> None:
    if not recipient:
        raise _RefusedError(400, 21604, "A 'To' phone number is required.")
    if not _E164.match(recipient) or recipient.endswith(_INVALID_ENDING):
        raise _RefusedError(400, 21211, f"Invalid 'To' Phone Number: {recipient}")
    if not sender:
        raise _RefusedError(400, 21603, "A 'From' phone number is required.")
    if not body:
        raise _RefusedError(400, 21602, "Message body is required.")
    if len(body) > _MOST_CHARACTERS:
        raise _RefusedError(
            400, 21617, f"The concatenated message body exceeds the {_MOST_CHARACTERS} character limit."
        )
    if recipient.endswith(_OPTED_OUT_ENDING):
        raise _RefusedError(400, 21610, "Attempt to send to unsubscribed recipient")


def _segments(body: str) -> int:
    return 1 if len(body) <= _FIRST_SEGMENT_CHARACTERS else -(-len(body) // _SEGMENT_CHARACTERS)


def _is_wanted(message: dict[str, Any], query: Any) -> bool:
    sent_on = parsedate_to_datetime(message["date_sent"]).date().isoformat()
    return (
        query.get("To", message["to"]) == message["to"]
        and query.get("From", message["from"]) == message["from"]
        and query.get("DateSent", sent_on)[:10] == sent_on
        and query.get("DateSent<", sent_on)[:10] >= sent_on
        and query.get("DateSent>", sent_on)[:10] <= sent_on
    )


class SmsServer:
    """The double in a thread of its own, for tests and the demo."""

    def __init__(self, double: SmsDouble, *, port: int) -> None:
        self.double = double
        self.port = port
        self._server = _server(double, port)
        self._thread = threading.Thread(target=self._run, name="sms", daemon=True)

    @property
    def base_url(self) -> str:
        """Instead of the provider's own."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Listen; returns once requests are answered."""
        self._thread.start()
        waited = threading.Event()
        for _ in range(_START_SECONDS * 50):
            if self._server.started:
                return
            waited.wait(0.02)
        raise TimeoutError("the SMS double does not start")

    def stop(self) -> None:
        """Listen no more."""
        self._server.should_exit = True
        self._thread.join(_START_SECONDS)

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._server.serve())


def _server(double: SmsDouble, port: int) -> uvicorn.Server:
    config = uvicorn.Config(double.app, host=LOOPBACK, port=port, log_level="warning", lifespan="off", loop="asyncio")
    return uvicorn.Server(config)


def main(arguments: list[str] | None = None) -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m local_stack.sms", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--account-sid", default=LOCAL_ACCOUNT_SID)
    parser.add_argument("--auth-token", default=LOCAL_AUTH_TOKEN)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    double = SmsDouble(options.folder, account_sid=options.account_sid, auth_token=options.auth_token)
    _server(double, options.port).run()


if __name__ == "__main__":
    sys.exit(main())
