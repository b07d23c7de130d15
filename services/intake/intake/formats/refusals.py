"""Refusals: of a whole file, of one row, of one field."""

from dataclasses import dataclass

from common.errors import InvalidMessage
from intake.domain import SubmitClaim


class UnreadableFile(InvalidMessage):
    """A file of which nothing can be taken; says why."""

    def __reduce__(self) -> tuple[type["UnreadableFile"], tuple[str, str]]:
        """As it travels from the process that read the file."""
        return type(self), (self.code, self.message)


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """What is wrong with one field. Never quotes the value: it may be personal."""

    field: str
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RefusedRow:
    """A row that can't be taken: the line on which it begins, and the first thing that is wrong with it."""

    line: int
    field: str
    reason: str
    code: str
    more: tuple[FieldError, ...] = ()  # what else is wrong with it

    @classmethod
    def of(cls, line: int, *errors: FieldError) -> "RefusedRow":
        """All that is wrong with a row."""
        first, *more = errors
        return cls(line=line, field=first.field, reason=first.reason, code=first.code, more=tuple(more))

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """All that is wrong with it."""
        return (FieldError(field=self.field, code=self.code, reason=self.reason), *self.more)


@dataclass(frozen=True, kw_only=True)
class ClaimRow:
    """A row that could be read whole, as the claim it hands over."""

    line: int
    claim: SubmitClaim


class FieldRefused(Exception):  # noqa: N818  a value of the domain, not a fault of the program
    """This text is none that the field takes."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
