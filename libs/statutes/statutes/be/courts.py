"""Costs of court: the procedural indemnity (rechtsplegingsvergoeding, indemnité de procédure)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.money import Amount
from statutes.tables import table
from statutes.topics import topic


@dataclass(frozen=True, kw_only=True)
class ProceduralIndemnity:
    """What the losing party pays towards the other's lawyer, in euro; the judge stays between the two ends."""

    base: Amount
    minimum: Amount
    maximum: Amount
    explanation: tuple[Line, ...]


@topic("be.procedural_indemnity", rules=("BE-COST-5",))
def procedural_indemnity(*, claim_value: Amount | None = None, as_of: date) -> ProceduralIndemnity:
    """Base, minimum and maximum by the value of the claim: royal decree of 26 October 2007. Null: not in money.

    Raises `InvalidInput` for a negative value, `RateNotVerified` for a day whose amounts are not confirmed.
    """
    if claim_value is not None and claim_value < 0:
        raise InvalidInput("claim_value: is negative")
    tariff = cast("dict[str, Any]", table("be.procedural_indemnity").at(as_of).value)
    row = cast("dict[str, str]", tariff["not_in_money"])
    if claim_value is not None:
        bands = cast("list[dict[str, str]]", tariff["bands"])
        row = next(band for band in bands if "up_to" not in band or claim_value <= Decimal(band["up_to"]))
    base, minimum, maximum = (Decimal(row[name]) for name in ("base", "minimum", "maximum"))
    line = Line(
        rule_id="BE-COST-5",
        article="art. 1022 Ger.W./C.jud.; KB/AR 26-10-2007",
        text_key="be.procedural_indemnity.base" if claim_value is not None else "be.procedural_indemnity.not_in_money",
        inputs={
            "minimum": minimum,
            "maximum": maximum,
            **({} if claim_value is None else {"claim_value": claim_value}),
        },
        amount=base,
    )
    return ProceduralIndemnity(base=base, minimum=minimum, maximum=maximum, explanation=(line,))
