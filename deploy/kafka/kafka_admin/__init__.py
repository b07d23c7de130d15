"""What the platform asks of a Kafka cluster: its topics, and the rights of its partners."""

from kafka_admin.admin import (
    TopicToCreate,
    consumer_lag,
    create_topics,
    delete_topics,
    grant_partner,
    partner_acls,
    revoke_partner,
)

__all__ = [
    "TopicToCreate",
    "consumer_lag",
    "create_topics",
    "delete_topics",
    "grant_partner",
    "partner_acls",
    "revoke_partner",
]
