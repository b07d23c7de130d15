"""A dispute as a debtor sends it: with the token of his notice, before we know of which case file."""

import base64
import hashlib
from typing import Literal
from uuid import UUID

from common.ids import name_id
from common.messages import Message, Personal

Reason = Literal["not_mine", "already_paid", "not_delivered", "amount_wrong", "other"]
TOKEN_BYTES = 16


class DisputeByToken(Message):
    """Local: from the page, located to its case file by the token."""

    token: str  # hexadecimal
    dispute_id: UUID
    reason: Reason
    text: Personal


def read_token(written: str) -> str | None:
    """The token as it is stored, of what somebody typed: groups, spaces and small letters are ignored; None when it is
    no token.
    """
    letters = "".join(character for character in written.upper() if character.isalnum())
    try:
        token = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError:
        return None
    return token.hex() if len(token) == TOKEN_BYTES else None


def submission_of(*, token: str, reason: Reason, text: str) -> tuple[str, DisputeByToken]:
    """The dispute and the id under which it counts once: the same words with the same token are the same dispute."""
    digest = hashlib.sha256(f"{token}\0{reason}\0{text}".encode()).hexdigest()
    dispute_id = name_id("dispute", digest)
    return digest, DisputeByToken(token=token, dispute_id=dispute_id, reason=reason, text=Personal.of(text))
