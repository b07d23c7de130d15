"""Limitation (verjaring, prescription): what letters do to the term (art. 2244 § 2 oud BW/ancien C.civ.)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias, cast

from statutes.days import plus_months
from statutes.errors import InvalidInput
from statutes.tables import table
from statutes.topics import topic

ActKind: TypeAlias = Literal["lawyers_notice", "simple_letter"]
ClaimKind: TypeAlias = Literal[
    "general",
    "judgment",
    "sale_to_private_person",
    "utilities",
    "rent_and_periodic",
    "medical_care",
    "insurance_premium",
    "lawyer",
    "bailiff",
]


@dataclass(frozen=True, kw_only=True)
class LimitationAct:
    """A letter: a lawyer's or bailiff's notice registered with acknowledgement of receipt, or any other letter."""

    on: date
    kind: ActKind


@dataclass(frozen=True, kw_only=True)
class ActEffect:
    """Whether the letter interrupts, even when the end stays where it was."""

    on: date
    effective: bool


@dataclass(frozen=True, kw_only=True)
class Limitation:
    """The last day of the term, and the effect of each letter in the order given."""

    ends_on: date
    acts: tuple[ActEffect, ...]


@topic("be.limitation", rules=("BE-LIM-1", "BE-LIM-2"))
def limitation(*, starts_on: date, term_months: int, acts: Sequence[LimitationAct] = ()) -> Limitation:
    """When a claim is barred, given the letters sent: art. 2244 § 2 oud BW/ancien C.civ.

    The first lawyer's or bailiff's notice with acknowledgement of receipt, sent within the term, starts a new term of a
    year (or of the original length when that is shorter) that never ends before the original one. It works once; no
    other letter interrupts. Raises `InvalidInput` for a term without months.
    """
    if term_months < 1:
        raise InvalidInput("term_months: must be at least 1")
    original_end = plus_months(starts_on, term_months)
    notices = [(act.on, at) for at, act in enumerate(acts) if act.kind == "lawyers_notice" and act.on <= original_end]
    effective_on, effective_at = min(notices, default=(None, None))
    ends_on = original_end
    if effective_on is not None:
        new_term_months = min(term_months, table("be.limitation_notice_months").integer)
        ends_on = max(original_end, plus_months(effective_on, new_term_months))
    effects = tuple(ActEffect(on=act.on, effective=at == effective_at) for at, act in enumerate(acts))
    return Limitation(ends_on=ends_on, acts=effects)


def limitation_term_months(*, claim_kind: ClaimKind) -> int:
    """The limitation term of a kind of claim in months: table of the National Chamber of Bailiffs (BE-LIM-1)."""
    return cast("dict[str, int]", table("be.limitation_terms").current.value)[claim_kind]
