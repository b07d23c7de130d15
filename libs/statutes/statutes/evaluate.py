"""Questions to the law in JSON, and their answers: the whole of `quittance law evaluate` but its file."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from statutes.errors import InvalidInput, LawError
from statutes.parsing import arguments
from statutes.rendering import as_json
from statutes.topics import topic_named


def evaluate(questions: Sequence[object]) -> list[dict[str, Any]]:
    """Answer each question `{"id", "topic", "inputs"}` with `{"id", "result"}` or `{"id", "error"}`, in order.

    One bad question never harms its neighbours.
    """
    return [_answered(question) for question in questions]


def _answered(question: object) -> dict[str, Any]:
    if not isinstance(question, Mapping):
        return {"id": None, "error": _error(InvalidInput("a question must be an object"))}
    asked = cast("Mapping[str, object]", question)
    try:
        return {"id": asked.get("id"), "result": answer(asked.get("topic"), asked.get("inputs"))}
    except LawError as error:
        return {"id": asked.get("id"), "error": _error(error)}


def answer(topic: object, inputs: object) -> dict[str, Any]:
    """The result of one question as JSON.

    Raises `UnknownTopic`, `InvalidInput`, `RateNotVerified`, `NotEligible`.
    """
    found = topic_named(topic)
    named = arguments(found.answer, {} if inputs is None else inputs)
    try:
        return as_json(found.answer(**named))
    except OverflowError as error:  # a day past the calendar's last year, in any topic
        raise InvalidInput("inputs: lead to a day outside the calendar") from error


def _error(error: LawError) -> dict[str, Any]:
    reasons = {"reasons": list(error.reasons)} if error.reasons else {}
    return {"type": type(error).__name__, "message": error.message, **reasons}
