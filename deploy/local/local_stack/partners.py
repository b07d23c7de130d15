"""Which lawyers and bailiffs have topics."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml


def partner_names() -> tuple[str, ...]:
    """The names in legal's own list of partners; none while there is no such list."""
    spec = find_spec("legal")
    if spec is None or spec.origin is None:
        return ()
    path = Path(spec.origin).parent / "partners.yaml"
    if not path.exists():
        return ()
    listed: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(str(row["name"]) for row in listed["partners"])
