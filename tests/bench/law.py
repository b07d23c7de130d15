"""Interest and costs of a claim of three years with four payments: microseconds a claim on one core.

Run by `./quittance bench law`, in processor time, so that what else runs does not count. The limit is 150
microseconds a claim (6,500 claims a second); beside it stands what the bare interpreter needs for a fixed piece of
work in the same run, so that a slow machine shows.
"""

import resource
import sys
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from time import process_time

from statutes import ClaimTerms, Posting, nl, statement

LIMIT_MICROSECONDS = 150.0
CLAIMS = 20_000
ROUNDS = 5


def bench_law(claims: int = CLAIMS) -> float:
    """Microseconds a claim: the best of some rounds, each over different claims."""
    made = [_claim(at) for at in range(claims // ROUNDS)]

    def every_claim() -> None:
        for terms, postings, as_of in made:
            nl.collection_costs(principals=[terms.principal])
            statement([terms], postings, as_of=as_of)

    every_claim()
    memory_before = _peak_memory_kib()
    seconds = _best_of(every_claim)
    grown = _peak_memory_kib() - memory_before
    microseconds = seconds / len(made) * 1_000_000
    sys.stdout.write(
        f"a claim: {microseconds:.1f} microseconds, {1_000_000 / microseconds:,.0f} claims a second on one core\n"
        f"limit: {LIMIT_MICROSECONDS:.0f} microseconds, ratio {microseconds / LIMIT_MICROSECONDS:.2f}\n"
        f"this machine: {_best_of(_fixed_work) * 1000:.1f} ms for a million additions; memory grew {grown} KiB\n"
    )
    return microseconds


def _claim(at: int) -> tuple[ClaimTerms, list[Posting], date]:
    """A consumer's claim with costs and four payments over three years; no two alike."""
    starts_on = date(2023, 1, 2) + timedelta(days=at % 300)
    claim_id = str(at)
    terms = ClaimTerms(
        claim_id=claim_id,
        jurisdiction="nl",
        principal=Decimal(200_000 + at) / 100,
        interest_from=starts_on,
        series="nl_6_119",
    )
    costs = Posting(claim_id=claim_id, kind="costs", on=starts_on + timedelta(days=40), amount=Decimal("300.00"))
    payments = [
        Posting(claim_id=claim_id, kind="payment", on=starts_on + timedelta(days=days), amount=Decimal(100 + at % 50))
        for days in (120, 400, 700, 1000)
    ]
    return terms, [costs, *payments], starts_on + timedelta(days=3 * 365)


def _best_of(work: Callable[[], None]) -> float:
    seconds: list[float] = []
    for _ in range(ROUNDS):
        started = process_time()
        work()
        seconds.append(process_time() - started)
    return min(seconds)


def _fixed_work() -> None:
    total = 0
    for number in range(1_000_000):
        total += number


def _peak_memory_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    sys.exit(0 if bench_law() <= LIMIT_MICROSECONDS else 1)
