"""Single figures of Dutch law that no topic asks for: bailiff tariffs, the credit cap, the size of a company."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from statutes.errors import InvalidInput
from statutes.money import Amount
from statutes.nl.tariff import vat_on
from statutes.rates import interest_rate
from statutes.tables import table
from statutes.topics import cites

cites("NL-FEE-4", by="nl.bailiff_tariff")
cites("NL-RATE-5", by="nl.consumer_credit_cap")
cites("NL-TERM-2", by="nl.company_is_large")

NEEDED_THRESHOLDS = 2


@dataclass(frozen=True, kw_only=True)
class BailiffTariff:
    """What a bailiff asks for an act, in euro; out-of-pocket costs come on top."""

    act: str
    tariff: Amount
    vat: Amount


def bailiff_tariff(*, code: str, as_of: date, creditor_can_deduct_vat: bool) -> BailiffTariff:
    """Tariff of an act by its code (`2a` to `2w`, Btag art. 2), VAT when the creditor cannot deduct it.

    Raises `InvalidInput` for an unknown code, `RateNotVerified` for a day outside the verified tariff.
    """
    acts = cast("dict[str, dict[str, str]]", table("nl.bailiff_tariff").at(as_of).value)
    if code not in acts:
        raise InvalidInput(f"code: there is no act {code}")
    tariff = Decimal(acts[code]["tariff"])
    vat = vat_on(tariff, creditor_can_deduct_vat=creditor_can_deduct_vat, collection_outsourced=True)
    return BailiffTariff(act=acts[code]["act"], tariff=tariff, vat=vat)


def consumer_credit_cap(*, as_of: date) -> Decimal:
    """Most that a consumer credit may cost, percent per year: statutory interest plus points (NL-RATE-5).

    Raises `RateNotVerified` for a day outside the verified rows.
    """
    points = table("nl.consumer_credit_points").decimal_at(as_of)
    return interest_rate(series="nl_6_119", as_of=as_of).percent + points


def company_is_large(*, balance: Amount, turnover: Amount, staff: int, as_of: date) -> bool:
    """Does a company pass two of the three thresholds (2:397 BW; those since 2024 not confirmed)? Amounts in euro."""
    thresholds = cast("dict[str, Any]", table("nl.large_company").at(as_of).value)
    passed = (
        balance > Decimal(thresholds["balance"]),
        turnover > Decimal(thresholds["turnover"]),
        staff >= thresholds["staff"],
    )
    return sum(passed) >= NEEDED_THRESHOLDS
