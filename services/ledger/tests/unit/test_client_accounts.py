"""What is due to a client goes out, or a person is told why it does not."""

from datetime import UTC, datetime, timedelta

from case_builder import CASE, CLIENT, one, opened_for

from common.decisions import CallFinished, Result
from contracts.ledger import CreditClient, RemittanceRefused
from ledger import handlers
from ledger.domain.client_account import next_due_at

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
PAYOUT = datetime(2026, 3, 3, 16, tzinfo=UTC)
CREDIT = CreditClient(
    client_id=CLIENT, case_file_id=CASE, payment_id=CASE, country="NL", amount_cents=40_000, value_on=NOW.date()
)


def a_payout_with_a_file(result, detail="invalid_payout: an IBAN's check digits do not hold"):
    client = handlers.open_client_account(None, opened_for("NL91ABNA0417164301"), NOW).state
    client = handlers.credit_client(client, CREDIT, NOW).state
    decision = handlers.pay_out(client, None, PAYOUT)
    [call] = decision.calls
    outcome = CallFinished(
        call_id=call.call_id, channel=call.channel, result=result, detail=detail, finished_at=PAYOUT
    )  # fmt: skip
    return handlers.take_file_outcome(decision.state, outcome, PAYOUT)


def test_a_payment_file_that_no_bank_would_take_is_told_with_its_reason_and_not_tried_for_ever():
    decision = a_payout_with_a_file(Result.REFUSED)
    told = one(decision, RemittanceRefused)
    assert (told.amount_cents, told.reason) == (40_000, "invalid_payout: an IBAN's check digits do not hold")
    assert next_due_at(decision.state) is None


def test_the_next_mandate_has_a_refused_file_written_anew_with_its_account():
    client = a_payout_with_a_file(Result.REFUSED).state
    mended = handlers.open_client_account(client, opened_for("NL91ABNA0417164300"), PAYOUT).state
    assert next_due_at(mended) == PAYOUT
    [call] = handlers.pay_out(mended, None, PAYOUT).calls
    assert call.payload.payout_iban == "NL91ABNA0417164300"
    assert call.payload.amount_cents == 40_000


def test_another_payout_leaves_a_refused_file_alone():
    client = handlers.credit_client(a_payout_with_a_file(Result.REFUSED).state, CREDIT, PAYOUT).state
    [call] = handlers.pay_out(client, None, PAYOUT + timedelta(days=1)).calls
    assert call.payload.remittance_id != client.remittances[0].remittance_id


def test_a_file_that_could_not_be_written_is_tried_again():
    client = a_payout_with_a_file(Result.FAILED).state
    assert next_due_at(client) == PAYOUT + timedelta(minutes=15)
