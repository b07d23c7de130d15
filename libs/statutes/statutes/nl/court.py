"""Costs and terms of the court: registry fee, default judgment, earliest hearing."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias, cast

from statutes.days import plus_days
from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.money import ZERO, Amount, rounded
from statutes.nl.checks import not_negative
from statutes.nl.tariff import vat_on
from statutes.policies import COURT_FEE_BASE, CourtFeeBase
from statutes.tables import table
from statutes.topics import topic

Claimant: TypeAlias = Literal["legal_person", "natural_person", "low_income"]
Court: TypeAlias = Literal["subdistrict", "district"]
Bracket: TypeAlias = dict[str, Any]

HALF_POINT = Decimal("0.5")


@dataclass(frozen=True, kw_only=True)
class CourtFee:
    """The registry fee of the claimant; no VAT."""

    court_fee: Amount
    explanation: tuple[Line, ...] = ()


@topic("nl.court_fees", rules=("NL-FEE-1", "NL-COURT-1"))
def court_fees(
    *, claim_value: Amount | None = None, claimant: Claimant, court: Court = "subdistrict", hearing_on: date
) -> CourtFee:
    """Registry fee of the claimant (griffierecht) on the day of the hearing, in euro; null value: undetermined.

    The column is the claimant's form, not the debtor's. Raises `InvalidInput` for a value that the court does not hear,
    `RateNotVerified` for a hearing outside the verified tariff.
    """
    fee = _court_fee(claim_value, claimant, court, hearing_on)
    return CourtFee(court_fee=fee, explanation=(_line("nl.court_fees", "nl.court.fee", fee),))


@dataclass(frozen=True, kw_only=True)
class DefaultJudgmentCosts:
    """Costs of a default judgment; its explanation adds up to `total`, `post_judgment_costs` come on top."""

    writ: Amount
    writ_vat: Amount
    court_fee: Amount
    representative_salary: Amount
    total: Amount
    post_judgment_costs: Amount
    explanation: tuple[Line, ...] = ()


@topic("nl.default_judgment_costs", rules=("NL-FEE-1", "NL-FEE-2", "NL-FEE-3", "NL-FEE-4", "NL-FEE-5", "NL-GEN-4"))
def default_judgment_costs(
    *,
    principal: Amount,
    late_interest: Amount = ZERO,
    collection_costs: Amount = ZERO,
    claimant: Claimant,
    creditor_can_deduct_vat: bool = True,
    hearing_on: date,
    court_fee_base: CourtFeeBase = COURT_FEE_BASE,
) -> DefaultJudgmentCosts:
    """Writ, registry fee and one point of salary of a default judgment by the subdistrict court, in euro.

    VAT only on the writ, when the creditor cannot deduct it. The salary goes by the whole claim, post-judgment costs
    (nakosten) are half a point under their maximum. Raises `InvalidInput` for a claim above the court's limit,
    `RateNotVerified` for a hearing outside the verified tariffs.
    """
    not_negative(principal=principal, late_interest=late_interest, collection_costs=collection_costs)
    whole_claim = principal + late_interest + collection_costs
    fee_base = principal if court_fee_base == "principal" else whole_claim
    court_fee = _court_fee(fee_base, claimant, "subdistrict", hearing_on)
    salaries = cast("list[Bracket]", table("nl.representative_salary").at(hearing_on).value)
    salary = Decimal(_bracket(salaries, whole_claim)["per_point"])
    most_after = table("nl.post_judgment_costs.maximum").decimal_at(hearing_on)
    writ = Decimal(table("nl.bailiff_tariff").at(hearing_on).value["2a"]["tariff"])
    writ_vat = vat_on(writ, creditor_can_deduct_vat=creditor_can_deduct_vat, collection_outsourced=True)
    vat_lines = (_line("nl.vat", "nl.court.writ_vat", writ_vat),) if writ_vat else ()
    return DefaultJudgmentCosts(
        writ=writ,
        writ_vat=writ_vat,
        court_fee=court_fee,
        representative_salary=salary,
        total=writ + writ_vat + court_fee + salary,
        post_judgment_costs=min(rounded(salary * HALF_POINT), most_after),
        explanation=(
            _line("nl.bailiff_tariff", "nl.court.writ", writ),
            *vat_lines,
            _line("nl.court_fees", "nl.court.fee", court_fee),
            _line("nl.representative_salary", "nl.court.salary", salary),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class WritTerm:
    """The first day on which the hearing may be."""

    earliest_hearing_on: date
    explanation: tuple[Line, ...] = ()


@topic("nl.writ_term", rules=("NL-COURT-2",))
def writ_term(*, served_on: date) -> WritTerm:
    """Earliest hearing after service of the writ: a week that counts neither the day of service nor of the hearing."""
    days = table("nl.court.writ_days").integer
    earliest = plus_days(served_on, days + 1)
    facts = {"served_on": served_on, "days": days, "earliest_hearing_on": earliest}
    line = Line(
        rule_id="NL-COURT-2", article=table("nl.court.writ_days").article, text_key="nl.court.term", inputs=dict(facts)
    )
    return WritTerm(earliest_hearing_on=earliest, explanation=(line,))


def _court_fee(claim_value: Decimal | None, claimant: Claimant, court: Court, hearing_on: date) -> Decimal:
    if claim_value is not None:
        not_negative(claim_value=claim_value)
        above = claim_value > table("nl.court.subdistrict_limit").decimal
        if above and court == "subdistrict":
            raise InvalidInput("claim_value: is above what the subdistrict court hears")
        if not above and court == "district":
            raise InvalidInput("claim_value: is heard by the subdistrict court")
    brackets = cast("list[Bracket]", table("nl.court_fees").at(hearing_on).value[court])
    if claim_value is None:
        return Decimal(next(bracket for bracket in brackets if bracket.get("undetermined"))[claimant])
    return Decimal(_bracket(brackets, claim_value)[claimant])


def _bracket(brackets: list[Bracket], value: Decimal) -> Bracket:
    return next(bracket for bracket in brackets if bracket["up_to"] is None or value <= Decimal(bracket["up_to"]))


def _line(key: str, text: str, amount: Decimal) -> Line:
    source = table(key)
    return Line(rule_id=source.rule, article=source.article, text_key=text, amount=amount)
