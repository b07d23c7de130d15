"""`deadletters`: what could not be applied. The command marks the row; the running service does it."""

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.desk_places import console, platform_of_up, services_of, url_of
from local_stack.faults import LocalStackError
from local_stack.postgres import literal, run_sql

deadletters_app = typer.Typer(
    help="Records that no service could apply: look, mend, redrive, discard.", no_args_is_help=True
)

MOST_SHOWN = 200
WAIT_SECONDS = 10.0
_LIST = """
SELECT dead_letter_id, source || ' ' || source_id, COALESCE(thing || ' ', '') || COALESCE(thing_key::text, ''),
    error_code, attempts, extract(epoch FROM COALESCE((SELECT now FROM clock), now()) - failed_at)::bigint,
    COALESCE(asked_as, ''),
    (SELECT count(*) FROM waiting AS w WHERE w.thing_key = d.thing_key)
FROM dead_letter AS d
WHERE settled_at IS NULL
ORDER BY dead_letter_id
LIMIT {limit}
"""
_SHOW = """
SELECT source, source_id, COALESCE(thing, ''), COALESCE(thing_key::text, ''), error_code, error_message, attempts,
    failed_at, COALESCE(recorded_at::text, ''), COALESCE(asked_as, ''), COALESCE(asked_at::text, ''),
    COALESCE(settled_as, ''), COALESCE(settled_at::text, ''), COALESCE(settled_because, ''),
    encode(headers, 'hex'), COALESCE(encode(value, 'hex'), ''), COALESCE(encode(edited_value, 'hex'), '')
FROM dead_letter
WHERE dead_letter_id = {id}
"""
_LABELS = (
    "source", "record", "thing", "key", "code", "reason", "attempts", "failed at", "recorded at", "asked", "asked at",
    "settled as", "settled at", "because",
)  # fmt: skip
_EDIT = """
UPDATE dead_letter SET edited_value = decode('{value}', 'hex')
WHERE dead_letter_id = {id} AND settled_at IS NULL AND source <> 'due'
RETURNING dead_letter_id
"""
_ASK = """
UPDATE dead_letter SET asked_as = {ask}, asked_at = now(), settled_because = {because}
WHERE dead_letter_id = {id} AND settled_at IS NULL
RETURNING attempts
"""
_ANSWER = """
SELECT COALESCE(settled_as, ''), COALESCE(settled_because, ''), attempts, COALESCE(asked_as, ''), error_code,
    error_message
FROM dead_letter
WHERE dead_letter_id = {id}
"""
_EARLIER = """
SELECT e.dead_letter_id FROM dead_letter AS e JOIN dead_letter AS d ON d.thing_key = e.thing_key
WHERE d.dead_letter_id = {id} AND e.dead_letter_id < {id} AND e.settled_at IS NULL
ORDER BY 1
LIMIT 1
"""

Service = Annotated[str, typer.Argument(help="Whose desk it lies on.")]
LetterId = Annotated[int, typer.Argument(metavar="ID", help="Its number, as `list` shows it.")]


@deadletters_app.command("list")
def list_letters(service: Annotated[str | None, typer.Argument(help="One service; else all.")] = None) -> None:
    """Open dead letters, oldest first, without anything personal."""
    out, platform = console(), platform_of_up()
    table = Table("service", "id", "record", "thing", "code", "attempts", "age", "asked", "waiting", box=None)
    for name in services_of(platform, service):
        for letter_id, record, thing, code, attempts, age, asked, behind in run_sql(
            url_of(platform, name), _LIST.format(limit=MOST_SHOWN)
        ):
            age_text = str(timedelta(seconds=int(age)))
            table.add_row(name, letter_id, escape(record), thing, escape(code), attempts, age_text, asked, behind)
    out.print(table if table.row_count else "The desk is empty.")


@deadletters_app.command("show")
def show_letter(
    service: Service,
    letter_id: LetterId,
    payload: Annotated[bool, typer.Option("--payload", help="Print the texts too: they may be personal.")] = False,
) -> None:
    """One dead letter with its reason; the texts only with `--payload`."""
    out, url = console(), url_of(platform_of_up(), service)
    row = _row(url, service, _SHOW, letter_id)
    *values, headers, original, edited = row
    for label, value in zip(_LABELS, values, strict=True):
        if value:
            out.print(f"{label:12} {escape(value)}")
    for name, value in json.loads(bytes.fromhex(headers)):
        if name.startswith("ce_") or name == "traceparent":
            out.print(f"{name:24} {escape(value)}")
    if not payload:
        out.print(f"text         {len(original) // 2} bytes; edited: {'yes' if edited else 'no'}; --payload prints it")
        return
    out.print("original:")
    out.out(bytes.fromhex(original).decode("utf-8", "backslashreplace"), highlight=False)
    if edited:
        out.print("edited:")
        out.out(bytes.fromhex(edited).decode("utf-8", "backslashreplace"), highlight=False)


@deadletters_app.command("edit")
def edit_letter(
    service: Service, letter_id: LetterId, file: Annotated[Path, typer.Argument(help="The new text, as JSON.")]
) -> None:
    """Put a mended text beside the original; `redrive` takes it."""
    text = file.read_bytes()
    try:
        json.loads(text)
    except ValueError as fault:
        raise LocalStackError(f"{file} is no JSON") from fault
    url = url_of(platform_of_up(), service)
    _row(url, service, _EDIT.replace("{value}", text.hex()), letter_id)
    console().print(f"{service} {letter_id}: edited; ./quittance deadletters redrive {service} {letter_id} folds it")


@deadletters_app.command("redrive")
def redrive(service: Service, letter_id: LetterId) -> None:
    """Fold the record in its own service, then what waits behind it."""
    _ask(service, letter_id, "redrive", None)


@deadletters_app.command("discard")
def discard(
    service: Service, letter_id: LetterId, reason: Annotated[str, typer.Option(help="Why; it is kept. No names.")]
) -> None:
    """Give the record up, with a reason, and let its key go on."""
    if not reason.strip():
        raise LocalStackError("a discarded letter needs a reason")
    _ask(service, letter_id, "discard", reason)


def _ask(service: str, letter_id: int, ask: str, because: str | None) -> None:
    url = url_of(platform_of_up(), service)
    statement = _ASK.replace("{ask}", literal(ask)).replace(
        "{because}", "NULL" if because is None else literal(because)
    )
    (before,) = _row(url, service, statement, letter_id)
    run_sql(url, "SELECT pg_notify('desk', '')")
    _tell(console(), f"{service} {letter_id}", wait_for_answer(url, letter_id, attempts=int(before)))
    earlier = run_sql(url, _EARLIER.format(id=letter_id))
    if earlier and ask == "redrive":
        console().print(f"{service} {earlier[0][0]} of the same key came before it and is open: it goes first")


def wait_for_answer(url: str, letter_id: int, *, attempts: int, seconds: float = WAIT_SECONDS) -> str:
    """What the running service made of it, in words; after some seconds, that it will do it when it runs."""
    ends = time.monotonic() + seconds
    while True:
        settled, because, now_attempts, asked, code, reason = run_sql(url, _ANSWER.format(id=letter_id))[0]
        if settled:
            return settled + (f" ({because})" if because else "")
        if int(now_attempts) > attempts and not asked:
            return f"refused again: {code}: {reason}"
        if time.monotonic() > ends:
            return "asked; the service does it when it runs and nothing of its key stands before it"
        time.sleep(0.1)


def _row(url: str, service: str, statement: str, letter_id: int) -> list[str]:
    rows = run_sql(url, statement.replace("{id}", str(int(letter_id))))
    if not rows:
        raise LocalStackError(f"{service} has no open dead letter {letter_id} for this")
    return rows[0]


def _tell(out: Console, what: str, answer: str) -> None:
    out.print(f"{what}: {escape(answer)}")
