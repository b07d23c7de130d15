"""Dutch and Belgian law as far as sending needs it. Figures and days come from `statutes`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final, Literal, Protocol
from zoneinfo import ZoneInfo

from contracts.notifications import Medium
from contracts.values import DebtorFacts, Mandate
from dunning.domain.strategies import TermRule
from statutes import be, nl
from statutes.be.calendar import next_working_day
from statutes.calendars import next_dutch_working_day
from statutes.days import day_after, plus_days
from statutes.money import Amount
from statutes.statement import Compounding, Jurisdiction

CONTACT_CHANNELS: Final[Mapping[Medium, Literal["e_mail", "sms"]]] = MappingProxyType({"email": "e_mail", "sms": "sms"})
PAYMENT_REFERENCE_DIGITS: Final = 16


@dataclass(frozen=True, kw_only=True)
class Term:
    """What a notice gives: the last day to pay, and the first day on which what follows may be claimed or done."""

    ends_on: date
    charges_from: date


class Law(Protocol):
    """What both countries answer, each in its own way."""

    @property
    def jurisdiction(self) -> Jurisdiction:
        """Whose statement of what is owed."""
        ...

    @property
    def compounding(self) -> Compounding:
        """Whether interest is capitalised."""
        ...

    @property
    def timezone(self) -> ZoneInfo:
        """The clock of its days and hours."""
        ...

    @property
    def contact_rules(self) -> tuple[str, ...]:
        """The ids of the rules on hours and days."""
        ...

    def next_working_day(self, day: date) -> date:
        """That day, or the first working day after it. Raises RateNotVerified outside the verified calendar."""
        ...

    def contact_faults(self, at: datetime, medium: Medium, debtor: DebtorFacts) -> tuple[str, ...]:
        """Why the debtor may not be approached at this local time; empty when he may."""
        ...

    def payment_reference(self, reference_number: str) -> str:
        """The reference that the debtor types, formed from the case file's number."""
        ...


class DutchLaw:
    """Bki art. 4.2, 6:96 BW, betaalvereniging.nl."""

    jurisdiction: Jurisdiction = "nl"
    compounding: Compounding = "yearly"
    timezone = ZoneInfo("Europe/Amsterdam")
    contact_rules = ("NL-WKI-4", "NL-WKI-5", "NL-WKI-6")

    def next_working_day(self, day: date) -> date:
        """Algemene termijnenwet art. 1."""
        return next_dutch_working_day(day)

    def contact_faults(self, at: datetime, medium: Medium, debtor: DebtorFacts) -> tuple[str, ...]:
        """Natural persons: no nights, Sundays, holidays, nor days made equal to them (NL-WKI-4)."""
        channel = CONTACT_CHANNELS.get(medium)
        if channel is None:  # a letter has no hours
            return ()
        return nl.contact_window(
            at=at.replace(tzinfo=None), channel=channel, is_natural_person=debtor.is_natural_person
        ).reasons

    def payment_reference(self, reference_number: str) -> str:
        """The betalingskenmerk of sixteen digits (NL-PAY-1)."""
        length = PAYMENT_REFERENCE_DIGITS
        made = nl.payment_reference(payload=reference_number.rjust(length - 1, "0"), length=length).reference
        assert made is not None, "digits were given"
        return made


class BelgianLaw:
    """Book XIX WER/CDE, Febelfin."""

    jurisdiction: Jurisdiction = "be"
    compounding: Compounding = "none"
    timezone = ZoneInfo("Europe/Brussels")
    contact_rules = ("BE-COL-13",)

    def next_working_day(self, day: date) -> date:
        """Art. 1.7 § 3 Civil code."""
        return next_working_day(day)

    def contact_faults(self, at: datetime, medium: Medium, debtor: DebtorFacts) -> tuple[str, ...]:
        """Consumers: no calls or visits at night; messages have no hours (BE-COL-13)."""
        channel = CONTACT_CHANNELS.get(medium)
        if channel is None:
            return ()
        return be.contact_window(
            at=at.replace(tzinfo=None), channel=channel, acts_as_consumer=debtor.acts_as_consumer
        ).reasons

    def payment_reference(self, reference_number: str) -> str:
        """The structured communication, `+++ddd/dddd/ddddd+++` (BE-REF-1)."""
        made = be.structured_communication(number=reference_number).communication
        assert made is not None, "a number of at most ten digits was given"
        return made


_LAWS: dict[Jurisdiction, Law] = {"nl": DutchLaw(), "be": BelgianLaw()}
LAWS: Final[Mapping[Jurisdiction, Law]] = MappingProxyType(_LAWS)


def term_of(rule: TermRule, law: Law, *, medium: Medium, sent_on: date, mandate: Mandate) -> Term:
    """The term of a notice that was accepted by the debtor's mail server, or posted, on a day.

    Raises RateNotVerified for days outside the verified calendar.
    """
    by_post = medium == "letter"
    match rule.rule:
        case "fourteen_day_term":
            letter = nl.fourteen_day_term(
                channel="post" if by_post else "e_mail",
                sent_on=sent_on if by_post else None,
                delivered_on=None if by_post else sent_on,
            )
            return Term(ends_on=letter.rolled_term_ends_on, charges_from=letter.collection_costs_from)
        case "reminder_term":
            reminder = be.reminder_term(
                sent_on=sent_on, channel="post" if by_post else "e_mail", creditor_is_sme=mandate.creditor.is_sme
            )
            return Term(ends_on=reminder.term_ends_on, charges_from=reminder.safe_indemnity_from)
        case "notice_term":
            notice = be.notice_term(sent_on=sent_on)
            return Term(ends_on=notice.term_ends_on, charges_from=notice.other_measures_from)
        case "agency_days":
            assert rule.days is not None, "the strategy's validation asks for it"
            ends_on = law.next_working_day(plus_days(sent_on, rule.days))
            return Term(ends_on=ends_on, charges_from=day_after(ends_on))


def announced_costs(open_principals: Sequence[Amount], mandate: Mandate) -> nl.CollectionCosts:
    """What a fourteen-day letter announces: the tariff on what is open of all principals together (6:96 lid 7 BW)."""
    return nl.collection_costs(principals=open_principals, creditor_can_deduct_vat=mandate.creditor.can_deduct_vat)
