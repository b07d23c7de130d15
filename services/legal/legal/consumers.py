"""Which message goes through which handler of which thing."""

from collections.abc import Sequence

from common.decisions import Consumers, On, Thing
from contracts.ledger import CaseFilePaid, PaymentAllocated, PaymentReversed
from contracts.legal import MandateProcedure, PartnerAct
from legal import handlers, repository
from legal.domain.partners import Partner
from legal.domain.procedure import Procedure

PROCEDURE = Thing(name="procedure", state=Procedure)


def consumers(partners: Sequence[Partner]) -> Consumers:
    """The table of the service, with the partners that files may go to."""
    knowing = handlers.Handlers(partners)
    return Consumers(
        on=(
            On(message=MandateProcedure, handler=knowing.mandate_procedure, thing=PROCEDURE, opens=True),
            On(message=PaymentAllocated, handler=handlers.follow_payment, thing=PROCEDURE, opens=True),
            On(message=CaseFilePaid, handler=handlers.recall_when_paid, thing=PROCEDURE, opens=True),
            On(message=PaymentReversed, handler=handlers.follow_reversal, thing=PROCEDURE, opens=True),
            On(
                message=PartnerAct,
                handler=handlers.take_act,
                thing=PROCEDURE,
                locate=repository.locate_handoffs,
            ),
        )
    )
