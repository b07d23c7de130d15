"""What the law can answer other than a result. `message` is for a person; `reasons` are words for a program."""

from collections.abc import Sequence


class LawError(Exception):
    """Any refusal to answer; its class name is the `type` that `evaluate` prints."""

    def __init__(self, message: str, *, reasons: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.reasons = tuple(sorted(reasons))


class InvalidInput(LawError):  # noqa: N818 - the name is part of the interface
    """An input is missing, unknown, of the wrong type, or impossible."""


class RateNotVerified(LawError):  # noqa: N818 - the name is part of the interface
    """A day that the answer needs lies outside the verified rows of a rate, tariff or table (NL-GEN-4, NL-INT-13)."""


class NotEligible(LawError):  # noqa: N818 - the name is part of the interface
    """The law does not allow this act on these facts; `reasons` says why."""


class UnknownTopic(LawError):  # noqa: N818 - the name is part of the interface
    """No function answers a topic of this name."""
