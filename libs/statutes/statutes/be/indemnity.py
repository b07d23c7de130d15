"""The damage clause of a consumer contract (schadebeding, clause indemnitaire), and its caps: art. XIX.4 WER/CDE."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final, Literal, TypeAlias, cast

from statutes.errors import InvalidInput
from statutes.explanation import Line, explained_total
from statutes.money import CENT, ZERO, Amount, Percent, rounded, rounded_down
from statutes.policies import CAP_PER, CapPer
from statutes.tables import table
from statutes.topics import cites, topic

ClauseStatus: TypeAlias = Literal["none", "applied", "reduced", "unwritten"]
ARTICLE: Final = "art. XIX.4 WER/CDE"
HUNDRED: Final = Decimal(100)

cites("BE-GEN-1", "BE-GEN-2", "BE-XIX-6", by="statutes.be.indemnity")


@dataclass(frozen=True, kw_only=True)
class RemindedDebt:
    """A debt of a reminder: what was claimed, and what of it was paid inside the term; in euro."""

    claimed: Amount
    paid_inside_term: Amount = ZERO


@dataclass(frozen=True, kw_only=True)
class IndemnityCap:
    """What is open when the term ends, and the most that may be asked on it; in euro."""

    balance: Amount
    maximum: Amount
    explanation: tuple[Line, ...]


@topic("be.indemnity_cap", rules=("BE-XIX-16", "BE-XIX-17", "BE-XIX-22"))
def indemnity_cap(*, debts: Sequence[RemindedDebt], cap_per: CapPer = CAP_PER) -> IndemnityCap:
    """The most that a consumer may be asked as fixed indemnity, in euro, rounded down: art. XIX.4 WER/CDE.

    The caps are taken on what is open when the term of the reminder ends. Whether several debts of one reminder count
    each or together is not settled: `lower` takes the lower of the two results. Raises `InvalidInput` for a negative
    amount.
    """
    if any(debt.claimed < 0 or debt.paid_inside_term < 0 for debt in debts):
        raise InvalidInput("debts: claimed and paid_inside_term must not be negative")
    balances = [max(ZERO, debt.claimed - debt.paid_inside_term) for debt in debts]
    balance = sum(balances, ZERO)
    for_each = sum((legal_maximum(open_) for open_ in balances), ZERO)
    per_debt = cap_per == "debt" or (cap_per == "lower" and for_each < legal_maximum(balance))
    lines = tuple(line for part in (balances if per_debt else [balance]) for line in explained_maximum(part))
    maximum = for_each if per_debt else legal_maximum(balance)
    assert explained_total(lines) == maximum, "the lines add up"
    return IndemnityCap(balance=balance, maximum=maximum, explanation=lines)


@dataclass(frozen=True, kw_only=True)
class IndemnityClause:
    """`fixed` plus `percent` of the balance, at least `minimum`, at most `maximum`; amounts in euro."""

    fixed: Amount = ZERO
    percent: Percent = Decimal(0)
    minimum: Amount | None = None
    maximum: Amount | None = None

    def on(self, balance: Decimal) -> Decimal:
        """What the clause gives on a balance, unrounded."""
        amount = self.fixed + balance * self.percent / HUNDRED
        if self.minimum is not None:
            amount = max(amount, self.minimum)
        return amount if self.maximum is None else min(amount, self.maximum)


@dataclass(frozen=True, kw_only=True)
class IndemnityClaim:
    """What may be asked on this balance, its cap, and what became of the clause; an unwritten one needs a person."""

    fixed_indemnity: Amount
    maximum: Amount
    clause_status: ClauseStatus
    needs_review: bool
    explanation: tuple[Line, ...]


@topic("be.indemnity_claim", rules=("BE-XIX-3", "BE-XIX-4", "BE-XIX-5", "BE-XIX-18"))
def indemnity_claim(
    *,
    balance: Amount,
    contract_on: date,
    modified_or_renewed: bool = False,
    indemnity_clause: IndemnityClause | None = None,
) -> IndemnityClaim:
    """What the clause gives under the cap: art. XIX.4 WER/CDE and art. 15 § 2 law of 4 May 2023.

    A clause agreed before 2023-09-01 and not renewed since is reduced to the cap. A newer one that can exceed the
    maxima for some balance is unwritten: nothing may be asked, and a person looks at it. Without a clause nothing is
    due. The clause amount is rounded half up, the cap down. Raises `InvalidInput` for negative or contradictory
    figures.
    """
    if balance < 0:
        raise InvalidInput("balance: is negative")
    if indemnity_clause is not None:
        _check(indemnity_clause)
    is_older = contract_on < table("be.book_xix_contracts").verified_from and not modified_or_renewed
    maximum = legal_maximum(balance)
    wanted = rounded(indemnity_clause.on(balance)) if indemnity_clause is not None and balance else ZERO
    status: ClauseStatus = "applied"
    if indemnity_clause is None:
        status = "none"
    elif not is_older and can_exceed_the_maxima(indemnity_clause):
        status, wanted = "unwritten", ZERO
    elif is_older and wanted > maximum:
        status = "reduced"
    lines = _explained_claim(status, balance=balance, wanted=wanted, maximum=maximum, contract_on=contract_on)
    assert explained_total(lines) == min(wanted, maximum), "the lines add up"
    return IndemnityClaim(
        fixed_indemnity=min(wanted, maximum),
        maximum=maximum,
        clause_status=status,
        needs_review=status == "unwritten",
        explanation=lines,
    )


def legal_maximum(balance: Decimal) -> Decimal:
    """The cap on one balance, in euro, rounded down (BE-XIX-16, -17); nothing on a balance of zero or less."""
    return rounded_down(_unrounded_maximum(balance))


def explained_maximum(balance: Decimal) -> tuple[Line, ...]:
    """The lines that add up to the cap on one balance."""
    if balance <= 0:
        return (Line(rule_id="BE-XIX-16", article=ARTICLE, text_key="be.indemnity.nothing_open", amount=ZERO),)
    band = _band(balance)
    facts = {"balance": balance, "above": band.above, "fixed": band.fixed, "percent": band.percent}
    lines = [
        Line(rule_id="BE-XIX-16", article=ARTICLE, text_key="be.indemnity.band", inputs=facts, amount=band.fixed),
    ]
    part = rounded_down((balance - band.above) * band.percent / HUNDRED)
    if band.percent:
        formula = f"({balance} - {band.above}) x {band.percent} / 100"
        line = Line(
            rule_id="BE-XIX-16",
            article=ARTICLE,
            text_key="be.indemnity.slice",
            inputs=facts,
            formula=formula,
            amount=part,
        )
        lines.append(line)
    if band.maximum is not None and band.fixed + part > band.maximum:
        top = {"maximum": band.maximum}
        less = band.maximum - band.fixed - part
        lines.append(Line(rule_id="BE-XIX-16", article=ARTICLE, text_key="be.indemnity.top", inputs=top, amount=less))
    return tuple(lines)


def can_exceed_the_maxima(clause: IndemnityClause) -> bool:
    """Whether the clause gives more than the legal maximum for some balance, however large (BE-XIX-5).

    Both are made of straight pieces, so the largest excess stands at an end of a piece, or a cent beside it. A
    percentage without a maximum exceeds in the end, for the law has a highest amount.
    """
    if clause.percent > 0 and clause.maximum is None:
        return True
    ends = [end for band in _bands() for end in (band.up_to, band.topped_from) if end is not None]
    if clause.percent > 0:
        bounds = [bound for bound in (clause.minimum, clause.maximum) if bound is not None]
        ends += [(bound - clause.fixed) * HUNDRED / clause.percent for bound in bounds]
    balances = {CENT, *(rounded_down(end) + step for end in ends for step in (ZERO, CENT))}
    return any(clause.on(balance) > _unrounded_maximum(balance) for balance in balances if balance > 0)


@dataclass(frozen=True, kw_only=True)
class _Band:
    """A row of the caps: `fixed` plus `percent` of what is above the lower end, at most `maximum`."""

    above: Decimal
    up_to: Decimal | None
    fixed: Decimal
    percent: Decimal
    maximum: Decimal | None

    @property
    def topped_from(self) -> Decimal | None:
        """The balance from which the maximum binds."""
        if self.maximum is None:
            return None
        return self.above + (self.maximum - self.fixed) * HUNDRED / self.percent


@cache
def _bands() -> tuple[_Band, ...]:
    rows = cast("list[dict[str, str]]", table("be.indemnity_bands").current.value)
    return tuple(
        _Band(
            above=Decimal(row["above"]),
            up_to=Decimal(row["up_to"]) if "up_to" in row else None,
            fixed=Decimal(row["fixed"]),
            percent=Decimal(row["percent"]),
            maximum=Decimal(row["maximum"]) if "maximum" in row else None,
        )
        for row in rows
    )


def _band(balance: Decimal) -> _Band:
    return next(band for band in _bands() if band.up_to is None or balance <= band.up_to)


def _unrounded_maximum(balance: Decimal) -> Decimal:
    if balance <= 0:
        return ZERO
    band = _band(balance)
    amount = band.fixed + (balance - band.above) * band.percent / HUNDRED
    return amount if band.maximum is None else min(amount, band.maximum)


def _check(clause: IndemnityClause) -> None:
    figures = (clause.fixed, clause.percent, clause.minimum, clause.maximum)
    if any(figure is not None and figure < 0 for figure in figures):
        raise InvalidInput("indemnity_clause: holds a negative figure")
    if clause.minimum is not None and clause.maximum is not None and clause.minimum > clause.maximum:
        raise InvalidInput("indemnity_clause.minimum: is above indemnity_clause.maximum")


def _explained_claim(
    status: ClauseStatus, *, balance: Decimal, wanted: Decimal, maximum: Decimal, contract_on: date
) -> tuple[Line, ...]:
    facts = {"balance": balance, "contract_on": contract_on, "maximum": maximum, "wanted": wanted}
    rule_ids = {"none": "BE-XIX-18", "applied": "BE-XIX-18", "reduced": "BE-XIX-4", "unwritten": "BE-XIX-5"}
    key = "applied" if status == "reduced" else status
    first = Line(
        rule_id=rule_ids[key], article=ARTICLE, text_key=f"be.indemnity_claim.{key}", inputs=facts, amount=wanted
    )
    if wanted <= maximum:
        return (first,)
    article = "art. 15 § 2 wet/loi 4-5-2023" if status == "reduced" else ARTICLE
    less = maximum - wanted
    reduced = Line(
        rule_id=rule_ids[status], article=article, text_key="be.indemnity_claim.reduced", inputs=facts, amount=less
    )
    return (first, reduced)
