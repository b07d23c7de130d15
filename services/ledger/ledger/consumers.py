"""Which message goes through which handler of which thing."""

from common.decisions import CallFinished, Consumers, Due, On, Thing
from contracts.dunning import NoticeTermExpired
from contracts.intake import CaseFileOpened, ClaimAccepted, MandateGranted
from contracts.ledger import BookPayout, BookReceipt, CreditClient, DebitClient, ReconcileTrust, ReverseReceipt
from ledger import handlers, repository
from ledger.domain import client_account, trust_account
from ledger.domain.case_account import CaseAccount
from ledger.domain.client_account import ClientAccount
from ledger.domain.journals import Booking
from ledger.domain.payment_files import RemittanceRow
from ledger.domain.returns import ReceiptRow, ReturnRow
from ledger.domain.trust_account import ImportStatement, TrustAccount
from ledger.handlers.case_accounts import MatchedReceipt, MatchedReversal
from ledger.handlers.trust_accounts import ProveTrust

CASE_ACCOUNT = Thing(name="case_account", state=CaseAccount)
TRUST_ACCOUNT = Thing(name="trust_account", state=TrustAccount, next_due_at=trust_account.next_due_at)
CLIENT_ACCOUNT = Thing(name="client_account", state=ClientAccount, next_due_at=client_account.next_due_at)

CONSUMERS = Consumers(
    on=(
        On(message=CaseFileOpened, handler=handlers.open_case_account, thing=CASE_ACCOUNT, opens=True),
        On(message=ClaimAccepted, handler=handlers.book_claim, thing=CASE_ACCOUNT),
        On(message=NoticeTermExpired, handler=handlers.charge_after_notice, thing=CASE_ACCOUNT),
        On(
            message=BookReceipt,
            handler=handlers.match_receipt,
            thing=CASE_ACCOUNT,
            locate=repository.locate_matched,
            arrives_as=MatchedReceipt,
        ),
        On(
            message=BookReceipt,
            handler=handlers.report_unmatched,
            thing=TRUST_ACCOUNT,
            locate=repository.locate_unmatched,
        ),
        On(
            message=ReverseReceipt,
            handler=handlers.reverse_receipt,
            thing=CASE_ACCOUNT,
            locate=repository.locate_reversed,
            arrives_as=MatchedReversal,
        ),
        On(
            message=ReverseReceipt,
            handler=handlers.return_unmatched,
            thing=TRUST_ACCOUNT,
            locate=repository.locate_unmatched,
        ),
        On(
            message=ImportStatement,
            handler=handlers.import_statement,
            thing=TRUST_ACCOUNT,
            locate=repository.locate_statements,
            opens=True,
        ),
        On(
            message=ReconcileTrust,
            handler=handlers.prove_trust,
            thing=TRUST_ACCOUNT,
            locate=repository.locate_reconciliations,
            arrives_as=ProveTrust,
        ),
        On(message=MandateGranted, handler=handlers.open_client_account, thing=CLIENT_ACCOUNT, opens=True),
        On(message=CreditClient, handler=handlers.credit_client, thing=CLIENT_ACCOUNT),
        On(message=DebitClient, handler=handlers.debit_client, thing=CLIENT_ACCOUNT),
        On(
            message=BookPayout,
            handler=handlers.confirm_payout,
            thing=CLIENT_ACCOUNT,
            locate=repository.locate_remittances,
        ),
        On(message=Due, handler=handlers.retry_unmatched, thing=TRUST_ACCOUNT),
        On(message=Due, handler=handlers.pay_out, thing=CLIENT_ACCOUNT),
        On(message=CallFinished, handler=handlers.take_file_outcome, thing=CLIENT_ACCOUNT),
    ),
    writers={
        Booking: repository.post_bookings,
        RemittanceRow: repository.insert_remittances,
        ReceiptRow: repository.insert_receipts,
        ReturnRow: repository.mark_returned,
    },
)
