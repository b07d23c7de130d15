"""What dunning shows to Prometheus beside its plumbing."""

from prometheus_client import Counter

DECISIONS = Counter("quittance_dunning_decisions_total", "decisions of the gate, by outcome", ["decision", "outcome"])
DISPUTES = Counter("quittance_dunning_disputes_total", "disputes that came by token, by answer", ["answer"])
