"""`client add`: a client with his mandate, by intake's own HTTP interface."""

import hashlib
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import typer
from rich.console import Console
from rich.table import Table

from cli.places import state_dir
from cli.up import operator_key, the_platform
from local_stack.faults import LocalStackError
from local_stack.stack import Stack

_SEATS = {
    "NL": {"street": "Voorbeeldstraat", "house_number": "1", "postcode": "1011 AB", "city": "Amsterdam"},
    "BE": {"street": "Voorbeeldstraat", "house_number": "1", "postcode": "1000", "city": "Brussel"},
}
_PHONES = {"NL": "+31 20 555 01 23", "BE": "+32 2 555 12 34"}
_MODULUS = 97
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class NewClient:
    """What was typed; what is absent becomes an example, and is said to be one."""

    name: str
    country: str
    number: str | None
    iban: str | None
    email: str
    phone: str | None
    judicial_phase_approved: bool


def add(console: Console, asked: NewClient) -> None:
    """Make him, and print what he needs. His key is shown this once and kept nowhere."""
    if asked.country not in _SEATS:
        raise typer.BadParameter("country is NL or BE")
    stack = Stack(state_dir())
    if not stack.servers_run:
        raise LocalStackError("the platform does not run; ./quittance up starts it")
    intake = the_platform(stack).http_url("intake")
    key = operator_key(stack.state_dir)
    body = request_body(asked)
    made = call(f"{intake}/v1/clients", key, body, service="intake")
    folder = Path(made["watched_folder"])
    template = stack.state_dir / str(made["template"])
    template.write_bytes(_raw(f"{intake}/v1/claim-template", str(made["api_key"]), service="intake"))
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_row("client", str(made["client_id"]))
    table.add_row("API key", f"{made['api_key']} (shown this once)")
    table.add_row("watched folder", str(folder))
    table.add_row("CSV template", f"{template}: fill it in and move it into the watched folder")
    table.add_row("HTTP interface", f"{intake}/v1/openapi.json")
    console.print(table)
    examples = [f"{name} {body[name]}" for name, given in _given(asked).items() if given is None]
    if examples:
        console.print(f"[yellow]Examples, not his own: {', '.join(examples)}; see --help[/]")


def request_body(asked: NewClient) -> dict[str, Any]:
    """What intake is asked. Examples are formed from the name, so that two clients differ."""
    seed = int(hashlib.sha256(asked.name.encode()).hexdigest(), 16)
    return {
        "name": asked.name,
        "country": asked.country,
        "enterprise_number": asked.number or example_number(seed, asked.country),
        "address": _SEATS[asked.country],
        "email": asked.email,
        "phone": asked.phone or _PHONES[asked.country],
        "is_sme": True,
        "can_deduct_vat": True,
        "judicial_phase_approved": asked.judicial_phase_approved,
        "payout_iban": asked.iban or example_iban(seed, asked.country),
        "payout_name": asked.name,
    }


def example_number(seed: int, country: str) -> str:
    """A KvK number (no check digits), or a KBO number with its two (97 less the rest of the first eight)."""
    if country == "NL":
        return f"{seed % 10**8:08d}"
    first = f"0{seed % 10**7:07d}"
    return f"{first}{_MODULUS - int(first) % _MODULUS:02d}"


def example_iban(seed: int, country: str) -> str:
    """A well-formed IBAN; the Belgian one with its own check digits inside."""
    if country == "NL":
        inner = f"TRIO{seed % 10**10:010d}"
    else:
        digits = f"523{seed % 10**7:07d}"
        inner = f"{digits}{int(digits) % _MODULUS or _MODULUS:02d}"
    number = int("".join(str(int(character, 36)) for character in f"{inner}{country}00"))
    return f"{country}{98 - number % _MODULUS:02d}{inner}"


def _given(asked: NewClient) -> dict[str, str | None]:
    return {"enterprise_number": asked.number, "payout_iban": asked.iban, "phone": asked.phone}


def call(url: str, key: str, body: dict[str, Any], *, service: str) -> dict[str, Any]:
    """Post to a service with a key; its answer. Raises LocalStackError with the reason of a refusal."""
    return json.loads(_raw(url, key, body, service=service))


def _raw(url: str, key: str, body: dict[str, Any] | None = None, *, service: str) -> bytes:
    content = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        asked = urllib.request.Request(url, data=content, headers=headers)  # noqa: S310 - a loopback URL
        with urllib.request.urlopen(asked, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - a loopback URL
            return answer.read()
    except urllib.error.HTTPError as error:
        raise LocalStackError(reason_of(error.read())) from error
    except OSError as error:
        raise LocalStackError(f"{service} does not answer: {error}") from error


def reason_of(content: bytes) -> str:
    """A refusal in words, whatever form its service gave it."""
    try:
        problem: dict[str, Any] = json.loads(content)
    except ValueError:
        return content.decode(errors="replace")[:200]
    errors = "; ".join(f"{one.get('field')} {one.get('reason')}" for one in problem.get("errors", []))
    detail = problem.get("detail")
    if isinstance(detail, list):  # a body that its service could not read, field by field
        detail = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in cast("list[dict[str, Any]]", detail))
    return ": ".join(str(text) for text in (problem.get("title"), detail, errors) if text)
