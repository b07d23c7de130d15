"""What the ledger shows beside the plumbing's figures."""

from prometheus_client import Counter

STATEMENT_FILES = Counter("quittance_statement_files_total", "statement files by verdict", ["verdict"])
PAYMENT_FILES_REFUSED = Counter("quittance_payment_files_refused_total", "payment files that no bank would take")
