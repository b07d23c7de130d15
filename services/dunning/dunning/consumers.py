"""Which message goes through which handler of which thing."""

from datetime import datetime
from functools import partial, update_wrapper

from common.decisions import Consumers, Decision, Due, Handler, On
from common.errors import InvalidMessage
from common.messages import Message
from contracts.dunning import AskContact, FileDispute, GrantContact, RefuseContact
from contracts.intake import CaseFileClosed, CaseFileOpened, CaseFileReopened, ClaimAccepted
from contracts.ledger import CaseFilePaid, CostCharged, CostLowered, PaymentAllocated, PaymentReversed
from contracts.legal import FileHandedOff, ProcedureDeclined, RecallAcknowledged
from contracts.notifications import MessageExpired, MessageFailed, MessageRecalled, MessageSent
from dunning import handlers, repository
from dunning.domain.case_file import CASE_FILE, CaseFile
from dunning.domain.composer import House
from dunning.domain.debtor import DEBTOR
from dunning.domain.disputes import DisputeByToken
from dunning.domain.holds import ReleaseHold
from dunning.domain.receipts import DecisionReceipt
from statutes.errors import LawError

TOPICS = (
    "intake.case-files.v1",
    "ledger.case-files.v1",
    "notifications.messages.v1",
    "legal.case-files.v1",
    "dunning.requests.v1",
)


def consumers(house: House) -> Consumers:
    """The whole wiring, for a house: what is sent names its agency and its page for disputes."""

    def at_home(handler: Handler) -> Handler:
        return update_wrapper(partial(_law_or_desk, handler, house=house), handler)

    return Consumers(
        on=(
            On(message=CaseFileOpened, handler=handlers.open_case_file, thing=CASE_FILE, opens=True),
            On(message=ClaimAccepted, handler=handlers.join_claim, thing=CASE_FILE),
            On(message=CaseFileClosed, handler=handlers.close_case_file, thing=CASE_FILE),
            On(message=CaseFileReopened, handler=handlers.reopen_case_file, thing=CASE_FILE),
            On(message=CostCharged, handler=handlers.charge_costs, thing=CASE_FILE),
            On(message=CostLowered, handler=handlers.lower_costs, thing=CASE_FILE),
            On(message=PaymentAllocated, handler=handlers.follow_payment, thing=CASE_FILE),
            On(message=CaseFilePaid, handler=handlers.end_when_paid, thing=CASE_FILE),
            On(message=PaymentReversed, handler=handlers.follow_reversal, thing=CASE_FILE),
            On(message=Due, handler=at_home(handlers.take_due_step), thing=CASE_FILE),
            On(message=GrantContact, handler=at_home(handlers.send_when_granted), thing=CASE_FILE),
            On(message=RefuseContact, handler=handlers.put_off_contact, thing=CASE_FILE),
            On(message=MessageSent, handler=handlers.follow_sent, thing=CASE_FILE),
            On(message=MessageFailed, handler=at_home(handlers.follow_failed), thing=CASE_FILE),
            On(message=MessageExpired, handler=handlers.follow_expired, thing=CASE_FILE),
            On(message=MessageRecalled, handler=handlers.follow_recalled, thing=CASE_FILE),
            On(message=FileDispute, handler=handlers.file_dispute, thing=CASE_FILE),
            On(
                message=DisputeByToken,
                handler=handlers.file_dispute,
                thing=CASE_FILE,
                locate=repository.locate_disputed_case_files,
                arrives_as=FileDispute,
            ),
            On(
                message=ReleaseHold,
                handler=handlers.release_hold,
                thing=CASE_FILE,
                locate=repository.locate_known_case_files,
            ),
            On(message=FileHandedOff, handler=handlers.follow_procedure, thing=CASE_FILE),
            On(message=ProcedureDeclined, handler=handlers.follow_procedure, thing=CASE_FILE),
            On(message=RecallAcknowledged, handler=handlers.follow_procedure, thing=CASE_FILE),
            On(message=AskContact, handler=handlers.grant_or_refuse_contact, thing=DEBTOR, opens=True),
        ),
        writers={DecisionReceipt: repository.insert_receipts},
    )


def _law_or_desk(
    handler: Handler, case_file: CaseFile, message: Message, now: datetime, *, house: House
) -> Decision[CaseFile]:
    """What the law cannot answer for these facts (a day that is not verified holds the file) goes to a person: tried
    again, it would stop every file that comes behind it.
    """
    try:
        return handler(case_file, message, now, house=house)
    except LawError as refusal:
        raise InvalidMessage("law_not_answered", f"{type(refusal).__name__}: {refusal.message}") from refusal
