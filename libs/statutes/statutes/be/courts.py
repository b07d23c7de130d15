"""Courts and their costs: which court, registry fee, bailiff's act, procedural indemnity."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias, cast

from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.money import ZERO, Amount, rounded
from statutes.tables import table
from statutes.topics import cites, topic

Court: TypeAlias = Literal["justice_of_the_peace", "court_of_first_instance", "enterprise_court"]
FeeCourt: TypeAlias = Literal[
    "justice_of_the_peace", "court_of_first_instance", "enterprise_court", "court_of_appeal", "court_of_cassation"
]
ActTariff: TypeAlias = Literal["A", "B", "C"]
HUNDRED: Final = Decimal(100)

cites("BE-COST-1", "BE-COST-3", "BE-COST-4", by="statutes.be.courts")


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


@dataclass(frozen=True, kw_only=True)
class CompetentCourt:
    """The court that judges a claim, and whether its judgment can be appealed."""

    court: Court
    appeal_possible: bool


def competent_court(
    *,
    claim_value: Amount,
    between_enterprises: bool,
    is_utility_claim: bool = False,
    utilities_to_justice_of_the_peace: bool = False,
) -> CompetentCourt:
    """Which court judges: art. 573, 590 and 617 Ger.W./C.jud. (BE-COST-3).

    Between enterprises the enterprise court, whatever the amount; else up to 5,000 euro the justice of the peace,
    above it the court of first instance. That utility claims against individuals all go to the justice of the peace is
    not confirmed (M): only when that setting is on. Raises `InvalidInput` for a negative value.
    """
    if claim_value < 0:
        raise InvalidInput("claim_value: is negative")
    limits = cast("dict[str, str]", table("be.justice_of_the_peace_limit").current.value)
    if between_enterprises:
        court: Court = "enterprise_court"
    elif claim_value <= Decimal(limits["limit"]) or (is_utility_claim and utilities_to_justice_of_the_peace):
        court = "justice_of_the_peace"
    else:
        court = "court_of_first_instance"
    is_local = court == "justice_of_the_peace"
    final_up_to = Decimal(limits["final_up_to"]) if is_local else table("be.other_courts_final_up_to").decimal
    return CompetentCourt(court=court, appeal_possible=claim_value > final_up_to)


@dataclass(frozen=True, kw_only=True)
class RegistryFee:
    """Registry fee (rolrecht, droit de mise au rôle) and the contribution to the legal-aid fund, in euro."""

    registry_fee: Amount
    legal_aid_fund: Amount


def registry_fee(*, court: FeeCourt, as_of: date) -> RegistryFee:
    """What a procedure costs at the registry (BE-COST-4); the party that is condemned owes the fee at the end.

    Raises `RateNotVerified` for a day before the rows.
    """
    fees = cast("dict[str, str]", table("be.registry_fees").at(as_of).value)
    return RegistryFee(registry_fee=Decimal(fees[court]), legal_aid_fund=table("be.legal_aid_fund").decimal_at(as_of))


@dataclass(frozen=True, kw_only=True)
class BailiffActFee:
    """The fee of one act of a bailiff in euro, and its VAT where the client cannot deduct it."""

    fee: Amount
    vat: Amount


def bailiff_act_fee(*, tariff: ActTariff, as_of: date, client_can_deduct_vat: bool = False) -> BailiffActFee:
    """The fee of one act by tariff A, B or C, since the reform of 1 October 2024 (BE-COST-1).

    Raises `RateNotVerified` from 2025: the indexed amounts are not confirmed.
    """
    fee = Decimal(cast("dict[str, str]", table("be.bailiff_act_fees").at(as_of).value)[tariff])
    vat = rounded(fee * table("be.bailiff_vat_percent").decimal / HUNDRED)
    return BailiffActFee(fee=fee, vat=ZERO if client_can_deduct_vat else vat)
