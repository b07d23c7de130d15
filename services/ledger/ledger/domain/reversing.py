"""A payment that the bank took back: the history of the case account without it."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from common.errors import InvalidMessage
from ledger.domain.case_account import CaseAccount
from ledger.domain.covering import Covering, compared, replayed, with_grounds


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
    covering = compared(case_account, replace(after, paid_on=None), received_cents=-amount_cents, on=value_on)
    if covering.overpaid_cents > 0:
        raise InvalidMessage("overpayment_changed", "without this payment others would be found to have paid too much")
    return replace(covering, restated=tuple(share for share in after.shares if share.kind == "payment"))


def _without(case_account: CaseAccount, *, place: int) -> CaseAccount:
    """The account without this one of its payments, before the others are gone through again."""
    payment_id = case_account.payments[place].payment_id
    return replace(
        case_account,
        payments=tuple(one for one in case_account.payments if one.payment_id != payment_id),
        shares=tuple(one for one in case_account.shares if one.payment_id != payment_id),
    )
