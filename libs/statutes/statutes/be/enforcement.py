"""Wage seizure (loonbeslag, saisie sur salaire): art. 1409 of the Judicial code (Ger.W./C.jud.)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any, Final, cast

from statutes.errors import InvalidInput
from statutes.explanation import Line, explained_total
from statutes.money import ZERO, Amount, Percent, rounded_down
from statutes.tables import table
from statutes.topics import topic

ARTICLE: Final = "art. 1409 Ger.W./C.jud."
HUNDRED: Final = Decimal(100)
WHOLE_EURO: Final = Decimal("1.00")


@dataclass(frozen=True, kw_only=True)
class WageSeizure:
    """The parts of a month's net wage, in euro: from each band, what may be seized, and what the debtor keeps."""

    bands: tuple[Amount, ...]
    before_children: Amount
    seizable: Amount
    kept: Amount
    explanation: tuple[Line, ...]


@topic("be.wage_seizure", rules=("BE-ENF-3",))
def wage_seizure(*, net: Amount, dependent_children: int = 0, as_of: date) -> WageSeizure:
    """What may be seized of a month's net wage, in euro, rounded down.

    20, 30 and 40 % of the parts between four thresholds and all above the last, less an amount for each dependent
    child, never below zero. Raises `InvalidInput` for a negative figure, `RateNotVerified` for a day without confirmed
    thresholds.
    """
    if net < 0 or dependent_children < 0:
        raise InvalidInput("net, dependent_children: must not be negative")
    row = cast("dict[str, Any]", table("be.wage_thresholds").at(as_of).value)
    thresholds = [Decimal(euro) for euro in cast("list[str]", row["thresholds"])]
    percents = [Decimal(percent) for percent in cast("list[str]", table("be.wage_bands").current.value)]
    lines: list[Line] = []
    for above, up_to, percent in zip(thresholds, [*thresholds[1:], None], percents, strict=True):
        part = max(ZERO, (net if up_to is None else min(net, up_to)) - above)
        facts = {"above": above, "part": part, "percent": percent}
        amount = rounded_down(part * percent / HUNDRED)
        formula = f"{part} x {percent} / 100"
        line = Line(
            rule_id="BE-ENF-3",
            article=ARTICLE,
            text_key="be.wage_seizure.band",
            inputs=facts,
            formula=formula,
            amount=amount,
        )
        lines.append(line)
    before_children = explained_total(tuple(lines))
    bands = tuple(line.amount for line in lines if line.amount is not None)
    per_child = Decimal(cast("str", row["per_child"]))
    seizable = max(ZERO, before_children - dependent_children * per_child)
    if dependent_children:
        facts = {"children": dependent_children, "per_child": per_child}
        less = seizable - before_children
        lines.append(
            Line(rule_id="BE-ENF-3", article=ARTICLE, text_key="be.wage_seizure.children", inputs=facts, amount=less)
        )
    assert explained_total(tuple(lines)) == seizable, "the lines add up"
    return WageSeizure(
        bands=bands,
        before_children=before_children,
        seizable=seizable,
        kept=net - seizable,
        explanation=tuple(lines),
    )


@dataclass(frozen=True, kw_only=True)
class WageThresholds:
    """The four thresholds, whole euros a month."""

    thresholds: tuple[Amount, ...]


@topic("be.wage_thresholds", rules=("BE-ENF-3",))
def wage_thresholds(*, health_index: Percent) -> WageThresholds:
    """The thresholds that follow from the smoothed health index of November, rounded up to the euro.

    The index is that of the law's own base year. A check of published thresholds; `wage_seizure` only takes verified
    rows. Raises `InvalidInput` for an index of zero or less.
    """
    if health_index <= 0:
        raise InvalidInput("health_index: must be more than zero")
    rule = cast("dict[str, Any]", table("be.wage_threshold_formula").current.value)
    factor = Fraction(health_index) / (Fraction(rule["francs_for_a_euro"]) * Fraction(rule["base_index"]))
    return WageThresholds(
        thresholds=tuple(ceil(Fraction(francs) * factor) * WHOLE_EURO for francs in cast("list[str]", rule["francs"]))
    )
