"""Where things are: the checkout, and the state that the commands keep in it."""

import os
from pathlib import Path


def checkout() -> Path:
    """The root of the checkout; the bootstrap script says it, else it is found from this file."""
    named = os.environ.get("QUITTANCE_HOME")
    return Path(named) if named else Path(__file__).parents[2]


def state_dir() -> Path:
    """All that `up` keeps: data, logs, ports, mail."""
    return checkout() / ".quittance"


def agency_file() -> Path:
    """Who collects."""
    return checkout() / "agency.toml"


def service_dirs() -> list[Path]:
    """The packages of the services, those that are built."""
    return sorted(path.parent for path in (checkout() / "services").glob("*/*/app.py"))
