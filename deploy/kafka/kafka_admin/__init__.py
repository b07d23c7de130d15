"""What the platform asks of a Kafka cluster: its topics, where its readers stand, and the rights of its partners."""

from kafka_admin.admin import (
    GroupHasMembersError,
    TopicToCreate,
    create_topics,
    delete_topics,
    end_offsets,
    grant_partner,
    partner_acls,
    revoke_partner,
    set_group_back,
)

__all__ = [
    "GroupHasMembersError",
    "TopicToCreate",
    "create_topics",
    "delete_topics",
    "end_offsets",
    "grant_partner",
    "partner_acls",
    "revoke_partner",
    "set_group_back",
]
