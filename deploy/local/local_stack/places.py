"""Files that are ours alone."""

import os
from pathlib import Path


def write_secret(path: Path, text: str) -> None:
    """Write a file that nobody else may read, from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
