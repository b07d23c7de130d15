"""Books that take decisions: journals balance, each key once, no floor broken, a reversal mirrors its original."""

from collections import Counter

from case_builder import CLIENT, NOW

from contracts.ledger import CreditClient, DebitClient
from ledger import handlers
from ledger.domain.client_account import ClientAccount
from ledger.domain.journals import Booking

DEBITS = {"PRINCIPAL", "COSTS", "VAT", "INDEMNITY", "INTEREST"}
CREDITS = {"OUTSTANDING", "CASE", "CRED", "REFUND"}


class Books:
    """The balances that the journals of decisions come to, checked after each."""

    def __init__(self):
        self.balances = Counter()
        self.keys = {}
        self.client = ClientAccount(client_id=CLIENT, payout_name="F", payout_iban="NL91ABNA0417164300", rhythm="daily")

    def take(self, decision):
        """Book a decision, and what it asks of the client's account."""
        self._book(decision)
        for message in decision.send:
            if isinstance(message, (CreditClient, DebitClient)):
                fold = handlers.credit_client if isinstance(message, CreditClient) else handlers.debit_client
                folded = fold(self.client, message, NOW)
                self._book(folded)
                self.client = folded.state
        return decision.state

    def pay_out(self):
        """All that is due to the client goes out."""
        decision = handlers.pay_out(self.client, None, NOW)
        self._book(decision)
        self.client = decision.state

    def _book(self, decision):
        for row in decision.append:
            if not isinstance(row, Booking):
                continue
            assert row.journal.idempotency_key not in self.keys
            self.keys[row.journal.idempotency_key] = row.journal
            if row.journal.reverses is not None:
                original = self.keys[row.journal.reverses].lines
                assert {(line.ledger_account, -line.amount_cents) for line in row.journal.lines} == {
                    (line.ledger_account, line.amount_cents) for line in original
                }
            assert sum(line.amount_cents for line in row.journal.lines) == 0
            assert len(row.journal.lines) >= 2
            for line in row.journal.lines:
                self.balances[line.ledger_account] += line.amount_cents
        for code, cents in self.balances.items():
            kind = code.split(":")[0]
            assert kind not in DEBITS or cents >= 0, code
            assert kind not in CREDITS or cents <= 0, code

    def of(self, kind):
        return sum(cents for code, cents in self.balances.items() if code.startswith(f"{kind}:"))
