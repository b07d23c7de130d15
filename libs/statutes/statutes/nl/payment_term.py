"""The last payment day between enterprises (uiterste dag van betaling): 6:119a lid 2, 5 and 6, 6:119b BW."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from statutes.days import day_after, plus_days
from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.tables import table
from statutes.topics import topic


@dataclass(frozen=True, kw_only=True)
class PaymentTerm:
    """The term that holds; `clause_valid` is null when nothing was agreed."""

    clause_valid: bool | None
    days: int
    last_payment_on: date
    late_interest_from: date
    explanation: tuple[Line, ...] = ()


@topic("nl.payment_term", rules=("NL-INT-1", "NL-TERM-1", "NL-TERM-3"))
def payment_term(
    *,
    invoice_received_on: date,
    performance_received_on: date | None = None,
    accepted_on: date | None = None,
    agreed_days: int | None = None,
    contract_on: date | None = None,
    debtor_is_large: bool = False,
    creditor_is_sme: bool = False,
    debtor_is_public_body: bool = False,
    expressly_agreed: bool = False,
) -> PaymentTerm:
    """Last payment day between enterprises: days after the latest of invoice, performance, acceptance (6:119a BW).

    Thirty days by default; a clause that is too long is void and the default holds. Interest runs from the day after
    the last payment day. Raises `InvalidInput` for a negative number of days.
    """
    if agreed_days is not None and agreed_days < 0:
        raise InvalidInput("agreed_days: may not be negative")
    received_on = max(day for day in (invoice_received_on, performance_received_on, accepted_on) if day is not None)
    default = table("nl.payment_term.default").integer
    longest = _longest(
        received_on,
        contract_on,
        large_debtor_of_sme=debtor_is_large and creditor_is_sme,
        debtor_is_public_body=debtor_is_public_body,
        expressly_agreed=expressly_agreed,
    )
    clause_valid = None if agreed_days is None else longest is None or agreed_days <= longest
    days = agreed_days if agreed_days is not None and clause_valid else default
    last_payment_on = plus_days(received_on, days)
    facts = {"received_on": received_on, "days": days, "last_payment_on": last_payment_on}
    key = "nl.term.clause_void" if clause_valid is False else "nl.term.days"
    return PaymentTerm(
        clause_valid=clause_valid,
        days=days,
        last_payment_on=last_payment_on,
        late_interest_from=day_after(last_payment_on),
        explanation=(Line(rule_id="NL-TERM-1", article="art. 6:119a BW", text_key=key, inputs=dict(facts)),),
    )


def _longest(
    received_on: date,
    contract_on: date | None,
    *,
    large_debtor_of_sme: bool,
    debtor_is_public_body: bool,
    expressly_agreed: bool,
) -> int | None:
    if debtor_is_public_body:
        return table("nl.payment_term.public_body").integer
    if large_debtor_of_sme:
        row = table("nl.payment_term.large_debtor").current
        rule = cast("dict[str, Any]", row.value)
        older = contract_on is not None and contract_on < row.valid_from
        return int(rule["days_before"] if older and received_on < rule["older_contracts_from"] else rule["days"])
    return None if expressly_agreed else table("nl.payment_term.longest").integer
