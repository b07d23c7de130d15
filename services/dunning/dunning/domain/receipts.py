"""Receipts: why something was sent, held or skipped, for whoever asks later. No personal data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from common.decisions import Row


class Verdict(StrEnum):
    """What was decided."""

    SEND = "send"
    HOLD = "hold"
    SKIP = "skip"


@dataclass(frozen=True, kw_only=True)
class DecisionReceipt(Row):
    """One decision: what was known, which rules counted, what came of it."""

    case_file_id: UUID
    decided_at: datetime
    decision: Verdict
    outcome: str
    rule_ids: tuple[str, ...]
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
