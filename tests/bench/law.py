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

from _stand import Figure, arguments, report

from statutes import ClaimTerms, Posting, nl, statement

LIMIT_MICROSECONDS = 150.0
ADDITIONS = 100


def bench_law(*, claims: int, rounds: int) -> list[Figure]:
    """The best of some rounds, each over the same claims, no two of them alike."""
    made = [_claim(at) for at in range(claims)]

    def every_claim() -> None:
        for terms, postings, as_of in made:
            nl.collection_costs(principals=[terms.principal])
            statement([terms], postings, as_of=as_of)

    every_claim()
    memory_before = _peak_memory_kib()
    microseconds = _best_of(every_claim, rounds) / len(made) * 1_000_000
    grown = _peak_memory_kib() - memory_before
    bare = _best_of(_fixed_work, rounds) * ADDITIONS  # of a million, in microseconds a hundred
    return [
        Figure(figure="a claim", value=microseconds, unit="µs", limit="the limit", limit_value=LIMIT_MICROSECONDS),
        Figure(figure="a claim", value=microseconds, unit="µs", limit=f"{ADDITIONS} bare additions", limit_value=bare),
        Figure(figure="claims on one core", value=1_000_000 / microseconds, unit="claims/s"),
        Figure(figure="memory grown", value=float(grown), unit="KiB"),
    ]


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


def _best_of(work: Callable[[], None], rounds: int) -> float:
    seconds: list[float] = []
    for _ in range(rounds):
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


def main() -> int:
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--claims", type=int, default=4_000, help="claims of one round")
    asked = parser.parse_args()
    figures = bench_law(claims=asked.claims, rounds=asked.rounds)
    report("law", figures, as_json=asked.json)
    return 0 if figures[0].value <= LIMIT_MICROSECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
