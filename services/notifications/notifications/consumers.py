"""Which message goes through which handler."""

from common.decisions import CallFinished, Consumers, Due, On, Thing
from contracts.notifications import ConfirmLetter, PrintLetter, RecallMessage, SendMessage, WithdrawLetter
from notifications import repository
from notifications.domain import Correspondence, PrintBatch, next_batch_at, next_correspondence_at
from notifications.handlers import batches, messages

CORRESPONDENCE = Thing(name="correspondence", state=Correspondence, next_due_at=next_correspondence_at)
PRINT_BATCH = Thing(name="print_batch", state=PrintBatch, next_due_at=next_batch_at)

CONSUMERS = Consumers(
    on=(
        On(message=SendMessage, handler=messages.send_message, thing=CORRESPONDENCE, opens=True),
        On(message=RecallMessage, handler=messages.recall_message, thing=CORRESPONDENCE, opens=True),
        On(message=ConfirmLetter, handler=messages.confirm_letter, thing=CORRESPONDENCE),
        On(message=CallFinished, handler=messages.record_outcome, thing=CORRESPONDENCE),
        On(message=Due, handler=messages.take_due_messages, thing=CORRESPONDENCE),
        On(message=PrintLetter, handler=batches.add_letter, thing=PRINT_BATCH, opens=True),
        On(message=WithdrawLetter, handler=batches.withdraw_letter, thing=PRINT_BATCH, opens=True),
        On(message=batches.LetterReturned, handler=batches.report_returned, thing=PRINT_BATCH),
        On(message=CallFinished, handler=batches.record_printing, thing=PRINT_BATCH),
        On(message=Due, handler=batches.close_batch, thing=PRINT_BATCH),
    ),
    writers={messages.DeliveryRow: repository.insert_deliveries},
)
