"""A payment that the bank took back: the history of the case account without it."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from common.errors import InvalidMessage
from common.money import to_cents
from ledger.domain.case_account import CaseAccount, covered_cents, position
from ledger.domain.covering import Covering, lowered_costs, replayed, with_grounds


def uncover(
    case_account: CaseAccount,
    *,
    payment_id: UUID,
    amount_cents: int,
    return_id: UUID,
    value_on: date,
    booked_on: date,
) -> Covering:
    """Let a payment cover nothing any more: who pays by transfer has paid when the creditor's account is credited
    (6:114(2) BW), and a credit that the bank takes back is none.

    All other payments and terms are gone through again, so interest runs as if it had never been paid, and a notice
    whose costs it had lowered brings them again. What was settled before its term was found to have passed stays so.
    Raises InvalidMessage if the payment is not there, or where others would be found to have paid more than before.
    """
    asked = (payment_id, amount_cents)
    known = [(payment.payment_id, payment.amount_cents) for payment in case_account.payments]
    if asked not in known:
        raise InvalidMessage("not_matched", "no such payment is on the case file, or it was taken back before")
    story = _without(case_account, place=known.index(asked))
    after = with_grounds(case_account, replayed(story), ground=str(return_id), booked_on=booked_on)
    day_after = value_on + timedelta(days=1)
    was, now_is = position(case_account, as_of=day_after), position(after, as_of=day_after)
    parts = covered_cents(now_is, "payment")
    parts.subtract(covered_cents(was, "payment"))
    written_off = covered_cents(now_is, "credit")
    written_off.subtract(covered_cents(was, "credit"))
    overpaid = -amount_cents - parts.total()
    if overpaid > 0:
        raise InvalidMessage("overpayment_changed", "without this payment others would be found to have paid too much")
    open_cents = to_cents(now_is.total_open)
    paid_on = None if open_cents else max((share.on for share in after.shares), default=None)
    after = replace(after, overpaid_cents=case_account.overpaid_cents + overpaid, paid_on=paid_on)
    return Covering(
        case_account=after,
        parts=parts,
        written_off=written_off,
        overpaid_cents=overpaid,
        open_cents=open_cents,
        lowered=tuple(lowered_costs(case_account, after)),
        restated=tuple(share for share in after.shares if share.kind == "payment"),
    )


def _without(case_account: CaseAccount, *, place: int) -> CaseAccount:
    """The account without this one of its payments, before the others are gone through again."""
    payment_id = case_account.payments[place].payment_id
    return replace(
        case_account,
        payments=tuple(one for one in case_account.payments if one.payment_id != payment_id),
        shares=tuple(one for one in case_account.shares if one.payment_id != payment_id),
    )
