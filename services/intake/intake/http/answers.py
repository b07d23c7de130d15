"""What is answered in JSON when nothing is refused."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel


class ClientAnswer(BaseModel):
    """A new client. The key is shown this once."""

    client_id: UUID
    api_key: str
    folder: str  # the name of his watched folder
    watched_folder: str  # where it is on the server
    template: str  # the name of the CSV template


class AmendedAnswer(BaseModel):
    """A client whose mandate was amended."""

    client_id: UUID


class KeyAnswer(BaseModel):
    """A new key, shown this once; the old one opens nothing any more."""

    client_id: UUID
    api_key: str


class ClaimAnswer(BaseModel):
    """A claim that we have: just accepted, or handed over before (`repeated`)."""

    outcome: Literal["accepted", "repeated"]
    claim_id: UUID
    client_reference: str
    case_file_id: UUID
    reference_number: str


class RowError(BaseModel):
    """What is wrong with a field of a row."""

    field: str
    code: str
    reason: str


class RowAnswer(BaseModel):
    """What became of a row; `line` is where it begins in the file."""

    line: int
    outcome: Literal["accepted", "repeated", "refused"]
    claim_id: UUID | None = None
    client_reference: str | None = None
    case_file_id: UUID | None = None
    reference_number: str | None = None
    errors: list[RowError] = []


class FileAnswer(BaseModel):
    """What became of a file."""

    file: str
    sha256: str
    template_version: int
    results: list[RowAnswer]
    rows: int
    accepted: int
    repeated: int
    refused: int
