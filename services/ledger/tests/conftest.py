"""Lets every test of the ledger import `camt_builder`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
