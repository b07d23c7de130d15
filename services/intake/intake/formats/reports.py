"""What a client gets back for a file: a report of every row, and the refused rows as a table. Written row by row."""

import csv
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from intake.formats.submissions import ACCEPTED, REFUSED, REPEATED, Outcome, as_json
from intake.formats.templates import TEMPLATE_VERSION


@dataclass(frozen=True, kw_only=True)
class Report:
    """How many rows became what, and where it stands."""

    accepted: int
    repeated: int
    refused: int
    report: Path
    refused_rows: Path | None


async def write_report(
    outcomes: AsyncIterator[Outcome], *, folder: Path, name: str, sha256: str, given_name: str = ""
) -> Report:
    """Write `<name>.report.json` and, when rows were refused, `<name>.refused.csv`. Both appear whole or not at all,
    the report last; an earlier report of the same name gives way.
    """
    report, table = folder / f"{name}.report.json", folder / f"{name}.refused.csv"
    drafts = {path: path.with_name(f".{path.name}.part") for path in (report, table)}
    counts: Counter[str] = Counter()
    try:
        with (
            drafts[report].open("w", encoding="utf-8") as file,
            drafts[table].open("w", encoding="utf-8-sig", newline="") as rows,
        ):
            writer = csv.writer(rows, delimiter=";")
            writer.writerow(["line", "field", "code", "reason"])
            opening = json.dumps({"file": given_name or name, "sha256": sha256, "template_version": TEMPLATE_VERSION})
            file.write(f'{opening.removesuffix("}")}, "results": [')
            async for outcome in outcomes:
                file.write(f"{',' if counts.total() else ''}\n  {json.dumps(as_json(outcome), ensure_ascii=False)}")
                counts[outcome.outcome] += 1
                writer.writerows([outcome.line, error.field, error.code, error.reason] for error in outcome.errors)
            totals = {name: counts[name] for name in (ACCEPTED, REPEATED, REFUSED)}
            file.write(f'\n], "rows": {counts.total()}, {json.dumps(totals)[1:-1]}}}\n')
            for written in (file, rows):
                written.flush()
                os.fsync(written.fileno())
        if counts[REFUSED]:
            drafts[table].replace(table)
        else:
            drafts[table].unlink()
            table.unlink(missing_ok=True)
        drafts[report].replace(report)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    return Report(**totals, report=report, refused_rows=table if counts[REFUSED] else None)


def write_refusal(path: Path, *, folder: Path, code: str, reason: str) -> Path:
    """Write `<name>.report.json` for a file of which nothing could be taken."""
    report = folder / f"{path.name}.report.json"
    draft = report.with_name(f".{report.name}.part")
    told = {"file": path.name, "refused": True, "code": code, "reason": reason, "template_version": TEMPLATE_VERSION}
    draft.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    draft.replace(report)
    return report
