"""From JSON to the arguments of a function, read off its signature (conventions of the evaluate interface).

Strict on purpose: an unknown name, a wrong type or a JSON number where an amount belongs is `InvalidInput`, so that a
typing error never passes unseen. `null` is the same as leaving the input out.
"""

import dataclasses
import inspect
import re
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

from statutes.errors import InvalidInput
from statutes.money import AMOUNT, PERCENT, ZERO

Parser: TypeAlias = Callable[[object, str], object]

_AMOUNT: Final = re.compile(r"-?[0-9]{1,15}\.[0-9]{2}")
_PERCENT: Final = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LOCAL_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
LARGEST_INTEGER: Final = 1_000_000


@dataclasses.dataclass(frozen=True)
class Input:
    """One named input: how it is read, and whether it may be left out."""

    parse: Parser
    required: bool


def arguments(function: Callable[..., object], inputs: object) -> dict[str, object]:
    """The keyword arguments that these JSON inputs mean.

    Raises `InvalidInput` with the name of the input.
    """
    return _named(inputs, _inputs_of_function(function), "inputs")


@cache
def _inputs_of_function(function: Callable[..., object]) -> dict[str, Input]:
    hints = get_type_hints(function, include_extras=True)
    parameters = inspect.signature(function).parameters.values()
    return {
        parameter.name: Input(_parser(hints[parameter.name]), required=parameter.default is inspect.Parameter.empty)
        for parameter in parameters
    }


@cache
def _inputs_of_dataclass(shape: type) -> dict[str, Input]:
    hints = get_type_hints(shape, include_extras=True)
    missing = dataclasses.MISSING
    return {
        field.name: Input(
            _parser(hints[field.name]), required=field.default is missing and field.default_factory is missing
        )
        for field in dataclasses.fields(shape)
    }


def _named(given: object, inputs: dict[str, Input], where: str) -> dict[str, object]:
    if not isinstance(given, Mapping):
        raise InvalidInput(f"{where}: must be an object")
    named = cast("Mapping[object, object]", given)
    unknown = [str(name) for name in named if name not in inputs]
    if unknown:
        raise InvalidInput(f"{where}: unknown {', '.join(sorted(unknown))}")
    read: dict[str, object] = {}
    for name, wanted in inputs.items():
        value = named.get(name)
        if value is not None:
            read[name] = wanted.parse(value, name if where == "inputs" else f"{where}.{name}")
        elif wanted.required:
            raise InvalidInput(f"{name}: is missing" if where == "inputs" else f"{where}.{name}: is missing")
    return read


def _parser(annotation: Any) -> Parser:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _annotated(get_args(annotation))
    if origin in (Union, types.UnionType):
        (inner,) = (part for part in get_args(annotation) if part is not type(None))
        return _parser(inner)
    if origin is Literal:
        return _word(get_args(annotation))
    if origin in (tuple, Sequence):
        return _list(_parser(get_args(annotation)[0]))
    if dataclasses.is_dataclass(annotation):
        return _object(cast("type", annotation))
    return _SIMPLE[annotation]


def _annotated(parts: tuple[Any, ...]) -> Parser:
    return _amount if AMOUNT in parts else _percent if PERCENT in parts else _parser(parts[0])


def _list(parse: Parser) -> Parser:
    def read(value: object, where: str) -> object:
        if not isinstance(value, list):
            raise InvalidInput(f"{where}: must be a list")
        return tuple(parse(part, f"{where}[{at}]") for at, part in enumerate(cast("list[object]", value)))

    return read


def _object(shape: type) -> Parser:
    def read(value: object, where: str) -> object:
        return shape(**_named(value, _inputs_of_dataclass(shape), where))

    return read


def _word(words: tuple[str, ...]) -> Parser:
    def read(value: object, where: str) -> object:
        if not isinstance(value, str) or value not in words:
            raise InvalidInput(f"{where}: must be one of {', '.join(words)}")
        return value

    return read


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"{where}: must be text")
    return value


def _matching(pattern: re.Pattern[str], value: object, where: str, meant: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise InvalidInput(f"{where}: must be {meant}")
    return value


def _amount(value: object, where: str) -> Decimal:
    return Decimal(_matching(_AMOUNT, value, where, 'an amount in text, as "1250.00"')) + ZERO  # -0.00 is 0.00


def _percent(value: object, where: str) -> Decimal:
    return Decimal(_matching(_PERCENT, value, where, 'a percentage in text, as "10.15"'))


def _day(value: object, where: str) -> date:
    try:
        return date.fromisoformat(_matching(_DAY, value, where, 'a day, as "2026-03-02"'))
    except ValueError as error:
        raise InvalidInput(f"{where}: is no day of the calendar") from error


def _local_time(value: object, where: str) -> datetime:
    try:
        return datetime.fromisoformat(_matching(_LOCAL_TIME, value, where, 'a local time, as "2026-03-02T14:00"'))
    except ValueError as error:
        raise InvalidInput(f"{where}: is no time of the calendar") from error


def _integer(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST_INTEGER:
        raise InvalidInput(f"{where}: must be a whole number")
    return value


def _boolean(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(f"{where}: must be true or false")
    return value


_SIMPLE: Final[dict[Any, Parser]] = {
    str: _text,
    int: _integer,
    bool: _boolean,
    date: _day,
    datetime: _local_time,
}
