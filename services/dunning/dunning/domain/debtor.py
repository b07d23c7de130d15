"""The debtor's row: how often he may be contacted, over all his case files and clients (NL-WKI-6)."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from common.decisions import Thing
from statutes import nl

FREQUENCY_RULE: Final = "NL-WKI-6"


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Leave that was given to one step of one file on one local day."""

    case_file_id: UUID
    step: str
    contact_on: date


@dataclass(frozen=True, kw_only=True)
class Debtor:
    """Contacts of the last days. No name, no address: those stay on the case file."""

    debtor_id: UUID
    contacts: tuple[Contact, ...] = ()


def asked(debtor: Debtor, wanted: Contact) -> tuple[Debtor, date | None]:
    """Grant a contact, or say from which day it may be asked again. A step that asks again (its message never left)
    gives its earlier leave back first.
    """
    limits, week = nl.contact_frequency(), timedelta(weeks=1)
    others = tuple(
        contact
        for contact in debtor.contacts
        if contact.contact_on > wanted.contact_on - week
        and (contact.case_file_id, contact.step) != (wanted.case_file_id, wanted.step)
    )
    on_the_day = [contact for contact in others if contact.contact_on == wanted.contact_on]
    if len(on_the_day) >= limits.per_day:
        return replace(debtor, contacts=others), wanted.contact_on + timedelta(days=1)
    if len(others) >= limits.per_week:
        days = sorted(contact.contact_on for contact in others)
        return replace(debtor, contacts=others), days[len(others) - limits.per_week] + week
    return replace(debtor, contacts=(*others, wanted)), None


DEBTOR = Thing(name="debtor", state=Debtor)
