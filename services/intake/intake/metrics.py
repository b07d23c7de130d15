"""What intake counts. Labels never hold anything personal."""

from prometheus_client import Counter

CLAIMS = Counter("intake_claims_total", "claims handed over, by way and by what became of them", ["way", "outcome"])
FILES = Counter("intake_files_total", "files handed over, by way and by what became of them", ["way", "outcome"])
