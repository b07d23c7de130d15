"""The people around the five services: clients, debtors, the bank, partners. Each follows a script drawn from the seed,
so that the same seed is the same world, with and without faults.

In a calm world they act when all is quiet, at instants that are nobody's alarm: then what comes of it may not depend on
any fault. In a hurried world they act in the middle of the work, at the instants of the alarms.
"""

import heapq
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from chain_queries import read_state
from chain_receivers import BOUNCING, BUSY, SILENT

from common.ids import name_id
from common.messages import Personal
from common.runner import Submission
from contracts.legal import HandoffOrdered, HandoffRecalled, PartnerAct
from contracts.notifications import PaymentBlock
from contracts.values import (
    Address,
    ClaimTerms,
    Creditor,
    DebtorContact,
    DebtorFacts,
    IndemnityClause,
    Mandate,
    Segment,
)
from dunning.domain.disputes import DisputeByToken
from dunning.domain.sending_times import law_of
from dunning.domain.strategies import strategies
from intake.domain import RegisterClient, SubmitClaim, name_claim
from ledger.domain.trust_account import Debit, ImportStatement, ReadStatement, Receipt, trust_account_id
from notifications.handlers.batches import LetterReturned

LOCAL = ZoneInfo("Europe/Amsterdam")
FIRST_DAY = date(2026, 3, 2)
LAST_DAY = date(2026, 5, 18)
TEMPERS = (
    "silent", "silent", "pays", "pays", "pays_in_parts", "overpays", "pays_twice", "disputes", "pays_the_partner",
    "returns_letter", "pays_without_reference", "reversed", "disputes_at_print", "disputes_at_print", "pays_at_last",
)  # fmt: skip
LOOK_AHEAD = {"disputes_at_print", "pays_at_last"}
ALARM_HOURS = (time(7), time(9), time(9), time(17))


def local(day, at):
    return datetime.combine(day, at, LOCAL).astimezone(UTC)


def workday(day):
    while day.isoweekday() > 5:
        day += timedelta(days=1)
    return day


@dataclass(frozen=True, kw_only=True)
class Debtor:
    """One debtor's script: who he is, and what he does when the nth notice reaches him."""

    number: int
    segment: Segment
    facts: DebtorFacts
    temper: str
    after_notice: int
    waits_days: int
    cents: int
    is_refused_by_partner: bool
    is_too_late: bool

    @property
    def settles_soon(self):
        """Whether his first file is paid weeks before another claim on him comes."""
        contact = self.facts.contact.unpack(DebtorContact)
        is_reached = contact.email is not None and contact.email.endswith("@mail.example")
        return is_reached and self.after_notice == 1 and self.temper in {"pays", "overpays", "pays_twice"}


@dataclass(kw_only=True)
class Book:
    """A trust account at the bank."""

    country: str
    iban: str
    balance_cents: int = 0
    sequence_number: int = 0
    closed_on: date = FIRST_DAY
    bookings: list = field(default_factory=list)
    opens_on: set[date] = field(default_factory=set)


class ChainWorld:
    """All of it, as the outside of a simulation. `is_hurried`: acts in the middle of the work."""

    def __init__(self, simulation, receivers, agency, *, seed, is_hurried):
        self.simulation, self.receivers, self.is_hurried = simulation, receivers, is_hurried
        self.seed, self.dice = seed, random.Random(f"world {seed}")  # noqa: S311  a seed, no secret
        self.events: list[tuple[datetime, int, object]] = []
        self.order = itertools.count()
        self.seen: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.looked_ahead: set[UUID] = set()  # case files
        self.partners_saw = 0  # records that were written when they looked
        self.notices: Counter[UUID] = Counter()  # case file -> those that reached him
        self.books = {
            country: Book(country=country, iban=account.iban) for country, account in agency.trust_account.items()
        }
        self.clients = [self.make_client(number) for number in range(2)]
        self.debtors = [self.make_debtor(number) for number in range(self.dice.choice((1, 2, 2, 3)))]
        self.debtor_of: dict[UUID, Debtor] = {}  # case file ->
        self.by_id = {debtor.facts.debtor_id: debtor for debtor in self.debtors}
        self.script()
        receivers.on_accepted, receivers.on_order = self.take_notice, self.take_order

    # --- the script ----------------------------------------------------------------------------------------

    def at(self, day, *name):
        """An instant of that day, drawn from the name of what happens then and nothing else: nobody's alarm in a calm
        world, an alarm's in a hurried one.
        """
        dice = random.Random(f"{self.seed} {name}")  # noqa: S311  a seed, no secret
        if self.is_hurried:
            return local(day, dice.choice(ALARM_HOURS))
        return local(day, time(dice.randint(10, 15), dice.randint(0, 59), dice.randint(1, 58)))

    def plan(self, at, deed, *arguments):
        heapq.heappush(self.events, (at, next(self.order), (deed, arguments)))

    def book(self, country, booking):
        """A line at the bank, which opens on the next working day. Most statements come before the day's work, some in
        its middle, when letters stand in the print batch.
        """
        book, day = self.books[country], workday(booking.booked_on + timedelta(days=1))
        book.bookings.append(booking)
        if day not in book.opens_on:
            book.opens_on.add(day)
            is_late = random.Random(f"{self.seed} {country} {day}").random() < 0.4  # noqa: S311  a seed, no secret
            at = time(6) if not is_late else time(9) if self.is_hurried else time(12, 30)
            self.plan(local(day, at), self.open_bank, country, day)

    def make_client(self, number):
        country = ("NL", "BE")[number % 2]
        dice = self.dice
        creditor = Creditor(
            client_id=name_id("client", number), name=f"Client {number}", address=an_address(country),
            email="a@client.example", phone="+31301234567", enterprise_number=f"1234567{number}", country=country,
            is_sme=dice.random() < 0.7, can_deduct_vat=dice.random() < 0.5,
        )  # fmt: skip
        mandate = Mandate(
            creditor=creditor, judicial_phase_approved=dice.random() < 0.8,
            payout_rhythm=dice.choice(("daily", "weekly")),
        )  # fmt: skip
        return RegisterClient(
            client_id=creditor.client_id, folder=f"client-{number}", mandate=mandate,
            payout_account=Personal.of("NL91ABNA0417164300"), payout_name=creditor.name,
            api_key_sha256=f"{number:064x}",
        )  # fmt: skip

    def make_debtor(self, number):
        dice = self.dice
        segment = dice.choice(list(Segment))
        country = "NL" if segment.value.startswith("nl") else "BE"
        is_consumer = segment in {Segment.NL_CONSUMER, Segment.BE_CONSUMER}
        host = dice.choice(("mail.example", "mail.example", "mail.example", BOUNCING, BUSY, None))
        if self.is_hurried and dice.random() < 0.15:
            host = SILENT
        contact = DebtorContact(
            name=f"Debtor {number}", address=an_address(country) if host is None or dice.random() < 0.9 else None,
            email=host and f"debtor{number}@{host}",
            phone=f"+3161234567{number}" if dice.random() < 0.6 else None,
        )  # fmt: skip
        facts = DebtorFacts(
            debtor_id=name_id("debtor", number), is_natural_person=is_consumer, acts_as_consumer=is_consumer,
            enterprise_number=None if is_consumer else "0789123407", country=country,
            language=dice.choice(("nl", "fr")) if country == "BE" else "nl", contact=Personal.pack(contact),
        )  # fmt: skip
        return Debtor(
            number=number, segment=segment, facts=facts, temper=dice.choice(TEMPERS),
            after_notice=dice.choice((1, 1, 2, 3)),
            waits_days=dice.randint(0, 6), cents=dice.randint(2_000, 90_000),
            is_refused_by_partner=dice.random() < 0.15, is_too_late=dice.random() < 0.3,
        )  # fmt: skip

    def script(self):
        dice = self.dice
        for number, client in enumerate(self.clients):
            self.plan(local(FIRST_DAY, time(6, 30 + number)), self.register, client)
        for debtor in self.debtors:
            day = workday(FIRST_DAY + timedelta(days=dice.choice((0, 0, 1, 3))))
            client = dice.choice(self.clients)
            at = self.at(day, "hand over", debtor.number)
            claims = [self.make_claim(debtor, client, f"{debtor.number}-{n}") for n in range(dice.choice((1, 1, 2)))]
            for claim in claims:
                self.plan(at, self.hand_over, claim, str(claim.terms.client_reference))
            if dice.random() < 0.4:
                self.plan(self.at(day, "again", debtor.number), self.hand_over, claims[0], f"again {debtor.number}")
            if self.is_hurried and dice.random() < 0.3:
                other = next(one for one in self.clients if one is not client)
                self.plan(at, self.hand_over, self.make_claim(debtor, other, f"other {debtor.number}"), "other")
            if dice.random() < 0.3 and (self.is_hurried or debtor.settles_soon):
                later = self.at(workday(day + timedelta(days=40)), "later", debtor.number)
                self.plan(later, self.hand_over, self.make_claim(debtor, client, f"{debtor.number}-later"), "later")
        bad = self.make_claim(self.debtors[0], self.clients[0], "not due", due_on=date(2026, 12, 1))
        self.plan(self.at(FIRST_DAY, "not due"), self.hand_over, bad, "not due")
        day = FIRST_DAY
        while day < LAST_DAY and any(debtor.temper in LOOK_AHEAD for debtor in self.debtors):
            day = workday(day + timedelta(days=1))
            self.plan(local(day, time(9, 30)), self.look_ahead)

    def make_claim(self, debtor, client, reference, *, due_on=None):
        dice = self.dice
        due_on = due_on or date(2026, 1, 5) + timedelta(days=dice.randint(0, 25))
        has_clause = debtor.facts.country == "BE" and dice.random() < 0.5
        terms = ClaimTerms(
            claim_id=name_claim(client_id=client.client_id, client_reference=reference), client_reference=reference,
            invoice_number=f"F {reference}", invoice_on=due_on - timedelta(days=30), due_on=due_on,
            contract_on=date(2025, 6, 1), description="levering",
            principal_cents=debtor.cents + dice.randint(0, 5_000),
            is_commercial_contract=not debtor.facts.acts_as_consumer,
            indemnity_clause=IndemnityClause(fixed_cents=2_000) if has_clause else None,
        )  # fmt: skip
        return SubmitClaim(client_id=client.client_id, debtor=debtor.facts, terms=terms)

    # --- as the outside of a simulation --------------------------------------------------------------------

    def next_at(self):
        return self.events[0][0] if self.events else None

    def act(self, *, is_quiet):
        """What is planned for this instant; partners look at their topics whenever all is quiet."""
        if is_quiet:
            self.look_at_partner_topics()
        elif not self.is_hurried or self.simulation.rng.random() > 0.1:
            return False
        if not self.events or self.events[0][0] > self.simulation.now:
            return False
        _, _, (deed, arguments) = heapq.heappop(self.events)
        deed(*arguments)
        return True

    def submit(self, service, source, name, message):
        self.service(service).strangers.append(Submission(source=source, id=name, message=message))

    def service(self, name):
        return next(service for service in self.simulation.services if service.name == name)

    # --- clients -------------------------------------------------------------------------------------------

    def register(self, client):
        self.submit("intake", "http", f"client {client.client_id}", client)

    def hand_over(self, claim, name):
        self.done["handed_over"] += 1
        self.submit("intake", f"client {claim.client_id}", name, claim)

    # --- debtors -------------------------------------------------------------------------------------------

    def case_file_of(self, accepted):
        rows = self.service("dunning").store.rows("case_file")
        return next(row for row in rows if row["state"] and str(accepted.message_id) in row["state"])

    def take_notice(self, accepted):
        """A message reached him. He acts on the nth that asks for money, once."""
        asked = next((block for block in accepted.content.blocks if isinstance(block, PaymentBlock)), None)
        if asked is None:
            return
        row = self.case_file_of(accepted)
        debtor = self.by_id[UUID(read_state(row["state"])["debtor"]["debtor_id"])]
        self.debtor_of[row["key"]] = debtor
        self.notices[row["key"]] += 1
        if self.notices[row["key"]] != debtor.after_notice:
            return
        day = workday(self.simulation.now.astimezone(LOCAL).date() + timedelta(days=debtor.waits_days))
        self.react(debtor, row, asked, self.at(day, "react", row["key"]), accepted)

    def react(self, debtor, row, asked, at, accepted):  # noqa: C901  one word a temper
        """What his temper makes of it."""
        name, cents, reference = str(row["key"]), asked.amount_cents, asked.reference

        def pays(amount, what="", *, days=0, states=reference):
            self.plan(at + timedelta(days=days), self.pay, debtor.facts.country, amount, states, f"{name} {what}")

        match debtor.temper:
            case "pays":
                pays(cents)
            case "pays_in_parts":
                pays(cents // 3 + 1, "part")
                pays(cents - cents // 3 - 1, "rest", days=9)
            case "overpays":
                pays(cents + 1_234)
            case "pays_twice":
                pays(cents, "once")
                pays(cents, "twice", days=2)
            case "pays_without_reference":
                pays(cents, states="")
            case "reversed":
                pays(cents, "for now")
                self.plan(at + timedelta(days=5), self.reverse, debtor.facts.country, cents, f"{name} for now")
            case "disputes":
                self.plan(at, self.dispute, row["token"])
                if self.is_hurried:
                    pays(cents)
            case "returns_letter" if accepted.medium == "letter":
                self.plan(at + timedelta(days=2), self.return_letter, accepted.message_id)
            case _:
                pass

    def look_ahead(self):
        """Some do not wait for a notice: they dispute while their letter is in print, or pay on the last day."""
        today = self.simulation.now.astimezone(LOCAL).date()
        for row in self.service("dunning").store.rows("case_file"):
            if row["state"] is None or row["key"] in self.looked_ahead:
                continue
            file = read_state(row["state"])
            debtor = self.by_id[UUID(file["debtor"]["debtor_id"])]
            if debtor.temper == "disputes_at_print" and is_in_print(file):
                self.done["disputed_at_print"] += 1
                self.plan(self.at(today, "ahead", row["key"]), self.dispute, row["token"])
            elif debtor.temper == "pays_at_last" and last_term_ends_on(file) == workday(today + timedelta(days=1)):
                self.done["paid_at_last"] += 1
                reference = law_of(strategies()[debtor.segment]).payment_reference(file["reference_number"])
                cents = file["notices"][-1]["asked_cents"] + 500
                self.pay(debtor.facts.country, cents, reference, f"{row['key']} at last")
            else:
                continue
            self.looked_ahead.add(row["key"])

    def dispute(self, token):
        self.done["disputed"] += 1
        dispute = DisputeByToken(
            token=token, dispute_id=name_id("dispute", self.case_file_with(token)), reason="amount_wrong",
            text=Personal.of("te veel"),
        )  # fmt: skip
        self.submit("dunning", "page", str(dispute.dispute_id), dispute)

    def case_file_with(self, token):
        return next(row["key"] for row in self.service("dunning").store.rows("case_file") if row["token"] == token)

    def return_letter(self, message_id):
        batch_id = next(name for name, report in self.receivers.batches.items() if str(message_id) in report)
        self.done["letter_returned"] += 1
        report = LetterReturned(
            batch_id=batch_id, message_id=message_id, reason="moved", returned_on=FIRST_DAY + timedelta(days=9)
        )
        self.submit("notifications", "print", f"{message_id}/returned", report)

    # --- the bank ------------------------------------------------------------------------------------------

    def pay(self, country, cents, reference, name):
        today = workday(self.simulation.now.astimezone(LOCAL).date())
        self.done["paid"] += 1
        receipt = Receipt(
            payment_id=name_id("payment", name), amount_cents=cents, value_on=today, booked_on=today,
            references=(reference.replace("+", "").replace("/", "").replace(" ", ""),) if reference else (),
            marks=(f"end_to_end:{name}",), payer_account=None, text=None,
        )  # fmt: skip
        self.book(country, receipt)

    def reverse(self, country, cents, name):
        """The bank takes a payment back."""
        today = workday(self.simulation.now.astimezone(LOCAL).date())
        self.done["reversed"] += 1
        debit = Debit(
            entry_id=name_id("reversal", name), amount_cents=cents, value_on=today, booked_on=today, remittance_id=None,
            marks=(f"end_to_end:{name}",),
        )  # fmt: skip
        self.book(country, debit)

    def take_order(self, order):
        """A payment file: executed on the next working day."""
        day = workday(order.prepared_at.astimezone(LOCAL).date() + timedelta(days=1))
        self.plan(local(day, time(5)), self.execute, order, day)

    def execute(self, order, day):
        self.done["remitted"] += 1
        debit = Debit(
            entry_id=name_id("debit", order.remittance_id), amount_cents=order.amount_cents, value_on=day,
            booked_on=day, remittance_id=order.remittance_id,
        )  # fmt: skip
        self.book(order.country, debit)

    def open_bank(self, country, day):
        """A statement up to yesterday; some are delivered twice."""
        book = self.books[country]
        mine = [booking for booking in book.bookings if booking.booked_on < day]
        assert mine, "it opens when something was booked"
        book.bookings = [booking for booking in book.bookings if booking.booked_on >= day]
        receipts = tuple(sorted((b for b in mine if isinstance(b, Receipt)), key=lambda one: one.payment_id))
        debits = tuple(sorted((b for b in mine if isinstance(b, Debit)), key=lambda one: one.entry_id))
        opening = book.balance_cents
        book.balance_cents += sum(r.amount_cents for r in receipts) - sum(d.amount_cents for d in debits)
        book.sequence_number += 1
        name = f"{country}-{day}"
        statement = ReadStatement(
            statement_id=name, statement_key=name_id("statement", name), sequence_number=book.sequence_number,
            closed_on=day - timedelta(days=1), opening_cents=opening, closing_cents=book.balance_cents, blocking=(),
            warnings=(), receipts=receipts, debits=debits,
        )  # fmt: skip
        message = ImportStatement(
            trust_account_id=trust_account_id(book.iban), iban=book.iban, country=country, statement=statement
        )
        self.done["statements"] += 1
        self.submit("ledger", "bank", name, message)
        if book.sequence_number % 3 == 0:
            self.done["statements_again"] += 1
            self.submit("ledger", "bank", f"{name} again", message)

    # --- partners ------------------------------------------------------------------------------------------

    def look_at_partner_topics(self):
        if self.partners_saw == self.simulation.broker.written:
            return
        self.partners_saw = self.simulation.broker.written
        for (topic, partition), log in list(self.simulation.broker.logs.items()):
            place = f"{topic}/{partition}"
            if not topic.startswith("legal.partner-") or topic.endswith("-acts.v1") or self.seen[place] == len(log):
                continue
            fresh, self.seen[place] = log[self.seen[place] :], len(log)
            for record in fresh:
                self.answer_as_partner(topic.removeprefix("legal.partner-").removesuffix(".v1"), record)

    def answer_as_partner(self, partner, record):
        kind = dict(record.headers)["ce_type"].decode()
        if "PartPayment" in kind:
            return  # he asks for less, and goes on
        model = HandoffOrdered if "Ordered" in kind else HandoffRecalled
        order = model.model_validate_json(record.value)
        if (name := f"{order.handoff_id} {model.__name__}") in self.seen:
            return  # the relay may publish it again
        self.seen[name] += 1
        today = self.simulation.now.astimezone(LOCAL).date()
        debtor = self.debtor_behind(order.handoff_id)
        later = [self.at(workday(today + timedelta(days=days)), "partner", order.handoff_id) for days in (1, 4, 6)]
        if model is HandoffRecalled:
            act = "recall_too_late" if debtor.is_too_late else "recalled"
            self.plan(later[0], self.tell, partner, order.handoff_id, act, 4_200 if debtor.is_too_late else 0)
            return
        first = "refused" if debtor.is_refused_by_partner else "acknowledged"
        self.plan(later[0], self.tell, partner, order.handoff_id, first, 0)
        if first == "acknowledged":
            self.plan(later[1], self.tell, partner, order.handoff_id, "demand_served", 9_900)
            if debtor.temper == "pays_the_partner":
                cents, reference = order.balance.open_cents, order.payment_reference
                self.plan(later[2], self.pay, debtor.facts.country, cents + 50_000, reference, f"{order.handoff_id}")

    def debtor_behind(self, handoff_id):
        rows = self.service("legal").store.rows("procedure")
        key = next(row["key"] for row in rows if row["state"] and str(handoff_id) in row["state"])
        return self.debtor_of[key]

    def tell(self, partner, handoff_id, act, cost_cents):
        """A partner's act, sometimes told twice under one id. After he stopped he does nothing that costs."""
        if act == "recalled":
            self.seen[f"{handoff_id} stopped"] += 1
        elif self.seen[f"{handoff_id} stopped"]:
            return
        today = self.simulation.now.astimezone(LOCAL).date()
        self.done[f"act_{act}"] += 1
        message = PartnerAct(handoff_id=handoff_id, act=act, act_on=today, cost_cents=cost_cents)
        name = str(name_id("act", handoff_id, act))
        headers = [
            ("ce_id", name.encode()), ("ce_type", b"legal.PartnerAct.v1"), ("ce_source", partner.encode()),
            ("ce_specversion", b"1.0"), ("ce_time", self.simulation.now.isoformat().encode()),
            ("ce_subject", str(handoff_id).encode()),
        ]  # fmt: skip
        topic = f"legal.partner-{partner}-acts.v1"
        for _ in range(1 + name.endswith(("0", "5", "a"))):
            self.simulation.broker.append(topic, str(handoff_id).encode(), message.model_dump_json().encode(), headers)


def is_in_print(file):
    return file["under_way"] is not None and file["under_way"]["medium"] == "letter"


def last_term_ends_on(file):
    """When a file whose every step was taken goes to the judicial phase; None before."""
    if file["step"] < len(strategies()[Segment(file["segment"])].steps) or not file["notices"][-1]["expires_at"]:
        return None
    return datetime.fromisoformat(file["notices"][-1]["expires_at"]).astimezone(LOCAL).date()


def an_address(country):
    city = "Utrecht" if country == "NL" else "Gent"
    return Address(street="Dorpsstraat", house_number="1", postcode="3511 AB", city=city, country=country)
