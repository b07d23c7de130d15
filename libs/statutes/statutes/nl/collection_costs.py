"""Collection costs (buitengerechtelijke incassokosten, BIK): tariff, check of imported costs, instalments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from statutes.days import day_after, plus_months
from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.money import ZERO, Amount
from statutes.nl.allocation import Parts, allocate_inside_claim
from statutes.nl.checks import not_negative, positive
from statutes.nl.tariff import tariff, tariff_lines, vat_line, vat_on
from statutes.policies import INSTALMENT_RULE
from statutes.tables import table
from statutes.topics import cites, topic

cites("NL-GEN-2", "NL-GEN-5", by="nl.collection_costs")


@dataclass(frozen=True, kw_only=True)
class LetterPayment:
    """A payment after the fourteen-day letter: inside its term it lowers the base, after it it is allocated."""

    amount: Amount
    inside_term: bool


@dataclass(frozen=True, kw_only=True)
class LetterAllocation:
    """What the payment covered; `costs` with VAT."""

    costs: Amount
    late_interest: Amount
    principal: Amount
    overpayment: Amount


@dataclass(frozen=True, kw_only=True)
class CollectionCosts:
    """Collection costs of one letter; its explanation adds up to `total`."""

    base: Amount
    collection_costs: Amount
    vat: Amount
    collection_costs_including_vat: Amount
    total: Amount
    minimum: Amount | None
    minimum_due_from: date | None
    allocation: LetterAllocation | None
    principal_left: Amount
    explanation: tuple[Line, ...] = ()


@topic(
    "nl.collection_costs",
    rules=(
        "NL-BIK-1", "NL-BIK-2", "NL-BIK-3", "NL-BIK-8", "NL-BIK-10", "NL-VAT-1", "NL-VAT-2", "NL-VAT-3", "NL-CUM-1",
        "NL-ALL-5",
    ),
)  # fmt: skip
def collection_costs(
    *,
    principals: Sequence[Amount],
    creditor_can_deduct_vat: bool = True,
    collection_outsourced: bool = True,
    is_commercial_contract: bool = False,
    last_payment_on: date | None = None,
    late_interest: Amount = ZERO,
    payment: LetterPayment | None = None,
) -> CollectionCosts:
    """The tariff on the claims of one creditor in one letter, added up (6:96 lid 7 BW, Besluit BIK art. 2), in euro.

    Half up to the cent; VAT on the rounded costs, only if the creditor cannot deduct it and a third party invoices it.
    A payment inside the term goes to interest and principal and lowers the base (HR 25-11-2016, r.o. 3.8); one after it
    goes to costs, interest, principal. A commercial contract owes the minimum without any reminder (6:96 lid 4 BW).
    Raises `InvalidInput` for a payment of zero or less, or negative interest.
    """
    not_negative(late_interest=late_interest)
    owed = sum(principals, ZERO)
    base, covered, overpayment = owed, None, ZERO
    if payment is not None:
        positive("payment.amount", payment.amount)
    if payment is not None and payment.inside_term:
        left = Parts(costs=ZERO, late_interest=late_interest, principal=max(owed, ZERO))
        covered, _, overpayment = allocate_inside_claim(left, payment.amount)
        base = owed - covered.principal
    lines = tariff_lines(base)
    costs = sum((cast("Decimal", line.amount) for line in lines), ZERO)
    vat = vat_on(costs, creditor_can_deduct_vat=creditor_can_deduct_vat, collection_outsourced=collection_outsourced)
    if payment is not None and not payment.inside_term:
        left = Parts(costs=costs + vat, late_interest=late_interest, principal=max(owed, ZERO))
        covered, _, overpayment = allocate_inside_claim(left, payment.amount)
    owes_minimum = is_commercial_contract and owed > 0
    return CollectionCosts(
        base=base,
        collection_costs=costs,
        vat=vat,
        collection_costs_including_vat=costs + vat,
        total=base + costs + vat,
        minimum=table("nl.collection_costs.commercial_minimum").decimal if owes_minimum else None,
        minimum_due_from=day_after(last_payment_on) if owes_minimum and last_payment_on is not None else None,
        allocation=None if covered is None else _allocation(covered, overpayment),
        principal_left=owed - (ZERO if covered is None else covered.principal),
        explanation=(_base_line(owed), *_lowered_line(owed, base), *lines, *vat_line(costs, vat)),
    )


def _allocation(covered: Parts, overpayment: Decimal) -> LetterAllocation:
    return LetterAllocation(
        costs=covered.costs,
        late_interest=covered.late_interest,
        principal=covered.principal,
        overpayment=overpayment,
    )


def _base_line(owed: Decimal) -> Line:
    return Line(rule_id="NL-CUM-1", article="art. 6:96 lid 7 BW", text_key="nl.bik.principal", amount=owed)


def _lowered_line(owed: Decimal, base: Decimal) -> tuple[Line, ...]:
    if base == owed:
        return ()
    article = "art. 6:96 lid 6 BW; ECLI:NL:HR:2016:2704, r.o. 3.8"
    return (Line(rule_id="NL-BIK-10", article=article, text_key="nl.bik.paid_inside_term", amount=base - owed),)


@dataclass(frozen=True, kw_only=True)
class CollectionCostsCheck:
    """Whether charged costs may be asked, the tariff, what is above it, and the charges that fall away."""

    accepted: bool
    maximum: Amount
    excess: Amount
    rejected_charges: Amount
    explanation: tuple[Line, ...] = ()


@topic("nl.collection_costs_check", rules=("NL-BIK-5", "NL-BIK-6", "NL-BIK-7"))
def collection_costs_check(
    *,
    principals: Sequence[Amount],
    acts_as_consumer: bool,
    charged_collection_costs: Amount,
    other_charges: Amount = ZERO,
) -> CollectionCostsCheck:
    """May costs that came with an imported claim be asked? In euro, without VAT (6:96 lid 5 BW).

    A consumer never owes more than the tariff; between enterprises what they agreed stands, though a judge may lower it
    (242 Rv). Other charges are always refused: the tariff covers every act.
    """
    not_negative(charged_collection_costs=charged_collection_costs, other_charges=other_charges)
    lines = tariff_lines(sum(principals, ZERO))
    maximum = sum((cast("Decimal", line.amount) for line in lines), ZERO)
    excess = max(charged_collection_costs - maximum, ZERO)
    return CollectionCostsCheck(
        accepted=not (acts_as_consumer and excess),
        maximum=maximum,
        excess=excess,
        rejected_charges=other_charges,
        explanation=lines,
    )


@dataclass(frozen=True, kw_only=True)
class Instalment:
    """An instalment with a valid letter of its own, and the day on which that letter's term ended."""

    amount: Amount
    term_ended_on: date


@dataclass(frozen=True, kw_only=True)
class InstalmentCosts:
    """Costs of each instalment, without VAT, in the order given."""

    collection_costs: tuple[Amount, ...]
    total: Amount
    explanation: tuple[Line, ...] = ()


@topic("nl.collection_costs_instalments", rules=("NL-CUM-2",))
def collection_costs_instalments(
    *, instalments: Sequence[Instalment], instalment_rule: bool = INSTALMENT_RULE
) -> InstalmentCosts:
    """Costs of instalments that had a letter each, in euro without VAT (Besluit BIK since 1-10-2024; not confirmed).

    With the rule on, a small instalment costs the first amount, or the next one when another small one's term ended in
    the six months before, and in any six months they cost at most the cap. Terms that ended before the rule held, and
    all with the rule off, cost the tariff. Raises `InvalidInput` for instalments out of order.
    """
    days = [instalment.term_ended_on for instalment in instalments]
    if days != sorted(days):
        raise InvalidInput("instalments: must be in order of day")
    costs: list[Decimal] = []
    small: list[tuple[date, Decimal]] = []
    for instalment in instalments:
        cost = _small_cost(instalment, small) if instalment_rule else None
        if cost is None:
            cost = tariff(instalment.amount)
        else:
            small.append((instalment.term_ended_on, cost))
        costs.append(cost)
    lines = tuple(
        Line(
            rule_id="NL-CUM-2",
            article=table("nl.collection_costs.instalment_rule").article,
            text_key="nl.bik.instalment",
            inputs={"instalment": instalment.amount, "term_ended_on": instalment.term_ended_on},
            amount=cost,
        )
        for instalment, cost in zip(instalments, costs, strict=True)
    )
    return InstalmentCosts(collection_costs=tuple(costs), total=sum(costs, ZERO), explanation=lines)


def _small_cost(instalment: Instalment, small: Sequence[tuple[date, Decimal]]) -> Decimal | None:
    row = table("nl.collection_costs.instalment_rule").current
    rule = cast("dict[str, Any]", row.value)
    if instalment.term_ended_on < row.valid_from or not 0 < instalment.amount < Decimal(rule["threshold"]):
        return None
    window_starts_after = plus_months(instalment.term_ended_on, -int(rule["window_months"]))
    in_window = [cost for ended_on, cost in small if ended_on > window_starts_after]
    cost = Decimal(rule["next"] if in_window else rule["first"])
    return max(min(cost, Decimal(rule["cap"]) - sum(in_window, ZERO)), ZERO)
