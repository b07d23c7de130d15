"""Topics, users and access: made by whoever runs the platform, never by one of its clients."""

# pyright: reportPrivateImportUsage=false
# confluent-kafka documents its names under `confluent_kafka.admin` and marks none of them as exported there.

import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future
from datetime import datetime
from typing import Any, Protocol

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

_TIMEOUT_SECONDS = 30
_DAY_MILLISECONDS = 24 * 60 * 60 * 1000
_ATTEMPTS = 50
_PAUSE_SECONDS = 0.1
_NO_LEADER_YET = frozenset({6, 5, 3})  # NOT_LEADER_FOR_PARTITION, LEADER_NOT_AVAILABLE, UNKNOWN_TOPIC_OR_PARTITION
_SCRAM_ITERATIONS = 8192


class TopicToCreate(Protocol):
    """What a topic must say about itself; `contracts.topics.Topic` does."""

    @property
    def name(self) -> str:
        """Without a prefix."""
        ...

    @property
    def partitions(self) -> int:
        """How many; more of them may be added later, fewer never."""
        ...

    @property
    def retention_days(self) -> int:
        """How long a record is kept."""
        ...

    @property
    def max_message_bytes(self) -> int:
        """How big a batch of records may be."""
        ...


def create_topics(
    bootstrap: str, topics: Iterable[TopicToCreate], prefix: str = "", *, replication: int = 1
) -> list[str]:
    """Create what is missing, add partitions where there are too few, set the configuration; the names of the new ones.

    Saying it twice changes nothing. Fewer partitions than exist are left as they are: keys would move.
    """
    client = _client(bootstrap)
    wanted = {prefix + topic.name: topic for topic in topics}
    if not wanted:
        return []
    existing = client.list_topics(timeout=_TIMEOUT_SECONDS).topics
    missing = [
        NewTopic(name, num_partitions=topic.partitions, replication_factor=replication, config=_config(topic))
        for name, topic in wanted.items()
        if name not in existing
    ]
    made = _all_done(client.create_topics(missing), allowed={_code("TOPIC_ALREADY_EXISTS")}) if missing else []
    grown = [
        NewPartitions(name, topic.partitions)
        for name, topic in wanted.items()
        if name in existing and len(existing[name].partitions) < topic.partitions
    ]
    if grown:
        _all_done(client.create_partitions(grown))
    kept = {name: topic for name, topic in wanted.items() if name in existing}
    if kept:
        _all_done(client.incremental_alter_configs([_settings(name, topic) for name, topic in kept.items()]))
    return made  # a broker that has just started may list a topic late: what it calls known is not new


def delete_topics(bootstrap: str, prefix: str) -> list[str]:
    """Delete every topic whose name begins with the prefix; an empty prefix is refused, it would mean all."""
    if not prefix:
        raise ValueError("without a prefix every topic of the cluster would be deleted")
    client = _client(bootstrap)
    names = [name for name in client.list_topics(timeout=_TIMEOUT_SECONDS).topics if name.startswith(prefix)]
    if names:
        _all_done(client.delete_topics(names), allowed={_code("UNKNOWN_TOPIC_OR_PART")})
    return names


def end_offsets(bootstrap: str, topics: Iterable[str]) -> dict[tuple[str, int], tuple[int, int]]:
    """Earliest and next offset of each partition of the topics that exist."""
    client = _client(bootstrap)
    existing = client.list_topics(timeout=_TIMEOUT_SECONDS).topics
    places = [(name, number) for name in topics if name in existing for number in existing[name].partitions]
    specs: Any = OffsetSpec  # typed as if its two wanted values could be absent
    earliest = _offsets(client, places, specs.earliest())
    latest = _offsets(client, places, specs.latest())
    return {place: (earliest[place], latest[place]) for place in latest}


class GroupHasMembersError(Exception):
    """Somebody is in the group, or was until a moment ago: it can't be set back under him."""


def set_group_back(bootstrap: str, group: str, topics: Iterable[str], *, since: datetime) -> dict[tuple[str, int], int]:
    """Have a group begin again, on each partition of the topics, at the first record since an instant; never further
    than it stands. The offsets of those partitions that moved. Raises GroupHasMembersError.
    """
    client = _client(bootstrap)
    stands = client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(
        timeout=_TIMEOUT_SECONDS
    )
    wanted = set(topics)
    reached = {(p.topic, p.partition): int(p.offset) for p in stands.topic_partitions if p.topic in wanted}
    if not reached:
        return {}
    specs: Any = OffsetSpec  # as above
    ends = _offsets(client, reached, specs.latest())
    first = _offsets(client, reached, specs.for_timestamp(int(since.timestamp() * 1000)))  # -1: nothing since then
    begin = {place: first[place] if first[place] >= 0 else ends[place] for place in reached}
    back = {place: offset for place, offset in begin.items() if offset < reached[place]}
    if back:
        places = [TopicPartition(*place, offset) for place, offset in back.items()]
        done = client.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, places)])[group]
        for place in done.result(timeout=_TIMEOUT_SECONDS).topic_partitions:  # each has an error of its own
            if place.error is not None and place.error.code() == _code("UNKNOWN_MEMBER_ID"):
                raise GroupHasMembersError(group)
            if place.error is not None:
                raise KafkaException(place.error)
    return back


def grant_partner(bootstrap: str, partner: str, password: str, prefix: str = "") -> None:
    """A partner may log in (SCRAM-SHA-512), read his own topics in his own groups, and write his acts; nothing else.

    His user is `<prefix><partner>`. The final dot keeps `partner-jansen` out of what belongs to `partner-jansen-acts`
    or `partner-jansens`.
    """
    client = _client(bootstrap)
    user = prefix + partner
    credentials: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(
            user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _SCRAM_ITERATIONS), password.encode()
        )
    ]
    _all_done(client.alter_user_scram_credentials(credentials))
    _all_done(client.create_acls(partner_acls(partner, prefix)))


def partner_acls(partner: str, prefix: str = "") -> list[AclBinding]:
    """All that a partner may do."""
    topics = f"{prefix}legal.partner-{partner}."
    acts = f"{prefix}legal.partner-{partner}-acts."
    groups = f"{prefix}{partner}."
    user = prefix + partner
    return [
        _allow(user, ResourceType.TOPIC, topics, AclOperation.READ),
        _allow(user, ResourceType.TOPIC, topics, AclOperation.DESCRIBE),
        _allow(user, ResourceType.GROUP, groups, AclOperation.READ),
        _allow(user, ResourceType.TOPIC, acts, AclOperation.WRITE),
        _allow(user, ResourceType.TOPIC, acts, AclOperation.DESCRIBE),
    ]


def revoke_partner(bootstrap: str, partner: str, prefix: str = "") -> None:
    """Take every right of a partner back; his password stays and opens nothing."""
    anything: Any = None  # a filter's name and host may be absent, whatever their type says
    mine = AclBindingFilter(
        ResourceType.ANY,
        anything,
        ResourcePatternType.ANY,
        f"User:{prefix}{partner}",
        anything,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    client = _client(bootstrap)
    _all_done(client.delete_acls([mine]))


def _offsets(client: Any, places: Collection[tuple[str, int]], spec: OffsetSpec) -> dict[tuple[str, int], int]:
    if not places:
        return {}
    for attempt in range(_ATTEMPTS):
        futures = client.list_offsets({TopicPartition(*place): spec for place in places})
        try:
            return {(p.topic, p.partition): f.result(timeout=_TIMEOUT_SECONDS).offset for p, f in futures.items()}
        except KafkaException as error:
            # right after its creation a partition has no leader for a moment
            if attempt == _ATTEMPTS - 1 or error.args[0].code() not in _NO_LEADER_YET:
                raise
            time.sleep(_PAUSE_SECONDS)
    raise AssertionError("the last attempt returns or raises")


def _allow(user: str, kind: ResourceType, name: str, operation: AclOperation) -> AclBinding:
    return AclBinding(kind, name, ResourcePatternType.PREFIXED, f"User:{user}", "*", operation, AclPermissionType.ALLOW)


def _config(topic: TopicToCreate) -> dict[str, str]:
    return {
        "retention.ms": str(topic.retention_days * _DAY_MILLISECONDS),
        "max.message.bytes": str(topic.max_message_bytes),
    }


def _settings(name: str, topic: TopicToCreate) -> ConfigResource:
    entries = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in _config(topic).items()
    ]
    return ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=entries)


def _client(bootstrap: str) -> Any:
    """Any: confluent-kafka types the results of its calls only by halves."""
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})


def _code(name: str) -> int:
    return int(getattr(KafkaError, name))


def _all_done(futures: Mapping[Any, Future[Any]], allowed: set[int] | None = None) -> list[Any]:
    """Wait for all; those that this call did, without the ones that were so before (`allowed`)."""
    done: list[Any] = []
    for name, future in futures.items():
        try:
            future.result(timeout=_TIMEOUT_SECONDS)
            done.append(name)
        except KafkaException as error:
            if error.args[0].code() not in (allowed or set()):
                raise
    return done
