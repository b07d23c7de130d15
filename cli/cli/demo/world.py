"""The world of a demo, made of one seed: clients, debtors, and what is handed over on which day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from cli.demo.clients import CLIENTS, Client, Style, Way
from cli.demo.people import Address, Debtor, make_debtor, written_phone

FIRST_DAY = date(2026, 3, 2)
BAD_ROWS = 0.06
SAME_DEBTOR_SAME_DAY = 0.10
DEBTOR_OF_ANOTHER_CLIENT = 0.03
IN_FIRST_TWO_DAYS = 0.60
LAST_ARRIVAL = 14  # working days after the first one
KINDS = {
    "consumer": {Style.DUTCH: "consument", Style.FRENCH: "consommateur", Style.PLAIN: "consumer"},
    "sole_trader": {Style.DUTCH: "zzp", Style.FRENCH: "indépendant", Style.PLAIN: "sole_trader"},
    "company": {Style.DUTCH: "bedrijf", Style.FRENCH: "entreprise", Style.PLAIN: "company"},
}


class Fault(StrEnum):
    """What is wrong with a bad row."""

    WRONG_DATE = "wrong_date"
    NEGATIVE = "negative"
    NO_NAME = "no_name"
    FORMULA = "formula"
    COUNTRY = "country"
    NUMBER = "number"
    NOT_DUE = "not_due"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One row as its client writes it: field names of the template, texts in the client's style."""

    client: Client
    debtor: Debtor
    fields: Mapping[str, str]
    fault: Fault | None

    @property
    def reference(self) -> str:
        """The client's own reference, unique at him."""
        return self.fields["client_reference"]


@dataclass(frozen=True, kw_only=True)
class Handover:
    """What one client hands over in one way on one day; a repeat is the same file once more."""

    on: date
    client: Client
    way: Way
    name: str
    claims: tuple[Claim, ...]
    is_repeat: bool = False


@dataclass(frozen=True, kw_only=True)
class World:
    """All that is made of the seed."""

    seed: int
    debtors: tuple[Debtor, ...]
    handovers: tuple[Handover, ...]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Each claim once, repeats left out."""
        return tuple(claim for handover in self.handovers if not handover.is_repeat for claim in handover.claims)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A claim before it is written: who owes whom, and when it comes."""

    number: int
    on: date
    client: Client
    debtor: Debtor
    fault: Fault | None


def make_world(*, seed: int, claims: int) -> World:
    """The same seed and number give the same world."""
    dice = Random(f"world {seed}")  # noqa: S311  no secret
    drafts = draft_claims(dice, claims)
    written = [(draft.on, write_claim(draft, dice)) for draft in drafts]
    debtors = {draft.debtor.number: draft.debtor for draft in drafts}
    return World(
        seed=seed,
        debtors=tuple(debtors[number] for number in sorted(debtors)),
        handovers=tuple(hand_over(written)),
    )


def draft_claims(dice: Random, count: int) -> list[Draft]:
    """Who owes whom. Some debtors owe one client twice on a day, some owe two clients."""
    drafts: list[Draft] = []
    weights = [client.weight for client in CLIENTS]
    days = working_days(FIRST_DAY, LAST_ARRIVAL + 1)
    for number in range(1, count + 1):
        client = dice.choices(CLIENTS, weights)[0]
        on = dice.choice(days[:2]) if dice.random() < IN_FIRST_TWO_DAYS else dice.choice(days[2:])
        fault = dice.choice(list(Fault)) if dice.random() < BAD_ROWS else None
        debtor = None
        chance = dice.random()
        good = [draft for draft in drafts if draft.fault is None]
        if fault is None and chance < SAME_DEBTOR_SAME_DAY:
            known = [draft for draft in good if draft.client is client and draft.on == on]
            debtor = dice.choice(known).debtor if known else None
        elif fault is None and chance < SAME_DEBTOR_SAME_DAY + DEBTOR_OF_ANOTHER_CLIENT:
            known = [draft for draft in good if draft.client is not client and draft.debtor.segment in client.segments]
            debtor = dice.choice(known).debtor if known else None
        if debtor is None:
            segment = dice.choices(list(client.segments), list(client.segments.values()))[0]
            debtor = make_debtor(dice, number=number, segment=segment)
        drafts.append(Draft(number=number, on=on, client=client, debtor=debtor, fault=fault))
    return drafts


def write_claim(draft: Draft, dice: Random) -> Claim:
    """A claim in the words of its client."""
    client, debtor = draft.client, draft.debtor
    due_on = draft.on - timedelta(days=dice.randint(15, 110))
    invoice_on = due_on - timedelta(days=dice.choice((14, 30)))
    low, high = (4_000, 180_000) if debtor.is_consumer else (15_000, 1_200_000)
    cents = round(low * (high / low) ** dice.random())
    style = client.style
    fields = {
        "client_reference": f"{client.short}-{draft.number:05d}",
        "invoice_number": f"{client.short}{invoice_on:%y%m}-{draft.number:05d}",
        "invoice_date": written_day(invoice_on, style),
        "due_date": written_day(due_on, style),
        "description": dice.choice(client.goods(debtor.language)),
        "principal": written_amount(cents, style),
        "debtor_type": KINDS[debtor.kind][style],
        "debtor_name": debtor.name,
        "enterprise_number": debtor.enterprise_number or "",
        **address_fields(debtor.address),
        "language": debtor.language,
        "email": debtor.email or "",
        "phone": written_phone(debtor, dice) if debtor.phone else "",
        "agreed_percent": "",
        "indemnity_percent": "",
        "indemnity_min": "",
    }
    if client.has_indemnity_clause and debtor.address.country == "BE":
        fields |= {"indemnity_percent": "10", "indemnity_min": written_amount(1_500, style)}
    if client.agreed_percent and not debtor.is_consumer:
        fields["agreed_percent"] = client.agreed_percent
    if draft.fault is not None:
        fields |= spoiled(draft.fault, fields, debtor)
    return Claim(client=client, debtor=debtor, fields=fields, fault=draft.fault)


def address_fields(address: Address) -> dict[str, str]:
    """Where the debtor lives, as fields."""
    return {
        "street": address.street,
        "house_number": address.house_number,
        "postcode": address.postcode,
        "city": address.city,
        "country": address.country,
    }


def spoiled(fault: Fault, fields: Mapping[str, str], debtor: Debtor) -> dict[str, str]:
    """The fields that make a row one that must be refused."""
    number = debtor.enterprise_number if debtor.address.country == "BE" else None
    wrong_number = {"enterprise_number": number[:-1] + str((int(number[-1]) + 1) % 10)} if number else {}
    changes = {
        Fault.WRONG_DATE: {"due_date": "31/02/2026"},
        Fault.NEGATIVE: {"principal": f"-{fields['principal']}"},
        Fault.NO_NAME: {"debtor_name": ""},
        Fault.FORMULA: {"description": '=HYPERLINK("https://prijs.example","klik hier")'},
        Fault.COUNTRY: {"country": "DE"},
        Fault.NUMBER: wrong_number or {"house_number": "naast de kerk"},
        Fault.NOT_DUE: {"due_date": "2026-12-01"},
        Fault.AMBIGUOUS: {"principal": "1.234"},
    }
    return changes[fault]


def hand_over(written: Sequence[tuple[date, Claim]]) -> list[Handover]:
    """Files and single claims in the order of days and clients; the first file of each day comes twice."""
    handovers: list[Handover] = []
    for on in sorted({day for day, _ in written}):
        for client in CLIENTS:
            mine = [claim for day, claim in written if day == on and claim.client is client]
            if client.way is Way.INVOICES:
                # an invoice can't be written with a fault in it: such a row comes as a single claim
                handovers += [one(on, Way.SINGLE if claim.fault else Way.INVOICES, claim) for claim in mine]
            elif client.way is Way.SINGLE:
                handovers += [one(on, Way.SINGLE, claim) for claim in mine]
            elif mine:
                name = f"{client.short.lower()}-{on:%Y%m%d}.csv"
                handovers.append(Handover(on=on, client=client, way=client.way, name=name, claims=tuple(mine)))
        files = [h for h in handovers if h.on == on and h.way in {Way.FOLDER, Way.UPLOAD}]
        handovers += [replace(first, is_repeat=True, name=f"again-{first.name}") for first in files[:1]]
    return handovers


def one(on: date, way: Way, claim: Claim) -> Handover:
    """A single claim or invoice."""
    ending = "xml" if way is Way.INVOICES else "json"
    return Handover(on=on, client=claim.client, way=way, name=f"{claim.reference}.{ending}", claims=(claim,))


def written_amount(cents: int, style: Style) -> str:
    """An amount as the client writes it."""
    whole, fraction = divmod(cents, 100)
    match style:
        case Style.DUTCH:
            return f"{whole:,}".replace(",", ".") + f",{fraction:02d}"
        case Style.FRENCH:
            return f"{whole},{fraction:02d}"
        case Style.PLAIN:
            return f"{whole}.{fraction:02d}"


def written_day(day: date, style: Style) -> str:
    """A day as the client writes it."""
    return {Style.DUTCH: f"{day:%d-%m-%Y}", Style.FRENCH: f"{day:%d/%m/%Y}", Style.PLAIN: day.isoformat()}[style]


def working_days(first: date, count: int) -> list[date]:
    """Monday to Friday."""
    days = [first + timedelta(days=n) for n in range(count * 2 + 7)]
    return [day for day in days if day.weekday() < 5][:count]  # noqa: PLR2004  Saturday
