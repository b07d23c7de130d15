"""What every service shows to Prometheus about its plumbing. Labels never hold anything personal."""

from prometheus_client import Counter, Gauge

DEAD_LETTERS = Counter("quittance_dead_letters_total", "records put on the desk", ["service"])
DUPLICATES = Counter("quittance_duplicates_total", "repeats that the inbox dropped", ["service"])
FAULTS = Counter("quittance_batch_faults_total", "batches that failed and are tried again", ["service"])
RELAYED = Counter("quittance_relayed_total", "outbox rows published and filed", ["service"])
OPEN_DEAD_LETTERS = Gauge("quittance_dead_letters_open", "records on the desk", ["service"])
WAITING = Gauge("quittance_waiting_messages", "messages that wait for their thing or behind the desk", ["service"])
WAITING_AGE = Gauge("quittance_waiting_age_seconds", "age of the oldest waiting message", ["service"])
OUTBOX_DEPTH = Gauge("quittance_outbox_depth", "rows not yet published", ["service"])
OUTBOX_AGE = Gauge("quittance_outbox_age_seconds", "age of the oldest row not yet published", ["service"])
STOPPED_SHARDS = Gauge("quittance_outbox_stopped_shards", "shards whose first row the broker refuses", ["service"])
ALARM_LATENESS = Gauge("quittance_alarm_lateness_seconds", "how long the earliest due row is due", ["service", "thing"])
LAG = Gauge("quittance_consumer_lag", "records not yet consumed", ["service", "topic"])
FIGURES_READ = Gauge(
    "quittance_figures_read_timestamp_seconds", "when the figures of what waits were read last", ["service"]
)
OUTSIDE_CALLS = Gauge("quittance_outside_calls_open", "calls to the outside without a folded outcome", ["service"])
CONSUMER_SILENCE = Gauge(
    "quittance_consumer_silence_seconds", "since when nothing was acknowledged while records wait; else 0", ["service"]
)
OUTSIDE_CALL_AGE = Gauge("quittance_outside_call_age_seconds", "age of the oldest call without an outcome", ["service"])
OUTSIDE_CALL_OUTCOMES = Counter(
    "quittance_outside_call_outcomes_total",
    "how calls to the outside ended: accepted, refused, failed, unknown",
    ["channel", "result"],
)
