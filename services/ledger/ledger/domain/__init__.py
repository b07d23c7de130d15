"""What the ledger decides with: journals, bank statements and their controls, references. Pure, no I/O."""
