"""The bank's files: statements in, payment files out. Bytes to frozen values and back, no I/O."""
