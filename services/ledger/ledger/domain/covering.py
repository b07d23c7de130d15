"""What payments cover: the whole history of a case account in the order of its days, whatever came late."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

from common.errors import InvalidMessage
from common.money import to_cents, to_decimal
from contracts.dunning import NoticeType
from ledger.domain import charging
from ledger.domain.case_account import (
    Bucket,
    CaseAccount,
    Charge,
    Claim,
    ExpiredTerm,
    Payment,
    Share,
    covered_cents,
    position,
)
from ledger.domain.jurisdictions import JURISDICTIONS
from statutes import Statement

WAIVED_INTEREST_DAYS = 21  # not law: what the creditor lets go
"""Who pays what his notice asked is not sent another for the days in between: so much interest is let go."""

TERMS_THAT_CHARGE = frozenset({NoticeType.FOURTEEN_DAY_LETTER, NoticeType.FIRST_REMINDER})


@dataclass(frozen=True, kw_only=True)
class Covering:
    """What one payment changed, or its taking back, or a claim or a term that became known after payments: cents by
    claim and bucket, what was paid too much, what was let go, and the charges that notices bring otherwise.
    """

    case_account: CaseAccount
    parts: Counter[tuple[UUID, Bucket]]
    written_off: Counter[tuple[UUID, Bucket]]
    overpaid_cents: int
    open_cents: int
    lowered: tuple["LoweredCosts", ...]
    restated: tuple[Share, ...]  # all shares, where those of other payments changed

    @property
    def written_off_cents(self) -> int:
        """All that was let go."""
        return self.written_off.total()

    @property
    def moved_anything(self) -> bool:
        """Whether payments cover anything otherwise than before."""
        return any(self.parts.values()) or any(self.written_off.values()) or bool(self.restated)


@dataclass(frozen=True, kw_only=True)
class LoweredCosts:
    """What a notice no longer brings, and what it brings instead; claims whose interest it no longer starts, or starts
    again since a payment was taken back.
    """

    notice_id: UUID
    reversed: tuple[Charge, ...]
    charges: tuple[Charge, ...]
    without_interest: tuple[Claim, ...]
    with_interest: tuple[Claim, ...] = ()


def cover(
    case_account: CaseAccount, *, payment_id: UUID, amount_cents: int, value_on: date, booked_on: date
) -> Covering:
    """Let a payment cover what it covers by law: first which claim (6:43 BW, 5.208 BW), then what of it (6:44, 5.210).

    A payment counts on the day on which it was credited (6:114(2) BW), not when its statement came: one that was made
    earlier than others corrects what they covered, and one inside the term of a notice lowers what that notice brought
    (HR 25-11-2016; XIX.4 CDE/WER). The parts are the difference to what was covered before. What is more than owed is
    kept apart; it is more than the payment itself where others had paid what is no longer owed.
    """
    before = case_account
    payment = Payment(payment_id=payment_id, amount_cents=amount_cents, on=value_on)
    after = replace(before, payments=(*before.payments, payment))
    if _comes_late(before, value_on):
        after = with_grounds(before, replayed(after), ground=str(payment_id), booked_on=booked_on)
    else:
        after = _with_payment(after, payment)
    covering = compared(before, after, received_cents=amount_cents, on=value_on)
    if covering.overpaid_cents < 0:
        raise InvalidMessage("overpayment_changed", "this payment changes by its value date what others overpaid")
    return covering


def join(before: CaseAccount, grown: CaseAccount, *, claim_id: UUID, booked_on: date) -> Covering:
    """Let a claim join after payments, with what it brings at once. They cover it too: they were made to the case file,
    and which of both became known first says nothing. What they were too much then is not any more.
    """
    after = with_grounds(before, replayed(grown), ground=str(claim_id), booked_on=booked_on)
    covering = compared(before, after, received_cents=0, on=_last_day(before, booked_on))
    if covering.overpaid_cents > 0:
        raise InvalidMessage("overpayment_changed", "with this claim payments would be found to have paid too much")
    return covering


def _last_day(case_account: CaseAccount, otherwise: date) -> date:
    return max((payment.on for payment in case_account.payments), default=otherwise)


def compared(before: CaseAccount, after: CaseAccount, *, received_cents: int, on: date) -> Covering:
    """What a changed history changed, after so much was received (or taken back) on that day."""
    day_after = on + timedelta(days=1)
    was, now_is = position(before, as_of=day_after), position(after, as_of=day_after)
    parts = covered_cents(now_is, "payment")
    parts.subtract(covered_cents(was, "payment"))
    written_off = covered_cents(now_is, "credit")
    written_off.subtract(covered_cents(was, "credit"))
    overpaid = received_cents - parts.total()
    open_cents = to_cents(now_is.total_open)
    after = replace(after, overpaid_cents=before.overpaid_cents + overpaid)
    if open_cents == 0 and after.shares:
        after = replace(after, paid_on=max(share.on for share in after.shares))
    return Covering(
        case_account=after,
        parts=parts,
        written_off=written_off,
        overpaid_cents=overpaid,
        open_cents=open_cents,
        lowered=tuple(_lowered(before, after)),
        restated=tuple(_restated(before, after)),
    )


def _restated(before: CaseAccount, after: CaseAccount) -> Iterator[Share]:
    known = {payment.payment_id for payment in before.payments}
    had = {share for share in before.shares if share.kind == "payment"}
    has = {share for share in after.shares if share.kind == "payment" and share.payment_id in known}
    if had != has:
        yield from (share for share in after.shares if share.kind == "payment")


def _comes_late(case_account: CaseAccount, value_on: date) -> bool:
    return any(payment.on > value_on for payment in case_account.payments) or any(
        value_on < term.charges_from for term in case_account.terms
    )


def with_expired_term(case_account: CaseAccount, term: ExpiredTerm, *, booked_on: date) -> Covering:
    """A term passed unpaid: what the law now allows is charged on what was open at its end, and payments that were
    known before it cover it by their days. Raises InvalidMessage if an overpayment changed: a person decides.
    """
    grown = replace(case_account, terms=(*case_account.terms, term))
    if any(payment.on >= term.charges_from for payment in case_account.payments):
        after = replayed(grown)
    else:
        after = _with_term(grown, term)
    booked = with_grounds(case_account, after, ground="", booked_on=booked_on)
    if set(case_account.charges) - set(booked.charges):
        raise InvalidMessage("terms_out_of_order", "this term changes what another one brought; look what is owed")
    covering = compared(case_account, booked, received_cents=0, on=_last_day(case_account, term.charges_from))
    if covering.overpaid_cents:
        raise InvalidMessage("overpayment_changed", "a charge would take what was overpaid before; look what is owed")
    return covering


def claims_to_charge(case_account: CaseAccount, *, as_of: date) -> tuple[UUID, ...]:
    """The claims that a term ending before this day is for: those for which none passed before, for costs are owed once
    (NL-BIK-5). What of them was open then is asked of the history, whatever became known first. None where payments
    since pay the file: that was told, and stays so.
    """
    in_the_term = tuple(share for share in case_account.shares if share.on < as_of)
    owed = position(replace(case_account, shares=in_the_term), as_of=as_of)
    if case_account.paid_on is not None and owed.total_open > 0:
        return ()
    charged = {claim_id for term in case_account.terms for claim_id in term.claim_ids}
    return tuple(claim.claim_id for claim in case_account.claims if claim.claim_id not in charged)


def replayed(case_account: CaseAccount) -> CaseAccount:
    """All payments and terms once more, in the order of their days: what comes out does not depend on when they became
    known. On the first day after a term, the term comes first.
    """
    if {share.payment_id for share in case_account.shares} - {one.payment_id for one in case_account.payments}:
        raise InvalidMessage("history_incomplete", "payments from before they were kept; a person corrects by hand")
    notices = {term.notice_id for term in case_account.terms}
    started = {claim_id for term in case_account.terms for claim_id in term.claim_ids if _starts_interest(term)}
    story = replace(
        case_account,
        shares=(),
        charges=tuple(charge for charge in case_account.charges if charge.notice_id not in notices),
        claims=tuple(
            replace(claim, interest=None) if claim.claim_id in started else claim for claim in case_account.claims
        ),
    )
    steps: list[tuple[date, int, int]] = [
        *((term.charges_from, 0, n) for n, term in enumerate(case_account.terms)),
        *((payment.on, 1, n) for n, payment in enumerate(case_account.payments)),
    ]
    for _, is_payment, n in sorted(steps):
        if is_payment:
            story = _with_payment(story, case_account.payments[n])
        else:
            story = _with_term(story, case_account.terms[n])
    return story


def _starts_interest(term: ExpiredTerm) -> bool:
    return term.notice_type is NoticeType.FIRST_REMINDER


def _with_term(story: CaseAccount, term: ExpiredTerm) -> CaseAccount:
    assert all(share.on < term.charges_from for share in story.shares), "only what was paid inside the term counts"
    known = _only(story, term.claim_ids)
    if not known.claims:
        return story
    claims = known.claims
    if term.notice_type is NoticeType.FOURTEEN_DAY_LETTER:
        charges = charging.charges_after_fourteen_days(known, from_on=term.charges_from)
    else:
        assert term.notice_type is NoticeType.FIRST_REMINDER, "other notices bring no charge"
        charges = charging.charges_after_first_reminder(known, from_on=term.charges_from)
        claims = charging.interest_after_first_reminder(
            known, sent_on=term.sent_on, channel=charging.CHANNELS[term.channel], from_on=term.charges_from
        )
    changed = {claim.claim_id: claim for claim in claims}
    return replace(
        story,
        claims=tuple(changed.get(claim.claim_id, claim) for claim in story.claims),
        charges=(*story.charges, *(replace(charge, notice_id=term.notice_id) for charge in charges)),
    )


def _with_payment(story: CaseAccount, payment: Payment) -> CaseAccount:
    """The payment split over the claims, and the remainder that is let go."""
    day_after = payment.on + timedelta(days=1)
    paid = replace(story, shares=(*story.shares, *_shares(story, payment)))
    rest = _let_go(paid, position(paid, as_of=day_after), payment)
    return replace(paid, shares=(*paid.shares, *rest))


def _only(case_account: CaseAccount, claim_ids: Collection[UUID]) -> CaseAccount:
    return replace(
        case_account,
        claims=tuple(claim for claim in case_account.claims if claim.claim_id in claim_ids),
        charges=tuple(charge for charge in case_account.charges if charge.claim_id in claim_ids),
        shares=tuple(share for share in case_account.shares if share.claim_id in claim_ids),
    )


def with_grounds(before: CaseAccount, after: CaseAccount, *, ground: str, booked_on: date) -> CaseAccount:
    """Charges that stay as they were keep the journal that they have; the others get one of their own."""
    had = {_what(charge): charge for charge in before.charges if charge.notice_id is not None}
    return replace(
        after,
        charges=tuple(
            charge
            if charge.notice_id is None
            else had.get(_what(charge))
            or replace(charge, ground=f"{charge.notice_id}|{ground}".rstrip("|"), booked_on=booked_on)
            for charge in after.charges
        ),
    )


def _what(charge: Charge) -> Charge:
    return replace(charge, ground="", booked_on=None)


def _lowered(before: CaseAccount, after: CaseAccount) -> Iterator[LoweredCosts]:
    """What each term brings otherwise after a payment that is known since, or that was taken back."""
    for term in before.terms:
        had = [charge for charge in before.charges if charge.notice_id == term.notice_id]
        has = [charge for charge in after.charges if charge.notice_id == term.notice_id]
        without = [
            claim
            for claim in after.claims
            if claim.claim_id in term.claim_ids and claim.interest is None and before.claim(claim.claim_id).interest
        ]
        again = [
            claim
            for claim in after.claims
            if claim.claim_id in term.claim_ids and claim.interest and before.claim(claim.claim_id).interest is None
        ]
        reversed_ = tuple(charge for charge in had if charge not in has)
        charges = tuple(charge for charge in has if charge not in had)
        if reversed_ or charges or without or again:
            yield LoweredCosts(
                notice_id=term.notice_id,
                reversed=reversed_,
                charges=charges,
                without_interest=tuple(without),
                with_interest=tuple(again),
            )


def _shares(case_account: CaseAccount, payment: Payment) -> Iterator[Share]:
    jurisdiction = JURISDICTIONS[case_account.country]
    coverable = _coverable_cents(case_account, payment)
    open_claims = [
        jurisdiction.open_claim(
            claim_id=str(claim.claim_id),
            open=to_decimal(coverable[claim.claim_id]),
            percent=_burden(claim),
            due_on=claim.due_on,
        )
        for claim in case_account.claims
        if coverable[claim.claim_id] > 0
    ]
    if not open_claims:
        return
    split = jurisdiction.allocation_across_claims(
        claims=open_claims, amount=to_decimal(payment.amount_cents), paid_on=payment.on
    )
    for share in split.allocations:
        yield Share(
            payment_id=payment.payment_id,
            claim_id=UUID(share.claim_id),
            kind="payment",
            amount_cents=to_cents(share.amount),
            on=payment.on,
        )


def _coverable_cents(case_account: CaseAccount, payment: Payment) -> Counter[UUID]:
    """What a payment of that day can cover of each claim: it depends on the law whether the day itself bears interest,
    so payments of all that is open a day later are tried.
    """
    day_after = payment.on + timedelta(days=1)
    owed = position(case_account, as_of=day_after)
    trial = _all_open(owed, payment, kind="payment")
    paid = replace(case_account, shares=(*case_account.shares, *trial))
    covered = covered_cents(position(paid, as_of=day_after), "payment")
    covered.subtract(covered_cents(owed, "payment"))
    by_claim: Counter[UUID] = Counter()
    for (claim_id, _), cents in covered.items():
        by_claim[claim_id] += cents
    return by_claim


def _burden(claim: Claim) -> Decimal:
    """How burdensome a claim is to the debtor: its agreed rate, or a commercial claim before another."""
    rate = claim.interest.percent_per_year if claim.interest else None
    return Decimal(rate) if rate is not None else Decimal(int(claim.is_commercial))


def _let_go(case_account: CaseAccount, owed: Statement, payment: Payment) -> list[Share]:
    """The remainder, when it is no more than the interest of the last days; never where nothing was paid."""
    open_cents = to_cents(owed.total_open)
    if open_cents == 0:
        return []
    unpaid = replace(case_account, shares=())
    earlier = position(unpaid, as_of=payment.on - timedelta(days=WAIVED_INTEREST_DAYS))
    until_now = position(unpaid, as_of=payment.on + timedelta(days=1))
    if open_cents > to_cents(until_now.total_late_interest) - to_cents(earlier.total_late_interest):
        return []
    return _all_open(owed, payment, kind="credit")


def _all_open(owed: Statement, payment: Payment, *, kind: Literal["payment", "credit"]) -> list[Share]:
    """All that is open of each claim, as shares of one payment."""
    return [
        Share(
            payment_id=payment.payment_id,
            claim_id=UUID(claim.claim_id),
            kind=kind,
            amount_cents=to_cents(claim.open),
            on=payment.on,
        )
        for claim in owed.claims
        if claim.open > 0
    ]
