"""What one claim has open, by bucket, and how a payment or a credit lowers it (6:44 BW; BE 5.210 Civil code)."""

from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from statutes.accrual import AccrualLine, BelgianAccrual, DutchAccrual

Bucket: TypeAlias = Literal["costs", "vat", "late_interest", "principal", "indemnity"]
CostBucket: TypeAlias = Literal["costs", "vat", "indemnity"]

CREDIT_ORDER: Final[tuple[Bucket, ...]] = ("principal", "late_interest", "indemnity", "costs", "vat")


@dataclass(slots=True)
class Covered:
    """What a payment or credit covered, in cents."""

    costs: int = 0
    vat: int = 0
    late_interest: int = 0
    principal: int = 0
    indemnity: int = 0


class ClaimBalance(Protocol):
    """One claim on its way through time. Days are ordinals, amounts whole cents."""

    costs: int
    vat: int
    indemnity: int

    @property
    def order(self) -> tuple[Bucket, ...]:
        """In which order a payment covers the buckets."""
        ...

    @property
    def late_interest(self) -> int:
        """Accrued and open."""
        ...

    @property
    def principal(self) -> int:
        """Open."""
        ...

    @property
    def total_late_interest(self) -> int:
        """All interest that has accrued, paid or not."""
        ...

    @property
    def lines(self) -> list[AccrualLine]:
        """The interest lines so far."""
        ...

    def pass_to(self, day: int, *, as_of: int) -> None:
        """Let interest grow to where a payment of that day is booked, never past `as_of`."""
        ...

    def close(self, as_of: int) -> None:
        """Let interest grow to the day of the statement."""
        ...

    def lower(self, bucket: Bucket, cents: int) -> None:
        """Take an amount off a bucket that has it."""
        ...


def cover(balance: ClaimBalance, cents: int, order: tuple[Bucket, ...]) -> tuple[Covered, int]:
    """Lower the buckets in that order; what is over comes back."""
    covered = Covered()
    for bucket in order:
        part = min(cents, getattr(balance, bucket))
        if part:
            balance.lower(bucket, part)
            setattr(covered, bucket, part)
            cents -= part
    return covered, cents


class DutchBalance:
    """Costs, interest of the running year, capitalised interest, principal (NL-ALL-2, -6, NL-INT-6)."""

    __slots__ = ("_accrual", "_capitalised_is_principal", "_payment_day_counts", "costs", "indemnity", "vat")

    order: tuple[Bucket, ...] = ("costs", "vat", "late_interest", "principal", "indemnity")

    def __init__(self, accrual: DutchAccrual, *, payment_day_counts: bool, capitalised_is_principal: bool) -> None:
        self.costs = self.vat = self.indemnity = 0
        self._accrual = accrual
        self._payment_day_counts = payment_day_counts
        self._capitalised_is_principal = capitalised_is_principal

    @property
    def late_interest(self) -> int:
        """Accrued and open."""
        accrual = self._accrual
        return int(accrual.running if self._capitalised_is_principal else accrual.running + accrual.capitalised)

    @property
    def principal(self) -> int:
        """Open."""
        accrual = self._accrual
        return int(accrual.base if self._capitalised_is_principal else accrual.principal)

    @property
    def total_late_interest(self) -> int:
        """All interest that has accrued."""
        return int(self._accrual.total)

    @property
    def lines(self) -> list[AccrualLine]:
        """The interest lines so far."""
        return self._accrual.lines

    def pass_to(self, day: int, *, as_of: int) -> None:
        """A year's interest is capitalised before a payment of its anniversary; interest never runs past `as_of`."""
        booked_on = min(day + 1, as_of) if self._payment_day_counts else day
        self._accrual.accrue(booked_on)
        if booked_on == day:
            self._accrual.capitalise_on(day)

    def close(self, as_of: int) -> None:
        """Let interest grow to the day of the statement."""
        self._accrual.accrue(as_of)
        self._accrual.capitalise_on(as_of)

    def lower(self, bucket: Bucket, cents: int) -> None:
        """Take an amount off a bucket that has it."""
        if bucket == "late_interest":
            running = min(cents, self._accrual.running)
            self._accrual.running -= running
            self._accrual.capitalised -= cents - running
        elif bucket == "principal":
            capitalised = min(cents, self._accrual.capitalised) if self._capitalised_is_principal else 0
            self._accrual.capitalised -= capitalised
            self._accrual.principal -= cents - capitalised
        else:
            setattr(self, bucket, getattr(self, bucket) - cents)


class BelgianBalance:
    """Costs, interest, principal, indemnity, or indemnity before principal (BE-ALL-2, -3), through `as_of`."""

    __slots__ = ("_accrual", "_paid_interest", "costs", "indemnity", "order", "vat")

    def __init__(self, accrual: BelgianAccrual, *, indemnity_first: bool) -> None:
        self.costs = self.vat = self.indemnity = 0
        self.order: tuple[Bucket, ...] = (
            ("costs", "vat", "late_interest", "indemnity", "principal")
            if indemnity_first
            else ("costs", "vat", "late_interest", "principal", "indemnity")
        )
        self._accrual = accrual
        self._paid_interest = 0

    @property
    def late_interest(self) -> int:
        """Accrued and open."""
        return self._accrual.total - self._paid_interest

    @property
    def principal(self) -> int:
        """Open."""
        return self._accrual.principal

    @property
    def total_late_interest(self) -> int:
        """All interest that has accrued."""
        return self._accrual.total

    @property
    def lines(self) -> list[AccrualLine]:
        """The interest lines so far."""
        return self._accrual.lines

    def pass_to(self, day: int, *, as_of: int) -> None:
        """The day of payment still counts on the balance before it (BE-GEN-3)."""
        assert day <= as_of, "a later payment does not count"
        self._accrual.accrue(day + 1)

    def close(self, as_of: int) -> None:
        """Let interest grow to the day of the statement."""
        self._accrual.accrue(as_of + 1)

    def lower(self, bucket: Bucket, cents: int) -> None:
        """Take an amount off a bucket that has it."""
        if bucket == "late_interest":
            self._paid_interest += cents
        elif bucket == "principal":
            self._accrual.principal -= cents
        else:
            setattr(self, bucket, getattr(self, bucket) - cents)
