"""What a debtor's insolvency stops, and when other people's money must be passed on."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias, cast

from statutes.days import day_after, plus_days, plus_months, plus_years
from statutes.money import Amount
from statutes.tables import table
from statutes.topics import cites

MoneyHolder: TypeAlias = Literal["lawyer", "bailiff", "collector"]

cites("BE-INS-1", "BE-INS-2", "BE-TPA-1", "BE-TPA-2", by="statutes.be.insolvency")


@dataclass(frozen=True, kw_only=True)
class InsolvencyEffects:
    """What stops, and by when the claim is filed; null where the law sets no day."""

    stops_collection: bool
    late_interest_stops_from: date | None
    claim_due_on: date
    claim_lost_from: date | None


def bankruptcy(*, judgment_on: date) -> InsolvencyEffects:
    """Bankruptcy (faillissement, faillite): all individual recovery stops, the claim goes to RegSol (BE-INS-1).

    The judgment sets the term, in principle 30 days; a year after the judgment the right is lost.
    """
    terms = cast("dict[str, int]", table("be.bankruptcy_terms").current.value)
    return InsolvencyEffects(
        stops_collection=True,
        late_interest_stops_from=None,
        claim_due_on=plus_days(judgment_on, terms["filing_days"]),
        claim_lost_from=day_after(plus_years(judgment_on, terms["lost_after_years"])),
    )


def collective_debt_settlement(*, admissible_on: date, notified_on: date) -> InsolvencyEffects:
    """Collective debt settlement (collectieve schuldenregeling, règlement collectif de dettes): BE-INS-2.

    Art. 1675/2 ff. Ger.W./C.jud. From admissibility enforcement is suspended and interest stops; no letters to the
    debtor, only to the mediator. The claim is filed within a month of the notification; later it is not taken into
    account.
    """
    due_on = plus_months(notified_on, table("be.debt_settlement_filing_months").integer)
    return InsolvencyEffects(
        stops_collection=True,
        late_interest_stops_from=admissible_on,
        claim_due_on=due_on,
        claim_lost_from=day_after(due_on),
    )


def pass_on_due_on(*, holder: MoneyHolder, received_on: date, amount: Amount) -> date | None:
    """Last day to pass on other people's money: art. 446quater Ger.W./C.jud. (BE-TPA-1), contract (BE-TPA-2).

    Lawyers and bailiffs (the latter: M) two months, null up to 2,500 euro, which may stay on a rubric account longer; a
    registered collector one month where the contract says nothing. Always as soon as possible.
    """
    if holder == "collector":
        return plus_months(received_on, table("be.third_party_money_collector").integer)
    rule = cast("dict[str, Any]", table("be.third_party_money_lawyer").current.value)
    return None if amount <= Decimal(rule["kept_up_to"]) else plus_months(received_on, rule["months"])
