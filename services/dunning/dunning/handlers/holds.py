"""A person releases a hold: what waited goes on by the rules, from this moment."""

from dataclasses import replace
from datetime import datetime

from common.decisions import Decision
from common.errors import InvalidMessage
from contracts.dunning import HoldReleased
from dunning.domain.case_file import CaseFile
from dunning.domain.holds import ReleaseHold
from dunning.handlers.deciding import decided


def release_hold(case_file: CaseFile, message: ReleaseHold, now: datetime) -> Decision[CaseFile]:
    """Every hold of this reason ends; others stay. The next step is planned anew, and what the law still forbids holds
    the file again.
    """
    left = tuple(hold for hold in case_file.holds if hold.reason is not message.reason)
    if len(left) == len(case_file.holds):
        raise InvalidMessage("no_such_hold", f"no hold for {message.reason.value} is on this file")
    still_held = tuple(dict.fromkeys(hold.reason for hold in left))
    released = HoldReleased(
        case_file_id=case_file.case_file_id,
        reason=message.reason,
        because=message.because,
        still_held=still_held,
        released_at=now,
    )
    answer = {"released_at": now.isoformat(), "still_held": [reason.value for reason in still_held]}
    return decided(replace(case_file, holds=left), now, send=[released], answer=answer)
