"""The debtor's row answers whether he may be contacted."""

from datetime import datetime

from common.decisions import Decision
from contracts.dunning import AskContact, GrantContact, RefuseContact
from dunning.domain.debtor import FREQUENCY_RULE, Contact, Debtor, asked


def grant_or_refuse_contact(debtor: Debtor | None, message: AskContact, now: datetime) -> Decision[Debtor]:
    """Count the contact, or refuse it with the first day that may be asked for."""
    del now
    known = debtor or Debtor(debtor_id=message.debtor_id)
    wanted = Contact(case_file_id=message.case_file_id, step=message.step, contact_on=message.contact_on)
    counted, until_on = asked(known, wanted)
    if until_on is None:
        granted = GrantContact(case_file_id=message.case_file_id, step=message.step, version=message.version)
        return Decision(counted, [granted])
    refused = RefuseContact(
        case_file_id=message.case_file_id,
        step=message.step,
        version=message.version,
        until_on=until_on,
        rule=FREQUENCY_RULE,
    )
    return Decision(counted, [refused])
