"""The lines of a statement: what was asked, grew, was charged and was covered; they add up to what is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from statutes.accrual import AccrualLine
from statutes.explanation import Line, explained_total
from statutes.money import from_cents, from_percent_units, rounded_cents

if TYPE_CHECKING:
    from statutes.statement import Allocation, ClaimTerms, Posting

_RULES: Final = {
    "nl": {"agreed": "NL-INT-10", "cover": "NL-ALL-2", "charge": "NL-ALL-7"},
    "be": {"agreed": "BE-INT-1", "cover": "BE-ALL-2", "charge": "BE-ALL-2"},
}
_GROUNDS: Final = {
    "nl_6_119": ("NL-RATE-1", "art. 6:119 BW"),
    "nl_6_119a": ("NL-RATE-2", "art. 6:119a BW"),
    "nl_6_119a_contracts_before_2013_03_16": ("NL-RATE-4", "art. 6:119a BW"),
    "be_b2b": ("BE-RATE-1", "art. 5 wet/loi 2-8-2002"),
    "be_b2b_contracts_before_2013_03_16": ("BE-RATE-1", "art. 5 wet/loi 2-8-2002"),
    "be_civil": ("BE-RATE-2", "art. 2 wet/loi 5-5-1865"),
}
_BUCKETS: Final = ("costs", "vat", "late_interest", "principal", "indemnity")
_COVER_ARTICLES: Final = {"nl": "art. 6:44 BW", "be": "art. 5.210 Civil code"}


def statement_lines(
    claims: Sequence[ClaimTerms],
    charges: Sequence[Posting],
    accrued: Mapping[str, Sequence[AccrualLine]],
    allocations: Sequence[Allocation],
) -> tuple[Line, ...]:
    """Lines claim by claim."""
    lines: list[Line] = []
    for terms in claims:
        lines.append(_principal_line(terms))
        lines += accrual_lines(accrued[terms.claim_id], terms.jurisdiction, terms.series)
        lines += [_charge_line(posting, terms) for posting in charges if posting.claim_id == terms.claim_id]
        for part in allocations:
            if part.claim_id == terms.claim_id:
                named = {bucket: getattr(part, bucket) for bucket in _BUCKETS}
                lines += covered_lines(part.kind, part.on, named, terms.jurisdiction)
    return tuple(lines)


def accrual_lines(accrued: Sequence[AccrualLine], jurisdiction: str, series: str | None) -> list[Line]:
    """Interest line by line, and where a year's interest was added to what bears interest, a line that says so."""
    lines: list[Line] = []
    before: AccrualLine | None = None
    for line in accrued:
        if before is not None and line.base > before.base:
            lines.append(_capitalised_line(line))
        lines.append(_accrual_line(line, jurisdiction, series))
        before = line
    return lines


def _capitalised_line(line: AccrualLine) -> Line:
    return Line(
        rule_id="NL-INT-6",
        article="art. 6:119 lid 2, 6:119a lid 3 BW",
        text_key="statement.capitalised",
        inputs={"on": date.fromordinal(line.start), "base": from_cents(rounded_cents(line.base))},
    )


def _accrual_line(line: AccrualLine, jurisdiction: str, series: str | None) -> Line:
    rule_id, article = _GROUNDS[series] if series else (_RULES[jurisdiction]["agreed"], "")
    base = from_cents(rounded_cents(line.base))
    percent, days = from_percent_units(line.units), line.until - line.start
    return Line(
        rule_id=rule_id,
        article=article,
        text_key="statement.interest",
        inputs={
            "from_on": date.fromordinal(line.start),
            "through_on": date.fromordinal(line.until - 1),
            "days": days,
            "percent": percent,
            "base": base,
        },
        formula=f"{base:.2f} x {percent:f} % x {days} / 365",
        amount=from_cents(rounded_cents(line.late_interest)),
    )


def _principal_line(terms: ClaimTerms) -> Line:
    rule = "NL-WKI-8" if terms.jurisdiction == "nl" else "BE-ALL-2"
    return Line(
        rule_id=rule, text_key="statement.principal", inputs={"claim_id": terms.claim_id}, amount=terms.principal
    )


def _charge_line(posting: Posting, terms: ClaimTerms) -> Line:
    return Line(
        rule_id=_RULES[terms.jurisdiction]["charge"],
        text_key=f"statement.{posting.kind}",
        inputs={"on": posting.on},
        amount=posting.amount,
    )


def covered_lines(kind: str, on: date, covered: Mapping[str, Decimal], jurisdiction: str) -> list[Line]:
    """What a payment or credit took off, a line for each thing that it covered."""
    return [
        Line(
            rule_id=_RULES[jurisdiction]["cover"],
            article=_COVER_ARTICLES[jurisdiction],
            text_key=f"statement.{kind}.{bucket}",
            inputs={"on": on},
            amount=-amount,
        )
        for bucket, amount in covered.items()
        if amount
    ]


def rounding_line(lines: Sequence[Line], total: Decimal) -> tuple[Line, ...]:
    """What the printed lines miss to the total, where only the total is rounded; or none."""
    missing = total - explained_total(tuple(lines))
    return (Line(rule_id="NL-INT-8", text_key="statement.rounding", amount=missing),) if missing else ()
