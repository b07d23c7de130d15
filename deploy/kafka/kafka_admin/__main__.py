"""`python -m kafka_admin`: make the platform's topics on the cluster that KAFKA_BOOTSTRAP_SERVERS names."""

import os
import sys

from contracts.registry import topics_for
from kafka_admin import create_topics


def main() -> int:
    """Create the topics and say how many are new.

    KAFKA_REPLICATION is the replication factor (1 without it); PARTNERS names, with commas between, the partners whose
    pairs of topics are made too.
    """
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if not bootstrap:
        sys.stderr.write("KAFKA_BOOTSTRAP_SERVERS is not set\n")
        return 2
    replication = int(os.environ.get("KAFKA_REPLICATION", "1"))
    partners = tuple(name for name in os.environ.get("PARTNERS", "").split(",") if name)
    topics = topics_for(partners)
    new = create_topics(bootstrap, topics, os.environ.get("TOPIC_PREFIX", ""), replication=replication)
    sys.stdout.write(f"{len(topics)} topics, {len(new)} of them new\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
