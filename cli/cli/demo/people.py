"""Debtors: who they are, how they are reached, and how they behave. Invented, at domains and numbers of nobody."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Literal

from cli.demo.names import FIRST_NAMES, LAST_NAMES, LEGAL_FORMS, STREETS, TOWNS, TRADES

Country = Literal["NL", "BE"]
Language = Literal["nl", "fr"]
Segment = Literal["nl_consumer", "nl_enterprise", "be_consumer", "be_enterprise"]
WITHOUT_EMAIL = 0.10
WITH_PHONE = 0.85
SOLE_TRADERS = 0.25
FRENCH_IN_BELGIUM = 0.45
BOUNCING_DOMAIN = "bounce.example"


class Behaviour(StrEnum):
    """What a debtor does with his notices."""

    AT_ONCE = "at_once"
    LATE = "late"
    IN_PART = "in_part"
    TWICE = "twice"
    NEVER = "never"
    DISPUTES = "disputes"
    MOVED_AWAY = "moved_away"
    BOUNCES = "bounces"


WEIGHTS = {
    Behaviour.AT_ONCE: 30,
    Behaviour.LATE: 15,
    Behaviour.IN_PART: 10,
    Behaviour.TWICE: 5,
    Behaviour.NEVER: 20,
    Behaviour.DISPUTES: 7,
    Behaviour.MOVED_AWAY: 5,
    Behaviour.BOUNCES: 8,
}


class Pays(StrEnum):
    """How a payer states the reference."""

    STRUCTURED = "structured"
    FREE_TEXT = "free_text"
    MISTYPED = "mistyped"


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a letter goes."""

    street: str
    house_number: str
    postcode: str
    city: str
    country: Country


@dataclass(frozen=True, kw_only=True)
class Debtor:
    """Who owes."""

    number: int
    segment: Segment
    kind: Literal["consumer", "sole_trader", "company"]
    name: str
    address: Address
    language: Language
    email: str | None
    phone: str | None  # E.164
    enterprise_number: str | None
    iban: str
    behaviour: Behaviour
    pays: Pays

    @property
    def is_consumer(self) -> bool:
        """Whether the law protects him as a consumer."""
        return self.kind == "consumer"


def make_debtor(dice: Random, *, number: int, segment: Segment) -> Debtor:
    """One debtor. His number makes names, addresses and telephone numbers differ from everybody else's."""
    country: Country = "NL" if segment.startswith("nl") else "BE"
    language: Language = "fr" if country == "BE" and dice.random() < FRENCH_IN_BELGIUM else "nl"
    is_consumer = segment.endswith("consumer")
    behaviour = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    kind = "consumer" if is_consumer else "sole_trader" if dice.random() < SOLE_TRADERS else "company"
    first, last = dice.choice(FIRST_NAMES[language]), dice.choice(LAST_NAMES[country])
    company = f"{dice.choice(TRADES[language])} {last} {LEGAL_FORMS[country, language]}"
    name = company if kind == "company" else f"{first} {last}"
    local_part = (
        f"{plain(first)}.{plain(last)}.{number}" if kind != "company" else f"boekhouding.{plain(last)}.{number}"
    )
    domain = BOUNCING_DOMAIN if behaviour is Behaviour.BOUNCES else f"post-{country.lower()}.example"
    has_email = behaviour is Behaviour.BOUNCES or dice.random() >= WITHOUT_EMAIL
    if behaviour is Behaviour.MOVED_AWAY:
        has_email = False
    return Debtor(
        number=number,
        segment=segment,
        kind=kind,
        name=name,
        address=make_address(dice, country, language, number=number),
        language=language,
        email=f"{local_part}@{domain}" if has_email else None,
        phone=make_phone(country, number, dice) if dice.random() < WITH_PHONE else None,
        enterprise_number=None if is_consumer else make_enterprise_number(country, number),
        iban=make_iban(country, number),
        behaviour=behaviour,
        pays=dice.choices(list(Pays), [70, 25, 5])[0],
    )


def make_address(dice: Random, country: Country, language: Language, *, number: int) -> Address:
    """An address; a street's name with a number that nobody else has there."""
    town = dice.choice(TOWNS[country, language])
    letters = "".join(chr(ord("A") + dice.randrange(26)) for _ in range(2)).replace("S", "T")
    postcode = f"{town.postcode} {letters}" if country == "NL" else str(town.postcode)
    return Address(
        street=dice.choice(STREETS[language]),
        house_number=str(number % 400 + 1) + dice.choice(("", "", "", "A", "B")),
        postcode=postcode,
        city=town.name,
        country=country,
    )


def make_phone(country: Country, number: int, dice: Random) -> str:
    """A mobile number in E.164 whose end no provider treats in a special way."""
    digits = f"{number % 100_000:05d}"
    if country == "NL":
        return f"+316{dice.randint(1, 5)}{digits}{dice.randint(10, 99)}"
    return f"+3247{dice.randint(0, 9)}{digits}{dice.randint(2, 9)}"


def written_phone(debtor: Debtor, dice: Random) -> str:
    """A telephone number as clients have it: with or without the country's code."""
    assert debtor.phone is not None, "asked for debtors with a telephone"
    return debtor.phone if dice.random() < 0.5 else f"0{debtor.phone[3:]}"  # noqa: PLR2004  one in two


def make_enterprise_number(country: Country, number: int) -> str:
    """KvK: eight digits. KBO/BCE: eight digits and their check."""
    if country == "NL":
        return f"{80_000_000 + number * 37}"
    base = f"0{4_000_000 + number * 41:07d}"
    return f"{base}{97 - int(base) % 97:02d}"


def make_iban(country: Country, number: int) -> str:
    """An IBAN that holds, of an account of nobody's."""
    if country == "NL":
        return with_check("NL", f"DEMO{number * 13 + 1_000_000:010d}")
    base = f"979{number * 17 + 1_000:07d}"
    return with_check("BE", f"{base}{int(base) % 97 or 97:02d}")


def with_check(country: str, national: str) -> str:
    """The check digits of ISO 13616 before the national part."""
    digits = "".join(str(int(character, 36)) for character in f"{national}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{national}"


def plain(text: str) -> str:
    """Letters and digits in ASCII, for the local part of an address."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in decomposed if character.isascii() and character.isalnum())
