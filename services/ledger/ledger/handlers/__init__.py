"""What the ledger does with each message: one pure function a message, by the thing that it acts on."""

from ledger.handlers.case_accounts import (
    book_claim,
    charge_after_notice,
    match_receipt,
    open_case_account,
    reverse_receipt,
)
from ledger.handlers.client_accounts import (
    confirm_payout,
    credit_client,
    debit_client,
    open_client_account,
    pay_out,
    take_file_outcome,
)
from ledger.handlers.trust_accounts import (
    import_statement,
    prove_trust,
    report_unmatched,
    retry_unmatched,
    return_unmatched,
)

__all__ = [
    "book_claim",
    "charge_after_notice",
    "confirm_payout",
    "credit_client",
    "debit_client",
    "import_statement",
    "match_receipt",
    "open_case_account",
    "open_client_account",
    "pay_out",
    "prove_trust",
    "report_unmatched",
    "retry_unmatched",
    "return_unmatched",
    "reverse_receipt",
    "take_file_outcome",
]
