"""The page of the law (`docs/law.md`), written from the data: every rule, article, value by date, certainty."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final, cast

from statutes.policies import POLICIES
from statutes.tables import COUNTRIES, Row, Table, all_tables, documents
from statutes.topics import all_topics, citations

COUNTRY_NAMES: Final = {"nl": "Netherlands", "be": "Belgium"}
INTRODUCTION: Final = (
    "Generated from `libs/statutes` by `./quittance law page`; do not edit. Certainty: A is a statute or an official "
    "publication, B two or more independent sources, C one source, CALC computed, M general knowledge to be confirmed, "
    "- a rule of design. A figure is never used after the day until which it is verified."
)
RULE_ID: Final = re.compile(r"(NL|BE)-[0-9A-Z]+-[0-9]+")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule of a country by its id; certainty as in the tables, `-` for a rule of design."""

    rule_id: str
    title: str
    article: str
    certainty: str


def rules_of(country: str) -> dict[str, Rule]:
    """The catalogue of a country's rules, in its own order."""
    return {
        raw["id"]: Rule(rule_id=raw["id"], title=raw["title"], article=raw["article"], certainty=raw["certainty"])
        for document in documents(country)
        for raw in cast("list[dict[str, str]]", document.get("rules", []))
    }


def not_implemented(country: str) -> dict[str, str]:
    """Rule id to the reason why no code applies it."""
    return {
        raw["rule"]: raw["reason"]
        for document in documents(country)
        for raw in cast("list[dict[str, str]]", document.get("not_implemented", []))
    }


@cache
def applied_rules() -> dict[str, tuple[str, ...]]:
    """Rule id to the topics, modules and tables that apply it."""
    applied = {rule: list(by) for rule, by in citations().items()}
    for each in all_tables().values():
        for rule in RULE_ID.finditer(each.rule):
            applied.setdefault(rule.group(), []).append(f"table `{each.key}`")
    return {rule: tuple(by) for rule, by in applied.items()}


def render() -> str:
    """The whole page, in Markdown; the same data give the same page."""
    parts = ["# The law that Quittance applies", INTRODUCTION]
    for country in COUNTRIES:
        parts += [
            f"## {COUNTRY_NAMES[country]}",
            *_rules_part(country),
            *_tables_part(country),
            *_missing_part(country),
        ]
    parts += ["## Policies", _policies_part(), "## Questions", _topics_part()]
    return "\n\n".join(parts) + "\n"


def _rules_part(country: str) -> list[str]:
    applied, skipped = applied_rules(), not_implemented(country)
    lines = ["| rule | what it says | article | certainty | applied by |", "|---|---|---|---|---|"]
    for rule in rules_of(country).values():
        by = ", ".join(dict.fromkeys(applied.get(rule.rule_id, ()))) or (
            "not implemented" if rule.rule_id in skipped else ""
        )
        lines.append(
            f"| {rule.rule_id} | {_cell(rule.title)} | {_cell(rule.article)} | {rule.certainty} | {_cell(by)} |"
        )
    return ["### Rules", "\n".join(lines)]


def _tables_part(country: str) -> list[str]:
    tables = sorted(all_tables().values(), key=lambda each: (each.rule, each.key))
    return ["### Figures by date", *(_table_part(each) for each in tables if each.country == country)]


def _table_part(each: Table) -> str:
    until = "no change foreseen" if each.verified_until is None else f"verified until {each.verified_until}"
    named = f"`{each.key}`, {each.rule}, {each.article or 'no article'}; {each.unit}"
    lines = [f"#### {each.title}", "", f"{named}; {until}, checked on {each.verified_on}."]
    if each.note:
        lines.append(f"{each.note}")
    if each.then_use is not None:
        lines.append(f"From {each.then_use[1]} on: `{each.then_use[0]}`.")
    lines += ["", "| from | value | certainty | source |", "|---|---|---|---|"]
    lines += [_row_line(row) for row in each.rows]
    return "\n".join(lines)


def _row_line(row: Row) -> str:
    days = f"{row.valid_from}" if row.valid_to is None else f"{row.valid_from} to {row.valid_to}"
    return f"| {days} | {_cell(_written(row.value))} | {row.certainty} | {_cell(row.source)} |"


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        named = cast("Mapping[str, Any]", value)
        return "; ".join(f"{name}: {_written(part)}" for name, part in named.items())
    if isinstance(value, list):
        parts = cast("list[Any]", value)
        return "<br>".join(_written(part) for part in parts)
    return "none" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _missing_part(country: str) -> list[str]:
    lines = ["| rule | reason |", "|---|---|"]
    lines += [f"| {rule} | {_cell(reason)} |" for rule, reason in not_implemented(country).items()]
    return ["### Not implemented", "\n".join(lines)]


def _policies_part() -> str:
    lines = ["| policy | values | default | rules |", "|---|---|---|---|"]
    lines += [f"| `{each.name}` | {each.values} | {each.default} | {', '.join(each.rules)} |" for each in POLICIES]
    return "\n".join(lines)


def _topics_part() -> str:
    lines = ["| topic | rules |", "|---|---|"]
    lines += [f"| `{name}` | {', '.join(each.rules)} |" for name, each in sorted(all_topics().items())]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
