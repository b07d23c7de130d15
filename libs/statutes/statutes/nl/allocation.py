"""Allocation of payments (toerekening): inside a claim by 6:44 BW, across claims by 6:43 BW."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.money import ZERO, Amount, Percent, rounded
from statutes.nl.checks import not_negative, positive
from statutes.topics import topic


@dataclass(frozen=True, kw_only=True)
class Parts:
    """An amount by what it covers; `costs` with VAT."""

    costs: Amount
    late_interest: Amount
    principal: Amount


@dataclass(frozen=True, kw_only=True)
class Allocated:
    """Payments one after the other, what is left, and the credit of the debtor."""

    steps: tuple[Parts, ...]
    left: Parts
    overpayment: Amount
    explanation: tuple[Line, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OpenClaim:
    """A claim that a payment may go to; `percent` decides how burdensome it is."""

    claim_id: str
    open: Amount
    percent: Percent
    due_on: date


@dataclass(frozen=True, kw_only=True)
class ClaimShare:
    """What a claim gets of a payment."""

    claim_id: str
    amount: Amount


@dataclass(frozen=True, kw_only=True)
class AllocatedAcrossClaims:
    """Shares in the order in which the claims are paid; the rest is a credit of the debtor."""

    allocations: tuple[ClaimShare, ...]
    overpayment: Amount
    explanation: tuple[Line, ...] = field(default=())


@topic("nl.allocation", rules=("NL-ALL-2", "NL-ALL-4", "NL-ALL-7", "NL-ALL-9", "NL-ALL-10"))
def allocation(
    *, costs: Amount = ZERO, late_interest: Amount = ZERO, principal: Amount, payments: Sequence[Amount]
) -> Allocated:
    """Payments inside one claim: costs, accrued interest, principal (6:44 lid 1 BW); the rest is the debtor's credit.

    `costs` with VAT and only when due; collection costs are costs (HR 10-7-2015, r.o. 3.4.6). Raises `InvalidInput` for
    a payment of zero or less: a correction is a reversing entry.
    """
    not_negative(costs=costs, late_interest=late_interest, principal=principal)
    left = Parts(costs=costs, late_interest=late_interest, principal=principal)
    steps: list[Parts] = []
    lines: list[Line] = []
    overpayment = ZERO
    for at, payment in enumerate(payments):
        positive(f"payments[{at}]", payment)
        step, left, rest = allocate_inside_claim(left, payment)
        steps.append(step)
        lines.extend(allocation_lines(step, rest))
        overpayment += rest
    return Allocated(steps=tuple(steps), left=left, overpayment=overpayment, explanation=tuple(lines))


def allocate_inside_claim(left: Parts, payment: Decimal) -> tuple[Parts, Parts, Decimal]:
    """What a payment covers, what stays open, and what is over (6:44 lid 1 BW, NL-ALL-2)."""
    costs = min(payment, left.costs)
    late_interest = min(payment - costs, left.late_interest)
    principal = min(payment - costs - late_interest, left.principal)
    covered = Parts(costs=costs, late_interest=late_interest, principal=principal)
    still_open = Parts(
        costs=left.costs - costs,
        late_interest=left.late_interest - late_interest,
        principal=left.principal - principal,
    )
    return covered, still_open, payment - costs - late_interest - principal


def allocation_lines(step: Parts, overpayment: Decimal) -> tuple[Line, ...]:
    """What a payment covered, line by line; the lines add up to the payment."""
    named = (
        ("nl.allocation.costs", step.costs),
        ("nl.allocation.late_interest", step.late_interest),
        ("nl.allocation.principal", step.principal),
    )
    lines = [_line("NL-ALL-2", "art. 6:44 lid 1 BW", key, amount) for key, amount in named if amount]
    if overpayment:
        lines.append(_line("NL-ALL-9", "", "nl.allocation.overpayment", overpayment))
    return tuple(lines)


@topic("nl.allocation_across_claims", rules=("NL-ALL-1", "NL-ALL-3", "NL-ALL-9"))
def allocation_across_claims(
    *,
    claims: Sequence[OpenClaim],
    amount: Amount,
    paid_on: date | None = None,
    designated: Sequence[str] = (),
) -> AllocatedAcrossClaims:
    """Which claims a payment goes to (6:43 BW): those the debtor names, in his order; then due claims, the highest rate
    first, then the oldest, then pro rata.

    A claim is due from `due_on`; without `paid_on` all are. Pro rata shares are rounded half up, the last takes the
    rest. Raises `InvalidInput` for a payment of zero or less, a repeated or unknown claim, or a negative open amount.
    """
    positive("amount", amount)
    by_id = {claim.claim_id: claim for claim in claims}
    if len(by_id) != len(claims):
        raise InvalidInput("claims: a claim_id stands twice")
    for claim in claims:
        not_negative(open=claim.open, percent=claim.percent)
    unknown = [claim_id for claim_id in designated if claim_id not in by_id]
    if unknown:
        raise InvalidInput(f"designated: no claim is called {', '.join(unknown)}")
    named = tuple(dict.fromkeys(designated))
    groups = [[by_id[claim_id]] for claim_id in named]
    groups += _in_order_of_law([claim for claim in claims if claim.claim_id not in named], paid_on)
    shares: list[ClaimShare] = []
    for group in groups:
        given = sum((share.amount for share in shares), ZERO)
        shares.extend(_pro_rata(group, amount - given))
    overpayment = amount - sum((share.amount for share in shares), ZERO)
    assert overpayment >= 0, "no more is allocated than was paid"
    lines = [
        _line("NL-ALL-1", "art. 6:43 BW", "nl.allocation.claim", share.amount, {"claim_id": share.claim_id})
        for share in shares
    ]
    if overpayment:
        lines.append(_line("NL-ALL-9", "", "nl.allocation.overpayment", overpayment))
    return AllocatedAcrossClaims(allocations=tuple(shares), overpayment=overpayment, explanation=tuple(lines))


def _in_order_of_law(claims: Sequence[OpenClaim], paid_on: date | None) -> list[list[OpenClaim]]:
    groups: dict[tuple[bool, Decimal, date], list[OpenClaim]] = {}
    for claim in claims:
        not_yet_due = paid_on is not None and claim.due_on > paid_on
        groups.setdefault((not_yet_due, -claim.percent, claim.due_on), []).append(claim)
    return [groups[rank] for rank in sorted(groups)]


def _pro_rata(group: Sequence[OpenClaim], payment: Decimal) -> list[ClaimShare]:
    total = sum((claim.open for claim in group), ZERO)
    if not payment or not total:
        return []
    if payment >= total:
        shares = [claim.open for claim in group]
    else:
        shares = _rounded_shares([claim.open for claim in group], total, payment)
    return [
        ClaimShare(claim_id=claim.claim_id, amount=share) for claim, share in zip(group, shares, strict=True) if share
    ]


def _rounded_shares(opens: Sequence[Decimal], total: Decimal, payment: Decimal) -> list[Decimal]:
    shares: list[Decimal] = []
    rest = payment
    for open_amount in opens[:-1]:
        share = min(rounded(payment * open_amount / total), rest)
        shares.append(share)
        rest -= share
    shares.append(min(rest, opens[-1]))
    over = payment - sum(shares, ZERO)  # what rounding would have given the last claim beyond what it has open
    for at, open_amount in enumerate(opens):
        more = min(over, open_amount - shares[at])
        shares[at] += more
        over -= more
    return shares


def _line(rule: str, article: str, key: str, amount: Decimal, facts: dict[str, str] | None = None) -> Line:
    return Line(rule_id=rule, article=article, text_key=key, inputs=dict(facts or {}), amount=amount)
