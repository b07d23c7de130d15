"""Allocation of payments (toerekening, imputation): which debt a payment goes to, and which part of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final

from statutes.errors import InvalidInput
from statutes.explanation import Line, explained_total
from statutes.money import ZERO, Amount, Percent, divided_half_up, from_cents, to_cents
from statutes.policies import INDEMNITY_RANK, IndemnityRank
from statutes.topics import topic

ORDERS: Final[dict[IndemnityRank, tuple[str, ...]]] = {
    "after_principal": ("costs", "late_interest", "principal", "indemnity"),
    "before_principal": ("costs", "late_interest", "indemnity", "principal"),
}
ARTICLE: Final = "art. 5.210 BW/C.civ."


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The four parts of a debt in euro, open or covered by a payment; costs include VAT."""

    costs: Amount
    late_interest: Amount
    principal: Amount
    indemnity: Amount

    def total(self) -> Decimal:
        """The four together."""
        return self.costs + self.late_interest + self.principal + self.indemnity


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """What each payment covered, what stays open, the debtor's credit; the explanation adds up to the payments."""

    steps: tuple[Parts, ...]
    left: Parts
    overpayment: Amount
    explanation: tuple[Line, ...]


@topic("be.allocation", rules=("BE-ALL-2", "BE-ALL-3", "BE-ALL-4"))
def allocation(
    *,
    principal: Amount,
    payments: Sequence[Amount],
    costs: Amount = ZERO,
    late_interest: Amount = ZERO,
    indemnity: Amount = ZERO,
    indemnity_rank: IndemnityRank = INDEMNITY_RANK,
) -> Allocation:
    """Payments inside one debt: costs, interest, principal (art. 5.210 BW/C.civ., old 1254).

    The damage clause is neither interest nor costs; its rank is not settled, by default it comes after the principal,
    for that favours the debtor. Raises `InvalidInput` for a negative open amount or a payment of zero or less.
    """
    if min(costs, late_interest, principal, indemnity) < 0:
        raise InvalidInput("costs, late_interest, principal, indemnity: must not be negative")
    if any(payment <= 0 for payment in payments):
        raise InvalidInput("payments: each must be more than zero; a correction is a reversal")
    left = Parts(costs=costs, late_interest=late_interest, principal=principal, indemnity=indemnity)
    owed, overpayment = left.total(), ZERO
    steps: list[Parts] = []
    for payment in payments:
        step = _covered(left, payment, indemnity_rank)
        steps.append(step)
        left = _minus(left, step)
        overpayment += payment - step.total()
    lines = _explained(tuple(steps), overpayment, indemnity_rank)
    assert explained_total(lines) == sum(payments, ZERO), "the lines add up to the payments"
    assert owed - left.total() + overpayment == sum(payments, ZERO), "no cent is lost"
    return Allocation(steps=tuple(steps), left=left, overpayment=overpayment, explanation=lines)


@dataclass(frozen=True, kw_only=True)
class OpenClaim:
    """A debt with what is open in euro, the rate that decides how burdensome it is, and its due day."""

    claim_id: str
    open: Amount
    percent: Percent
    due_on: date


@dataclass(frozen=True, kw_only=True)
class ClaimShare:
    """The part of a payment that a debt gets, in euro."""

    claim_id: str
    amount: Amount


@dataclass(frozen=True, kw_only=True)
class AllocationAcrossClaims:
    """The debts that get something, in the order in which they are paid, and the credit of the debtor in euro."""

    allocations: tuple[ClaimShare, ...]
    overpayment: Amount
    explanation: tuple[Line, ...]


@topic("be.allocation_across_claims", rules=("BE-ALL-1", "BE-ALL-4"))
def allocation_across_claims(
    *,
    claims: Sequence[OpenClaim],
    amount: Amount,
    paid_on: date | None = None,
    designated: Sequence[str] = (),
) -> AllocationAcrossClaims:
    """Which debts a payment goes to: art. 5.208 BW/C.civ. (old 1253 and 1256).

    Designated debts in the debtor's order, and what they do not need is overpayment: it may not go to another file.
    Without designation due debts first, then the highest rate, then the oldest, then pro rata. `paid_on` null: all are
    due. Raises `InvalidInput` for a payment of zero or less, a negative open amount, a claim named twice or unknown.
    """
    by_id = {claim.claim_id: claim for claim in claims}
    if amount <= 0:
        raise InvalidInput("amount: must be more than zero")
    if len(by_id) < len(claims) or len(set(designated)) < len(designated):
        raise InvalidInput("claims, designated: a claim_id stands twice")
    if any(claim.open < 0 for claim in claims):
        raise InvalidInput("claims: open must not be negative")
    if any(claim_id not in by_id for claim_id in designated):
        raise InvalidInput("designated: names a claim that is not in claims")
    groups = [[by_id[claim_id]] for claim_id in designated] if designated else _legal_order(claims, paid_on)
    allocations: list[ClaimShare] = []
    left = amount
    for group in groups:
        shares = _shares(group, min(left, sum((claim.open for claim in group), ZERO)))
        left -= sum((share.amount for share in shares), ZERO)
        allocations += [share for share in shares if share.amount > 0]
    assert left >= 0, "no more is given out than was paid"
    lines = _explained_shares(allocations, left, is_designated=bool(designated))
    assert explained_total(lines) == amount, "the lines add up to the payment"
    return AllocationAcrossClaims(allocations=tuple(allocations), overpayment=left, explanation=lines)


def _covered(left: Parts, payment: Decimal, rank: IndemnityRank) -> Parts:
    covered: dict[str, Decimal] = {}
    for name in ORDERS[rank]:
        open_amount: Decimal = getattr(left, name)
        covered[name] = min(payment, open_amount)
        payment -= covered[name]
    return Parts(**covered)


def _minus(left: Parts, step: Parts) -> Parts:
    return Parts(
        costs=left.costs - step.costs,
        late_interest=left.late_interest - step.late_interest,
        principal=left.principal - step.principal,
        indemnity=left.indemnity - step.indemnity,
    )


def _explained(steps: tuple[Parts, ...], overpayment: Decimal, rank: IndemnityRank) -> tuple[Line, ...]:
    """What every payment covered, in the order of the law, then the credit."""
    lines = [
        Line(
            rule_id="BE-ALL-3" if name == "indemnity" else "BE-ALL-2",
            article="" if name == "indemnity" else ARTICLE,
            text_key=f"be.allocation.{name}",
            inputs={"number": number},
            amount=getattr(step, name),
        )
        for number, step in enumerate(steps, start=1)
        for name in ORDERS[rank]
        if getattr(step, name) > 0
    ]
    if overpayment:
        lines.append(Line(rule_id="BE-ALL-4", text_key="be.allocation.overpayment", amount=overpayment))
    return tuple(lines)


def _explained_shares(shares: list[ClaimShare], left: Decimal, *, is_designated: bool) -> tuple[Line, ...]:
    key = "be.allocation.designated" if is_designated else "be.allocation.by_law"
    lines = [
        Line(
            rule_id="BE-ALL-1",
            article="art. 5.208 BW/C.civ.",
            text_key=key,
            inputs={"claim_id": share.claim_id},
            amount=share.amount,
        )
        for share in shares
    ]
    if left:
        lines.append(Line(rule_id="BE-ALL-4", text_key="be.allocation.overpayment", amount=left))
    return tuple(lines)


def _legal_order(claims: Sequence[OpenClaim], paid_on: date | None) -> list[list[OpenClaim]]:
    """The debts in the order of the law; those of equal rank stand in one group, as they were given."""

    def rank(claim: OpenClaim) -> tuple[bool, Decimal, date]:
        not_due = paid_on is not None and claim.due_on > paid_on
        return (not_due, -claim.percent, claim.due_on)

    return [list(group) for _, group in groupby(sorted(claims, key=rank), key=rank)]


def _shares(group: list[OpenClaim], amount: Decimal) -> list[ClaimShare]:
    """The amount over debts of equal rank, pro rata of what is open: half up, the last takes the rest.

    What the last one does not need, when the roundings of many small debts add up, goes to the first with room.
    """
    total = sum((claim.open for claim in group), ZERO)
    shares: list[Decimal] = []
    left = amount
    for claim in group:
        share = _pro_rata(amount, claim.open, total)
        shares.append(min(left, claim.open if claim is group[-1] else share))
        left -= shares[-1]
    for at, claim in enumerate(group):
        more = min(left, claim.open - shares[at])
        shares[at] += more
        left -= more
    assert left == 0, "a group never gets more than it needs"
    return [ClaimShare(claim_id=claim.claim_id, amount=share) for claim, share in zip(group, shares, strict=True)]


def _pro_rata(amount: Decimal, part: Decimal, total: Decimal) -> Decimal:
    return from_cents(divided_half_up(to_cents(amount) * to_cents(part), to_cents(total))) if total else ZERO
