"""A hold's way back: a person who looked at the file lets it move again."""

from uuid import UUID

from common.messages import Message, Personal
from contracts.dunning import HoldReason


class ReleaseHold(Message):
    """Local: from the operator, about a case file that he names."""

    case_file_id: UUID
    reason: HoldReason
    because: Personal
