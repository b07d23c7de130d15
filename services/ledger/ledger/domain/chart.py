"""The chart of accounts as code: every ledger account is named by what it is about, and its prefix is its kind.

Kinds, sides and floors stand in the table `ledger.account_kind`; plus is debit, minus is credit.
"""

from uuid import UUID


def bank(iban: str) -> str:
    """Trust book, debit: mirrors the bank statement, moved by its entries only."""
    return f"BANK:{iban}"


def received(case_file_id: UUID) -> str:
    """Trust book, credit, floor 0: received on the case file and not yet released."""
    return f"CASE:{case_file_id}"


def due_to_client(client_id: UUID) -> str:
    """Trust book, credit, floor 0: released, to be paid out to the client."""
    return f"CRED:{client_id}"


def due_to_payer(case_file_id: UUID) -> str:
    """Trust book, credit, floor 0: paid too much or wrongly, to be returned."""
    return f"REFUND:{case_file_id}"


def suspense(transaction_fingerprint: UUID) -> str:
    """Trust book, credit, floor 0: a receipt not matched yet; one for each receipt, so that its age is exact."""
    return f"SUSP:{transaction_fingerprint}"


def in_transit(batch_id: UUID) -> str:
    """Trust book, credit, floor 0: in a payment file that the bank has not debited yet."""
    return f"INTRANSIT:{batch_id}"


def unexplained_debit(transaction_fingerprint: UUID) -> str:
    """Trust book, debit: money that left for a reason nobody knows yet: a shortfall until explained."""
    return f"RECALL:{transaction_fingerprint}"


def own_cost(entity_id: int) -> str:
    """Trust book, debit: bank charges, to be topped up by the agency."""
    return f"OWNCOST:{entity_id}"


def top_up(entity_id: int) -> str:
    """Trust book, credit, floor 0: the agency's own money that covers a shortfall or charges."""
    return f"TOPUP:{entity_id}"


def principal(subject_id: UUID) -> str:
    """Claim book, debit, floor 0: principal that the debtor owes on a claim or case file."""
    return f"PRINCIPAL:{subject_id}"


def late_interest(subject_id: UUID) -> str:
    """Claim book, debit, floor 0: interest that the debtor owes on a claim or case file."""
    return f"INTEREST:{subject_id}"


def collection_costs(subject_id: UUID) -> str:
    """Claim book, debit, floor 0: costs that the debtor owes on a claim or case file."""
    return f"COSTS:{subject_id}"


def outstanding(case_file_id: UUID) -> str:
    """Claim book, credit, floor 0: the other side of all that the debtor owes on a case file."""
    return f"OUTSTANDING:{case_file_id}"
