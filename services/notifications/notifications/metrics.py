"""What notifications shows of its own to Prometheus."""

from prometheus_client import Counter, Histogram

ANSWERS = Counter(
    "quittance_channel_answers_total", "answers of receivers: accepted, refused, failed", ["channel", "answer"]
)
LETTERS = Counter("quittance_letters_total", "letters by what became of them: printed, left_out", ["outcome"])
BATCH_SECONDS = Histogram(
    "quittance_print_batch_seconds", "time to set and write a print batch", buckets=(1, 2, 5, 10, 20, 40, 80, 120)
)
