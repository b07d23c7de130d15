"""What intake is told by its environment, beside what every service is told."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from common.settings import ServiceSettings


class Settings(ServiceSettings):
    """`WATCH_FOLDER` holds one folder a client. `OPERATOR_KEY_SHA256` is the hex SHA-256 of the operator's key, which
    opens the making of clients; without it nobody can make one.
    """

    watch_folder: Path
    operator_key_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
