"""Where the law leaves a choice, the choice is a policy with a stated default: never a silent choice."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from statutes.days import LeapDayAnniversary

DayCount: TypeAlias = Literal["ACT/365F", "anniversary_year"]
Rounding: TypeAlias = Literal["per_line", "total"]
InterestLabel: TypeAlias = Literal["interest", "principal"]
MonthlyBase: TypeAlias = Literal["unrounded", "rounded"]
CourtFeeBase: TypeAlias = Literal["whole_claim", "principal"]
Divisor: TypeAlias = Literal["365", "actual"]
CapPer: TypeAlias = Literal["debt", "sum", "lower"]
IndemnityRank: TypeAlias = Literal["after_principal", "before_principal"]

DAY_COUNT: Final[DayCount] = "ACT/365F"
ROUNDING: Final[Rounding] = "per_line"
SPLIT_EQUAL_RATE: Final = False
LEAP_DAY_ANNIVERSARY: Final[LeapDayAnniversary] = "02-28"
INTEREST_LABEL: Final[InterestLabel] = "interest"
MONTHLY_BASE: Final[MonthlyBase] = "unrounded"
ROLL_TERM_END: Final = True
INSTALMENT_RULE: Final = False
COURT_FEE_BASE: Final[CourtFeeBase] = "whole_claim"
DIVISOR: Final[Divisor] = "365"
CAP_PER: Final[CapPer] = "lower"
INDEMNITY_RANK: Final[IndemnityRank] = "after_principal"
LEGAL_INCREASES_IN_CAP: Final = False


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A choice as the law page shows it."""

    name: str
    values: str
    default: str
    rules: tuple[str, ...]


POLICIES: Final = (
    Policy(name="day_count", values="ACT/365F, anniversary_year", default=DAY_COUNT, rules=("NL-INT-5",)),
    Policy(name="rounding", values="per_line, total", default=ROUNDING, rules=("NL-INT-8",)),
    Policy(name="split_equal_rate", values="true, false", default="false", rules=("NL-INT-7",)),
    Policy(name="leap_day_anniversary", values="02-28, 03-01", default=LEAP_DAY_ANNIVERSARY, rules=("NL-INT-6",)),
    Policy(name="payment_day_counts", values="true, false", default="true for 6:119a, else false", rules=("NL-INT-3",)),
    Policy(
        name="capitalised_interest_label", values="interest, principal", default=INTEREST_LABEL, rules=("NL-ALL-6",)
    ),
    Policy(name="monthly_base", values="unrounded, rounded", default=MONTHLY_BASE, rules=("NL-INT-11",)),
    Policy(name="delivery_days", values="whole number", default="by day of sending", rules=("NL-14D-4", "NL-14D-8")),
    Policy(name="roll_term_end", values="true, false", default="true", rules=("NL-14D-7",)),
    Policy(name="instalment_rule", values="true, false", default="false", rules=("NL-CUM-2",)),
    Policy(name="court_fee_base", values="whole_claim, principal", default=COURT_FEE_BASE, rules=("NL-FEE-1",)),
    Policy(name="divisor", values="365, actual", default=DIVISOR, rules=("BE-INT-3",)),
    Policy(name="cap_per", values="debt, sum, lower", default=CAP_PER, rules=("BE-XIX-22",)),
    Policy(
        name="indemnity_rank", values="after_principal, before_principal", default=INDEMNITY_RANK, rules=("BE-ALL-3",)
    ),
    Policy(name="legal_increases_in_cap", values="true, false", default="false", rules=("BE-IOS-5",)),
)
