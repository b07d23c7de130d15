"""How an amount explains itself: lines that add up to it, in words a debtor understands.

A line holds facts only; its words stand in `data/texts/` and `data/<country>/texts/` under `text_key`, with the facts
as `{name}`. Dutch is written at language level B1 (NL-WKI-7).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final, Literal, TypeAlias, cast

from statutes.money import ZERO
from statutes.tables import COUNTRIES, data_folder, load
from statutes.topics import cites

cites("NL-GEN-6", "NL-WKI-7", by="statutes.explanation")

Language: TypeAlias = Literal["en", "nl", "fr", "de"]
Fact: TypeAlias = Decimal | date | int | str
LANGUAGES: Final[tuple[Language, ...]] = ("en", "nl", "fr", "de")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One step to an amount. `amount` is what it adds (negative: takes off); null on a line that only tells.

    In `inputs`, a Decimal whose name ends in `percent` or `points` is a percentage, any other Decimal euro.
    """

    rule_id: str
    text_key: str
    article: str = ""
    inputs: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    formula: str = ""
    amount: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class RenderedLine:
    """A line in one language."""

    rule_id: str
    article: str
    text: str
    formula: str
    amount: str


def explained_total(lines: tuple[Line, ...]) -> Decimal:
    """What the lines add up to."""
    return sum((line.amount for line in lines if line.amount is not None), ZERO)


def rendered(lines: tuple[Line, ...], language: Language) -> tuple[RenderedLine, ...]:
    """The lines in a language, with its way to write amounts, days and percentages."""
    return tuple(
        RenderedLine(
            rule_id=line.rule_id,
            article=line.article,
            text=_text(line, language),
            formula=line.formula,
            amount="" if line.amount is None else written_amount(line.amount, language),
        )
        for line in lines
    )


def written_amount(amount: Decimal, language: Language) -> str:
    """An amount in euro as people write it."""
    marks = _formats(language)
    sign = "-" if amount < 0 else ""
    return sign + marks["amount"].format(_with_marks(f"{abs(amount):,.2f}", marks))


def written_percent(percent: Decimal, language: Language) -> str:
    """A percentage as people write it, with its sign."""
    marks = _formats(language)
    return marks["percent"].format(_with_marks(f"{percent:,f}", marks))


def written_day(day: date, language: Language) -> str:
    """A day with the month in words."""
    marks = _formats(language)
    return marks["day"].format(day=day.day, month=marks["months"].split()[day.month - 1], year=day.year)


@cache
def texts(language: Language) -> dict[str, str]:
    """Every sentence of a language, by key."""
    loaded: dict[str, str] = {}
    for folder in (data_folder(), *(data_folder() / country for country in COUNTRIES)):
        path = folder / "texts" / f"{language}.yaml"
        if path.is_file():
            loaded.update(cast("dict[str, str]", load(path)))
    return loaded


def _text(line: Line, language: Language) -> str:
    facts = {name: _fact(name, value, language) for name, value in line.inputs.items()}
    return texts(language)[line.text_key].format(**facts)


def _fact(name: str, value: Fact, language: Language) -> str:
    if isinstance(value, Decimal):
        is_percent = name.endswith(("percent", "points"))
        return written_percent(value, language) if is_percent else written_amount(value, language)
    if isinstance(value, date):
        return written_day(value, language)
    if isinstance(value, str):
        return texts(language).get(f"word.{value}", value)
    return str(value)


def _with_marks(number: str, marks: dict[str, str]) -> str:
    return number.replace(",", "T").replace(".", marks["decimal"]).replace("T", marks["thousands"])


@cache
def _formats(language: Language) -> dict[str, str]:
    return cast("dict[str, dict[str, str]]", load(data_folder() / "formats.yaml"))[language]
