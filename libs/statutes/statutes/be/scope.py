"""Whether Book XIX (debts of the consumer) holds for a debt, and whether its creditor is a small enterprise."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast

from statutes.money import Amount
from statutes.tables import table
from statutes.topics import cites

cites("BE-XIX-1", "BE-XIX-2", "BE-XIX-3", "BE-XIX-14", by="statutes.be.scope")


def book_xix_applies(
    *,
    debtor_acts_as_consumer: bool,
    creditor_is_enterprise: bool,
    has_enforceable_title: bool,
    contract_on: date | None,
    act_on: date,
) -> bool:
    """Whether an act of recovery must follow Book XIX: art. I.22/1 and XIX.1 WER/CDE, art. 15 law of 4 May 2023.

    Every late payment of a consumer to an enterprise, until there is an enforceable title. Contracts from 2023-09-01 on
    (null: unknown, so protected), and every act of recovery after 2023-12-01.
    """
    if has_enforceable_title or not (debtor_acts_as_consumer and creditor_is_enterprise):
        return False
    is_newer = contract_on is None or contract_on >= table("be.book_xix_contracts").verified_from
    return is_newer or act_on > table("be.book_xix_acts").verified_from


@dataclass(frozen=True, kw_only=True)
class AnnualFigures:
    """Of one financial year: average workers, turnover without VAT and balance total in euro."""

    starts_on: date
    workers: int
    turnover: Amount
    balance_total: Amount


def passes_sme_thresholds(*, figures: AnnualFigures) -> bool:
    """Whether a year passes more than one of the thresholds of a small enterprise: art. 1:24 § 1 WVV/CSA.

    Only two such years in a row make an enterprise larger. Raises `RateNotVerified` for a year before the rows.
    """
    row = cast("dict[str, Any]", table("be.sme_thresholds").at(figures.starts_on).value)
    passed = (
        figures.workers > row["workers"],
        figures.turnover > Decimal(row["turnover"]),
        figures.balance_total > Decimal(row["balance_total"]),
    )
    return sum(passed) > 1
