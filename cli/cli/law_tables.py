"""The tables that `quittance law` prints: a result with its explanation, the rates, the figures, what runs out."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from statutes.explanation import Language, Line, rendered
from statutes.rendering import as_json as result_as_json
from statutes.tables import Table, all_tables
from statutes.verification import Verification

RATE_UNIT = "percent_per_year"
STATE_STYLES = {"verified": "green", "ends_soon": "yellow", "ended": "red"}


def show_answer(topic: str, result: object, language: Language, *, as_json: bool) -> None:
    """A result: its fields, and the lines that explain it."""
    written = result_as_json(result, language)
    if as_json:
        _print_json(written)
        return
    grid = Grid(title=topic, show_header=False)
    for name, value in written.items():
        if name != "explanation" and value is not None:
            grid.add_row(name.replace("_", " "), _written(value))
    console = _console()
    console.print(grid)
    lines = cast("tuple[Line, ...]", getattr(result, "explanation", ()))
    if lines:
        console.print(_explanation(lines, language))


def show_rates(series: str | None, *, as_json: bool) -> bool:
    """The rows of a series, or of all; false when there is no such series."""
    found = [each for each in all_tables().values() if each.unit == RATE_UNIT and series in (None, each.key)]
    if as_json:
        _print_json([_table_as_json(each) for each in found])
        return bool(found)
    console = _console()
    for each in found:
        grid = Grid(title=f"{each.key}: {each.title} (verified until {each.verified_until})")
        for heading in ("from", "percent a year", "certainty", "source"):
            grid.add_column(heading)
        for row in each.rows:
            grid.add_row(str(row.valid_from), str(row.value), row.certainty, row.source)
        if each.then_use is not None:
            grid.add_row(str(each.then_use[1]), f"as {each.then_use[0]}", "", "")
        console.print(grid)
    return bool(found)


def show_tables(*, as_json: bool) -> None:
    """Every table of the law in one row: key, rule, article, certainty of its last row, end of verification."""
    if as_json:
        _print_json([_table_as_json(each) for each in all_tables().values()])
        return
    grid = Grid("key", "rule", "article", "certainty", "verified until", title="Figures of the law")
    for each in all_tables().values():
        grid.add_row(each.key, each.rule, each.article, each.current.certainty, str(each.verified_until or "open"))
    _console().print(grid)


def show_verification(found: Sequence[Verification], today: date, *, as_json: bool) -> None:
    """Where each table that ends stands on a day; warnings and ends also as sentences on standard error."""
    if as_json:
        _print_json([result_as_json(each) for each in found])
    else:
        grid = Grid("table", "rule", "verified until", "days left", "state", title=f"Verification on {today}")
        for each in found:
            style = STATE_STYLES[each.state]
            grid.add_row(each.key, each.rule, str(each.verified_until), str(each.days_left), each.state, style=style)
        _console().print(grid)
    warnings = Console(stderr=True, highlight=False, soft_wrap=True)
    for each in found:
        if each.state != "verified":
            verb = "ended" if each.state == "ended" else "ends"
            warnings.print(f"{each.key}: verification {verb} on {each.verified_until} ({each.rule})", markup=False)
    if any(each.state != "verified" for each in found):
        advice = "look each figure up at its source, add its row to libs/statutes/statutes/data and move verified_until"
        warnings.print(f"What to do: {advice}.", markup=False)


def _explanation(lines: tuple[Line, ...], language: Language) -> Grid:
    grid = Grid(show_lines=False)
    grid.add_column("", overflow="fold")
    grid.add_column("amount", justify="right", no_wrap=True)
    grid.add_column("article", overflow="fold")
    grid.add_column("rule", no_wrap=True)
    for line in rendered(lines, language):
        computed = f"\n  = {line.formula}" if line.formula else ""
        grid.add_row(Text(line.text).append(computed, style="dim"), line.amount, line.article, line.rule_id)
    return grid


def _table_as_json(each: Table) -> dict[str, Any]:
    return {
        "key": each.key,
        "rule": each.rule,
        "article": each.article,
        "title": each.title,
        "unit": each.unit,
        "verified_until": None if each.verified_until is None else each.verified_until.isoformat(),
        "rows": [
            {
                "valid_from": row.valid_from.isoformat(),
                "valid_to": None if row.valid_to is None else row.valid_to.isoformat(),
                "value": row.value,
                "certainty": row.certainty,
                "source": row.source,
            }
            for row in each.rows
        ],
    }


def _written(value: object) -> str:
    if isinstance(value, Mapping):
        named = cast("Mapping[str, object]", value)
        return ", ".join(f"{name.replace('_', ' ')} {_written(part)}" for name, part in named.items())
    if isinstance(value, list):
        return "\n".join(_written(part) for part in cast("list[object]", value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _print_json(content: object) -> None:
    sys.stdout.write(json.dumps(content, indent=1, default=str) + "\n")


def _console() -> Console:
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 120)
