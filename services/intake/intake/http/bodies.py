"""Bodies under a limit: refused by their declared length or at the byte that is too many. Files go to disk."""

from collections.abc import Mapping
from pathlib import Path

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intake.formats import claims_csv, ubl
from intake.http.problems import Problem

AROUND_A_FILE_BYTES = 16 * 1024  # what multipart puts around it
LARGEST_JSON_BYTES = 64 * 1024
LIMITS: Mapping[str, int] = {
    "/v1/claim-files": claims_csv.LARGEST_FILE_BYTES + AROUND_A_FILE_BYTES,
    "/v1/invoices": ubl.LARGEST_FILE_BYTES + AROUND_A_FILE_BYTES,
}
PIECE_BYTES = 1 << 20
MULTIPART = "multipart/form-data"


class BodyLimit:
    """ASGI middleware: no route reads more than its limit."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its body counted."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        limit, read_bytes = LIMITS.get(path, LARGEST_JSON_BYTES), 0
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            await too_large(limit).response()(scope, receive, send)
            return

        async def receive_counted() -> Message:
            nonlocal read_bytes
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > limit:
                raise too_large(limit)
            return message

        await self.app(scope, receive_counted, send)


def too_large(limit: int) -> Problem:
    """More than we read. The connection ends with it: the rest of the body is not waited for."""
    detail = f"the limit is {limit} bytes"
    return Problem(413, "too_large", "The body is too large", detail=detail, headers={"Connection": "close"})


def media_type(request: Request) -> str:
    """What the body says it is, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def require_media_type(request: Request, *allowed: str) -> None:
    """Refuse a body of another kind."""
    if media_type(request) not in allowed:
        detail = f"send {' or '.join(allowed)}"
        raise Problem(415, "unsupported_media_type", "The body is of a kind that is not read here", detail=detail)


def require_json(request: Request) -> None:
    """Refuse a body that is not JSON."""
    require_media_type(request, "application/json")


async def save_body(request: Request, path: Path) -> str:
    """Write the file that a request carries to disk; returns the name that it was given, or none."""
    with path.open("wb") as file:
        if media_type(request) != MULTIPART:
            async for piece in request.stream():
                file.write(piece)
            return ""
        async with request.form(max_files=1, max_fields=10) as form:
            uploads = [part for part in form.values() if isinstance(part, UploadFile)]
            if len(uploads) != 1:
                raise Problem(422, "no_file", "The form must hold one file")
            while piece := await uploads[0].read(PIECE_BYTES):
                file.write(piece)
            return Path(uploads[0].filename or "").name
