"""The builders of the unit tests serve here too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # pytest's importlib mode puts no test folder on the path
