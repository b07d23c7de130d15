"""What the ledger shows beside the plumbing's figures."""

from prometheus_client import Counter, Gauge

STATEMENT_FILES = Counter(
    "quittance_statement_files_total", "statement files by verdict: done, held, refused", ["verdict"]
)
UNPROVED_TRUST_ACCOUNTS = Gauge(
    "quittance_unproved_trust_accounts", "trust accounts whose last statement is not what the books say and owe"
)
UNWRITTEN_REMITTANCES = Gauge(
    "quittance_unwritten_remittances",
    "remittances without a payment file: refused (no bank would take it), failed (not written yet)",
    ["reason"],
)
