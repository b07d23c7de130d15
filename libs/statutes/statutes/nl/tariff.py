"""The tariff of collection costs as steps that add up, and the VAT on it (Besluit BIK art. 2)."""

from decimal import Decimal
from functools import cache
from typing import Any, Final, cast

from statutes.explanation import Line
from statutes.money import ZERO, rounded
from statutes.tables import Table, table

HUNDRED: Final = Decimal(100)


def tariff_lines(principal: Decimal) -> tuple[Line, ...]:
    """Slices of the principal, then what lifts the sum to the minimum or lowers it to the maximum (NL-BIK-1, -2).

    The lines add up to the costs without VAT, half up to the cent; a principal of zero or less has none.
    """
    lines: list[Line] = []
    below = total = ZERO
    for up_to, percent in _slices():
        if principal <= below:
            break
        part = (principal if up_to is None else min(principal, up_to)) - below
        upto_here = rounded(total + part * percent / HUNDRED)
        key = "nl.bik.next_slice" if lines else "nl.bik.slice" if part == principal else "nl.bik.first_slice"
        lines.append(_line("NL-BIK-1", key, upto_here - total, {"percent": percent, "part": part}))
        total, below = upto_here, below + part
    minimum, maximum = table("nl.collection_costs.minimum").decimal, table("nl.collection_costs.maximum").decimal
    if lines and total < minimum:
        lines.append(_line("NL-BIK-2", "nl.bik.minimum", minimum - total, {"minimum": minimum}))
    if total > maximum:
        lines.append(_line("NL-BIK-2", "nl.bik.maximum", maximum - total, {"maximum": maximum}))
    return tuple(lines)


def tariff(principal: Decimal) -> Decimal:
    """Collection costs on a principal, without VAT (NL-BIK-1, -2, -3)."""
    return sum((cast("Decimal", line.amount) for line in tariff_lines(principal)), ZERO)


def vat_on(amount: Decimal, *, creditor_can_deduct_vat: bool, collection_outsourced: bool) -> Decimal:
    """VAT on the rounded costs: only where a third party invoices it and it cannot be deducted (NL-VAT-1 to -3)."""
    if creditor_can_deduct_vat or not collection_outsourced:
        return ZERO
    return rounded(amount * table("nl.vat").decimal / HUNDRED)


def vat_line(amount: Decimal, vat: Decimal) -> tuple[Line, ...]:
    """The line of the VAT, or none."""
    if not vat:
        return ()
    return (_line("NL-VAT-1", "nl.bik.vat", vat, {"percent": table("nl.vat").decimal, "part": amount}, key="nl.vat"),)


def _line(rule: str, text: str, amount: Decimal, facts: dict[str, Decimal], key: str = "") -> Line:
    source: Table = table(key or _TABLE_OF[text])
    formula = f"{facts['percent']:f} % x {facts['part']:.2f}" if "percent" in facts else ""
    return Line(rule_id=rule, article=source.article, text_key=text, inputs=facts, formula=formula, amount=amount)


_TABLE_OF: Final = {
    "nl.bik.slice": "nl.collection_costs.tariff",
    "nl.bik.first_slice": "nl.collection_costs.tariff",
    "nl.bik.next_slice": "nl.collection_costs.tariff",
    "nl.bik.minimum": "nl.collection_costs.minimum",
    "nl.bik.maximum": "nl.collection_costs.maximum",
}


@cache
def _slices() -> tuple[tuple[Decimal | None, Decimal], ...]:
    rows = cast("list[dict[str, Any]]", table("nl.collection_costs.tariff").current.value)
    return tuple((None if row["up_to"] is None else Decimal(row["up_to"]), Decimal(row["percent"])) for row in rows)
