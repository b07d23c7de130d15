"""What the call that writes a payment file carries, and the row that lets a debit find its client."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from common.decisions import Row
from common.messages import Value

CHANNEL = "payment_file"


class PaymentFile(Value):
    """One remittance as the bank is to execute it."""

    remittance_id: UUID
    country: Literal["NL", "BE"]
    amount_cents: int
    payout_name: str
    payout_iban: str
    prepared_at: datetime


@dataclass(frozen=True)
class RemittanceRow(Row):
    """Whose remittance an id is."""

    remittance_id: UUID
    client_id: UUID
