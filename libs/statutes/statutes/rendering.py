"""From a result to JSON: amounts with two decimals, percentages plain, days and local times in ISO form."""

import dataclasses
import types
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

from statutes.explanation import Language, Line, rendered
from statutes.money import AMOUNT

Writer: TypeAlias = Callable[[Any], object]


def as_json(result: object, language: Language = "en") -> dict[str, object]:
    """Every field of a result, and the lines of its explanation in a language."""
    assert dataclasses.is_dataclass(result), "a topic answers with a dataclass"
    written = {name: write(getattr(result, name)) for name, write in _fields(type(result)).items()}
    explanation = getattr(result, "explanation", None)
    if explanation is not None:
        written["explanation"] = [_line(line, language) for line in cast("tuple[Line, ...]", explanation)]
    return written


def _line(line: Line, language: Language) -> dict[str, object]:
    return {
        "rule_id": line.rule_id,
        "article": line.article,
        "text": rendered((line,), language)[0].text,
        "formula": line.formula,
        "amount": None if line.amount is None else _amount(line.amount),
    }


@cache
def _fields(shape: type) -> dict[str, Writer]:
    hints = get_type_hints(shape, include_extras=True)
    return {
        field.name: _writer(hints[field.name])
        for field in dataclasses.fields(shape)
        if field.name != "explanation" and not field.name.startswith("_")
    }


def _writer(annotation: Any) -> Writer:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _amount if AMOUNT in get_args(annotation) else _percent
    if origin in (Union, types.UnionType):
        (inner,) = (part for part in get_args(annotation) if part is not type(None))
        write = _writer(inner)
        return lambda value: None if value is None else write(value)
    if origin in (tuple, Sequence):
        write_part = _writer(get_args(annotation)[0])
        return lambda value: [write_part(part) for part in value]
    if dataclasses.is_dataclass(annotation):
        return as_json
    return _simple


def _amount(value: Decimal) -> str:
    return f"{value:.2f}"


def _percent(value: Decimal) -> str:
    return f"{value:f}"


def _simple(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    assert value is None or isinstance(value, str | int | bool), f"{value!r} has no written form"
    return value
