"""What dunning does with each message, one pure function a message."""

from dunning.handlers.debtors import grant_or_refuse_contact
from dunning.handlers.disputes import file_dispute
from dunning.handlers.facts import (
    charge_costs,
    close_case_file,
    end_when_paid,
    follow_payment,
    follow_procedure,
    follow_reversal,
    join_claim,
    lower_costs,
    open_case_file,
    reopen_case_file,
)
from dunning.handlers.holds import release_hold
from dunning.handlers.messages import follow_expired, follow_failed, follow_recalled, follow_sent
from dunning.handlers.steps import put_off_contact, send_when_granted, take_due_step

__all__ = [
    "charge_costs",
    "close_case_file",
    "end_when_paid",
    "file_dispute",
    "follow_expired",
    "follow_failed",
    "follow_payment",
    "follow_procedure",
    "follow_recalled",
    "follow_reversal",
    "follow_sent",
    "grant_or_refuse_contact",
    "join_claim",
    "lower_costs",
    "open_case_file",
    "put_off_contact",
    "release_hold",
    "reopen_case_file",
    "send_when_granted",
    "take_due_step",
]
