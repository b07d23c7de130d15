"""From text to values: amounts, percents, days, telephone numbers, postcodes. Read in one way only, or refused."""

import re
import unicodedata
from datetime import date
from decimal import Decimal

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from common.money import to_cents
from intake.formats.refusals import FieldRefused
from statutes.references import enterprise_number as check_enterprise_number

SPACES = re.compile(r"[\s\u00a0\u202f]+")
LARGEST_AMOUNT_CENTS = 100_000_000_000  # a billion euro: more is a mistake
FORMULA_STARTS = "=@"
BIDIRECTIONAL = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# each reads one way only; `1.234` and `1,234` are not among them
AMOUNT_WITH_POINT = re.compile(r"(?:[0-9]{1,12}|[0-9]{1,3}(?:[, ][0-9]{3}){1,3})\.[0-9]{1,2}")
AMOUNT_WITH_COMMA = re.compile(r"(?:[0-9]{1,12}|[0-9]{1,3}(?:[. ][0-9]{3}){1,3}),[0-9]{1,2}")
WHOLE_AMOUNT = re.compile(
    r"[0-9]{1,12}|[0-9]{1,3}(?: [0-9]{3}){1,3}|[0-9]{1,3}(?:\.[0-9]{3}){2,3}|[0-9]{1,3}(?:,[0-9]{3}){2,3}"
)
EITHER_WAY = re.compile(r"[0-9]{1,3}[.,][0-9]{3}")
PERCENT = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,4}))?")
ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
DAY_FIRST = re.compile(r"([0-9]{1,2})([-/])([0-9]{1,2})\2([0-9]{4})")
YEARS = range(1950, 2100)
POSTCODES = {"NL": re.compile(r"([1-9][0-9]{3}) ?([A-Z]{2})"), "BE": re.compile(r"(?:B-? ?)?([1-9][0-9]{3})")}
KVK = re.compile(r"[0-9]{8}")


def clean(text: str, *, longest: int, may_be_signed: bool = False) -> str:
    """Text on one line. Refuses what a spreadsheet would run, what can't be read, and what is too long."""
    if "\0" in text:
        raise FieldRefused("nul", "holds a NUL character")
    text = SPACES.sub(" ", text).strip()
    if len(text) > longest:
        raise FieldRefused("too_long", f"has more than {longest} characters")
    for character in "" if text.isprintable() and "\ufffd" not in text else text:
        kind = unicodedata.category(character)
        if kind == "Cs" or character == "\ufffd":
            raise FieldRefused("encoding", "holds bytes that are no text in this file's encoding")
        if kind in {"Cc", "Co", "Cn"} or character in BIDIRECTIONAL:
            raise FieldRefused("control_character", "holds a character that can't be printed")
    first = unicodedata.normalize("NFKC", text[:1])
    if first and (first in FORMULA_STARTS or (first in "+-" and not may_be_signed)):
        raise FieldRefused("formula", "begins like a formula of a spreadsheet")
    return text


def amount_cents(text: str) -> int:
    """Integer cents of an amount with comma or point and marks of thousands; refused when two readings are possible."""
    bare = re.sub(r"^(?:€|EUR)\s*|\s*(?:€|EUR)$", "", text, flags=re.IGNORECASE)
    if EITHER_WAY.fullmatch(bare):
        raise FieldRefused("ambiguous_amount", "may be thousands or a fraction: write two decimals")
    if AMOUNT_WITH_POINT.fullmatch(bare):
        digits = bare.replace(",", "").replace(" ", "")
    elif AMOUNT_WITH_COMMA.fullmatch(bare):
        digits = bare.replace(".", "").replace(" ", "").replace(",", ".")
    elif WHOLE_AMOUNT.fullmatch(bare):
        digits = re.sub(r"[., ]", "", bare)
    else:
        raise FieldRefused("not_an_amount", "is no amount of euros like 1234.50 or 1234,50")
    cents = to_cents(Decimal(digits))
    if cents > LARGEST_AMOUNT_CENTS:
        raise FieldRefused("too_large", "is more than a billion euro")
    return cents


def percent(text: str) -> str:
    """A percentage as a plain decimal string, at most 100."""
    match = PERCENT.fullmatch(text.removesuffix("%").strip())
    if match is None:
        raise FieldRefused("not_a_percentage", "is no percentage like 10 or 10,5")
    value = Decimal(f"{match[1]}.{match[2] or 0}")
    if value > 100:  # noqa: PLR2004  percent
        raise FieldRefused("too_large", "is more than 100 percent")
    return f"{value.normalize():f}"


def day(text: str) -> date:
    """A day: year first with hyphens, or day first with hyphens or slashes."""
    if match := ISO_DAY.fullmatch(text):
        year, month, day_of_month = map(int, match.groups())
    elif match := DAY_FIRST.fullmatch(text):
        day_of_month, month, year = int(match[1]), int(match[3]), int(match[4])
    else:
        raise FieldRefused("not_a_day", "is no day like 2026-01-31, 31-01-2026 or 31/01/2026")
    if year not in YEARS:
        raise FieldRefused("not_a_day", "has a year out of all reason")
    try:
        return date(year, month, day_of_month)
    except ValueError:
        raise FieldRefused("not_a_day", "is no day of the calendar") from None


def postcode(text: str, country: str) -> str:
    """A postcode as the post of the country writes it: `1234 AB`, `5000`."""
    match = POSTCODES[country].fullmatch(text.upper())
    if match is None:
        raise FieldRefused("not_a_postcode", f"is no postcode of {country}")
    return " ".join(match.groups())


def registered_number(text: str, country: str) -> str:
    """Digits of a KvK number (eight), or of a KBO/BCE number with its check (also written as a VAT number)."""
    return READ_NUMBER[country](re.sub(r"[. ]", "", text).upper())


def kvk_number(compact: str) -> str:
    """Eight digits; the Chamber of Commerce's number has no check digit."""
    if not KVK.fullmatch(compact):
        raise FieldRefused("not_a_kvk_number", "is no KvK number: eight digits")
    return compact


def kbo_number(compact: str) -> str:
    """Ten digits with a check; the leading zero may be missing."""
    digits = compact.removeprefix("BE").rjust(10, "0")
    if not digits.isascii() or not digits.isdecimal() or not check_enterprise_number(number=digits).valid:
        raise FieldRefused("not_a_kbo_number", "is no KBO/BCE number: its check digits do not fit")
    return digits


READ_NUMBER = {"NL": kvk_number, "BE": kbo_number}


def email(text: str) -> str:
    """An e-mail address in its normal form. Nobody is asked whether it exists."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        raise FieldRefused("not_an_email", "is no e-mail address") from None


def phone(text: str, country: str, *, must_exist: bool = True) -> str:
    """A telephone number in E.164, read as one would dial it in that country. `must_exist`: of a range that is in use,
    because messages go there.
    """
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise FieldRefused("not_a_phone_number", "is no telephone number") from None
    if not phonenumbers.is_possible_number(number) or (must_exist and not phonenumbers.is_valid_number(number)):
        raise FieldRefused("not_a_phone_number", "is no telephone number that exists")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
