"""What the platform asks of a Kafka cluster: its topics, and the rights of its partners."""

from kafka_admin.admin import (
    TopicToCreate,
    create_topics,
    delete_topics,
    end_offsets,
    grant_partner,
    partner_acls,
    revoke_partner,
)

__all__ = [
    "TopicToCreate",
    "create_topics",
    "delete_topics",
    "end_offsets",
    "grant_partner",
    "partner_acls",
    "revoke_partner",
]
