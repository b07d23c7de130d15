"""What dunning shows to Prometheus beside its plumbing."""

from datetime import date

from prometheus_client import Counter, Gauge

from statutes.verification import verification

DECISIONS = Counter("quittance_dunning_decisions_total", "decisions of the gate, by outcome", ["decision", "outcome"])
DISPUTES = Counter("quittance_dunning_disputes_total", "disputes that came by token, by answer", ["answer"])
LAW_DAYS_LEFT = Gauge(
    "quittance_law_days_left", "days until a table of the law is verified no more; below zero it is over", ["table"]
)


def show_law_days_left(*, as_of: date) -> None:
    """How long each table of the law still holds. A file that needs one that ended is held."""
    for table in verification(as_of=as_of):
        LAW_DAYS_LEFT.labels(table.key).set(table.days_left)
