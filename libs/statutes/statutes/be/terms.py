"""Last payment day between enterprises, and of a public body (law of 2 August 2002, art. 4)."""

from dataclasses import dataclass
from datetime import date
from typing import cast

from statutes.days import day_after, plus_days
from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.tables import Row, table
from statutes.topics import topic


@dataclass(frozen=True, kw_only=True)
class PaymentTerm:
    """The term that holds; `clause_valid` is null when nothing was agreed."""

    clause_valid: bool | None
    days: int
    last_payment_on: date
    late_interest_from: date
    explanation: tuple[Line, ...]


@topic("be.payment_term", rules=("BE-B2B-2", "BE-B2B-3"))
def payment_term(
    *,
    invoice_received_on: date,
    goods_received_on: date | None = None,
    agreed_days: int | None = None,
    contract_on: date | None = None,
    creditor_is_sme: bool = False,
    debtor_is_sme: bool = False,
    debtor_is_public_body: bool = False,
    debtor_is_health_body: bool = False,
    objectively_justified: bool = False,
) -> PaymentTerm:
    """The term of payment between enterprises, or of a public body: art. 4 law of 2 August 2002.

    Counted from the day after the invoice was received (or the goods, when later). A clause that is too long is
    unwritten: the default term holds. `contract_on` null means a contract after every change of the law. Raises
    `InvalidInput` for a negative number of days.
    """
    if agreed_days is not None and agreed_days < 0:
        raise InvalidInput("agreed_days: is negative")
    health_days = table("be.health_body_payment_term_days").integer
    default = health_days if debtor_is_health_body else table("be.payment_term_days").integer
    longest = _longest_between_enterprises(contract_on, protected=creditor_is_sme and not debtor_is_sme)
    if debtor_is_health_body:
        longest = health_days
    elif debtor_is_public_body:
        longest = _days(table("be.longest_payment_term_days").current) if objectively_justified else default
    clause_valid = None if agreed_days is None else longest is None or agreed_days <= longest
    days = agreed_days if agreed_days is not None and clause_valid else default
    received_on = max(invoice_received_on, goods_received_on or invoice_received_on)
    last_payment_on = plus_days(received_on, days)
    key = {None: "default", True: "agreed", False: "unwritten"}[clause_valid]
    return PaymentTerm(
        clause_valid=clause_valid,
        days=days,
        last_payment_on=last_payment_on,
        late_interest_from=day_after(last_payment_on),
        explanation=(
            Line(
                rule_id="BE-B2B-2" if clause_valid is None else "BE-B2B-3",
                article="art. 4 wet/loi 2-8-2002",
                text_key=f"be.payment_term.{key}",
                inputs={"received_on": received_on, "days": days, "last_payment_on": last_payment_on},
            ),
        ),
    )


def _longest_between_enterprises(contract_on: date | None, *, protected: bool) -> int | None:
    """The longest term that the law of the contract day allows, or None where it sets none."""
    maxima = table("be.longest_payment_term_days")
    if contract_on is None:
        return _days(maxima.current)
    if contract_on < maxima.verified_from:
        return None
    row = maxima.at(contract_on)
    only_protected = cast("dict[str, bool]", row.value)["only_sme_creditor"]
    return _days(row) if protected or not only_protected else None


def _days(row: Row) -> int:
    return cast("dict[str, int]", row.value)["days"]
