"""The law as data: Dutch and Belgian collection law, dated, sourced, explained to the cent.

Pure functions over frozen values: `statutes.nl` and `statutes.be` have one function a question, with the question's own
name. Amounts and percentages are `Decimal`, days `date`, local times naive `datetime`. Nothing here reads a clock.
"""

from statutes.errors import InvalidInput, LawError, NotEligible, RateNotVerified, UnknownTopic
from statutes.explanation import Language, Line, RenderedLine, explained_total, rendered
from statutes.rates import InterestRate, Series, interest_rate
from statutes.statement import (
    Allocation,
    ClaimPosition,
    ClaimTerms,
    Posting,
    Statement,
    StatementPolicies,
    statement,
)

__all__ = [
    "Allocation",
    "ClaimPosition",
    "ClaimTerms",
    "InterestRate",
    "InvalidInput",
    "Language",
    "LawError",
    "Line",
    "NotEligible",
    "Posting",
    "RateNotVerified",
    "RenderedLine",
    "Series",
    "Statement",
    "StatementPolicies",
    "UnknownTopic",
    "explained_total",
    "interest_rate",
    "rendered",
    "statement",
]
