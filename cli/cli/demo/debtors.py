"""How debtors behave: they read what reached them, and pay, err, dispute or do nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from urllib.parse import urlencode

from cli.demo.bank import Transfer
from cli.demo.http import Answer, HttpClient
from cli.demo.mailbox import Notice, letter_box
from cli.demo.people import Behaviour, Debtor, Pays

REASONS = {"nl": ("not_delivered", "amount_wrong", "not_mine"), "fr": ("not_delivered", "amount_wrong", "not_mine")}
WORDS = {
    "nl": "Ik ben het niet eens met dit bedrag: het geleverde klopte niet.",
    "fr": "Je conteste ce montant : la livraison n'était pas conforme.",
}
BOUNCED_WHO_PAY = 0.5
PAY_THE_REST = 0.7
MOVED_BY_SMS = 0.3
RELENT = 0.4  # of those who never pay a notice
LAST_NOTICES = 2
DAYS_TO_RELENT = (24, 36)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A payment that somebody means to make."""

    on: date
    debtor: Debtor
    notice: Notice
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """A dispute that somebody means to file."""

    debtor: Debtor
    notice: Notice


@dataclass
class Mind:
    """What one debtor remembers, per reference, and his own dice."""

    dice: Random
    patience: int
    relents: bool
    seen: dict[str, int] = field(default_factory=dict[str, int])
    gave_up: bool = False

    def count(self, notice: Notice) -> int:
        """The how manyeth notice of this reference; an SMS is none."""
        if notice.medium != "sms":
            self.seen[notice.reference] = self.seen.get(notice.reference, 0) + 1
        return self.seen.get(notice.reference, 0)


class Debtors:
    """All of them; each decides by himself, so nobody's turn changes what another does."""

    def __init__(self, people: Iterable[Debtor], *, seed: int) -> None:
        self.people = {debtor.number: debtor for debtor in people}
        self.minds = {number: make_mind(Random(f"debtor {seed} {number}")) for number in self.people}  # noqa: S311  no secret
        self.by_address = {address: d for d in self.people.values() for address in addresses_of(d)}
        self.plans: list[Plan] = []
        self.disputes: list[Dispute] = []
        self.disputes_filed = 0
        self.disputes_refused = 0
        self.strays = 0

    def find(self, recipient: str) -> Debtor | None:
        """Whose mailbox, telephone or letter box that is."""
        return self.by_address.get(recipient)

    def read(self, notices: Iterable[Notice], *, today: date) -> None:
        """Read what arrived and make up their minds."""
        for notice in sorted(notices, key=lambda n: (n.accepted_at, n.recipient, n.reference, n.medium)):
            debtor = self.find(notice.recipient)
            if debtor is None:
                self.strays += 1
                continue
            mind = self.minds[debtor.number]
            for amount_cents, wait_days in reaction(debtor, mind, notice):
                on = today + timedelta(days=wait_days)
                self.plans.append(Plan(on=on, debtor=debtor, notice=notice, amount_cents=amount_cents))
            if debtor.behaviour is Behaviour.DISPUTES and notice.token and mind.seen.get(notice.reference) == 1:
                self.disputes.append(Dispute(debtor=debtor, notice=notice))

    def due_payments(self, today: date) -> list[Transfer]:
        """The transfers that are ordered today, in the order of the debtors' numbers."""
        due = [plan for plan in self.plans if plan.on <= today]
        self.plans = [plan for plan in self.plans if plan.on > today]
        return [transfer_of(plan) for plan in sorted(due, key=lambda p: (p.debtor.number, p.notice.reference, p.on))]

    def file_disputes(self, http: HttpClient) -> None:
        """Fill in the form whose address stands on the notice, as a browser sends it."""
        for dispute in sorted(self.disputes, key=lambda d: (d.debtor.number, d.notice.reference)):
            answer = file_dispute(dispute, http, self.minds[dispute.debtor.number].dice)
            self.disputes_filed += int(answer.is_success)
            self.disputes_refused += int(not answer.is_success)
        self.disputes = []


def make_mind(dice: Random) -> Mind:
    """How patient somebody is, and whether he gives in in the end."""
    return Mind(dice=dice, patience=dice.choice((2, 2, 3)), relents=dice.random() < RELENT)


def addresses_of(debtor: Debtor) -> list[str]:
    """All by which he is reached."""
    address = debtor.address
    reached = [letter_box(debtor.name, address.postcode, address.house_number)]
    reached += [debtor.email.lower()] if debtor.email else []
    reached += [debtor.phone] if debtor.phone else []
    return reached


def reaction(debtor: Debtor, mind: Mind, notice: Notice) -> list[tuple[int, int]]:
    """Payments that a notice moves its reader to: cents, and in how many days."""
    if notice.medium == "sms":
        return reaction_to_sms(debtor, mind, notice)
    count, dice, asked = mind.count(notice), mind.dice, notice.amount_cents
    if debtor.pays is Pays.MISTYPED and count > 1:
        return []  # he has paid, as far as he knows
    payments: list[tuple[int, int]] = []
    match debtor.behaviour:
        case Behaviour.AT_ONCE:
            payments = [(asked, 0)]
        case Behaviour.LATE if count == mind.patience and not mind.gave_up:
            payments = [(asked, dice.randint(1, 5))]
        case Behaviour.IN_PART if count == 1:
            payments = [(asked * dice.randint(40, 60) // 100, dice.randint(0, 3))]
        case Behaviour.IN_PART if not mind.gave_up:
            mind.gave_up = dice.random() >= PAY_THE_REST
            payments = [] if mind.gave_up else [(asked, dice.randint(0, 3))]
        case Behaviour.TWICE if count == 1:
            payments = [(asked, 0), (asked, 3)]
        case Behaviour.BOUNCES if count == 1 and dice.random() < BOUNCED_WHO_PAY:
            payments = [(asked, dice.randint(1, 4))]
        case Behaviour.NEVER if count == LAST_NOTICES and mind.relents:
            payments = [(asked, dice.randint(*DAYS_TO_RELENT))]  # when a bailiff or lawyer has called
        case _:
            pass
    return payments


def reaction_to_sms(debtor: Debtor, mind: Mind, notice: Notice) -> list[tuple[int, int]]:
    """An SMS moves some of the late ones; then the next notice does not."""
    moved = debtor.behaviour is Behaviour.LATE and not mind.gave_up and mind.dice.random() < MOVED_BY_SMS
    mind.gave_up |= moved
    return [(notice.amount_cents, 0)] if moved else []


def transfer_of(plan: Plan) -> Transfer:
    """The order at his bank: the reference in its field, typed into the free text, or typed wrong."""
    debtor, printed = plan.debtor, plan.notice.reference
    digits = "".join(character for character in printed if character.isdecimal())
    issuer, reference, text = "", "", ""
    match debtor.pays:
        case Pays.STRUCTURED:
            issuer, reference = ("BBA" if printed.startswith("+") else "CUR"), digits
        case Pays.FREE_TEXT:
            text = f"{printed.strip('+')} {debtor.name}"
        case Pays.MISTYPED:
            text = f"dossier {digits[:-1]} {debtor.name}"  # the last digit is missing
    return Transfer(
        amount_cents=plan.amount_cents,
        to_iban=plan.notice.iban,
        payer=debtor.name,
        payer_iban=debtor.iban,
        issuer=issuer,
        reference=reference,
        text=text,
    )


def file_dispute(dispute: Dispute, http: HttpClient, dice: Random) -> Answer:
    """Send the form of the page."""
    notice, language = dispute.notice, dispute.debtor.language
    assert notice.token is not None, "a dispute is planned on a notice with a code"
    assert notice.dispute_url is not None, "the code stands beside the address of the page"
    fields = {"token": notice.token, "reason": dice.choice(REASONS[language]), "text": WORDS[language]}
    body = urlencode(fields).encode()
    return http.post(notice.dispute_url, body, content_type="application/x-www-form-urlencoded")
