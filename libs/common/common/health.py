"""Liveness and readiness. Readiness turns red for a consumer that is stuck, not only for one that is gone."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

LONGEST_SILENCE_SECONDS = 60  # session timeout and the worst batch


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is wrong, if anything."""

    faults: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Nothing is wrong."""
        return not self.faults


def consumer_faults(
    consumer: Any, *, now_seconds: float, last_ack_seconds: float, in_hand: AbstractSet[Any]
) -> Iterable[str]:
    """Faults of an aiokafka consumer: no partitions, no poll for a minute, or records that wait unacknowledged."""
    if consumer is None:
        yield "consumer not started"
        return
    partitions = consumer.assignment()
    if not partitions:
        yield "no partitions assigned"
        return
    polls = [consumer.last_poll_timestamp(partition) for partition in partitions]
    oldest = min((poll for poll in polls if poll is not None), default=None)
    if oldest is not None and now_seconds - oldest / 1000 > LONGEST_SILENCE_SECONDS:
        yield f"no answer from the broker for {int(now_seconds - oldest / 1000)} s"
    if records_wait(consumer, in_hand) and now_seconds - last_ack_seconds > LONGEST_SILENCE_SECONDS:
        yield f"nothing acknowledged for {int(now_seconds - last_ack_seconds)} s while records wait"


def records_wait(consumer: Any, in_hand: AbstractSet[Any]) -> bool:
    """Whether records are not acknowledged: those at the broker, and those of the partitions in hand. A consumer stands
    behind what it handed over, whether or not that was applied.
    """
    return bool(lag_of(consumer)) or not in_hand.isdisjoint(consumer.assignment())


def lag_of(consumer: Any) -> dict[str, int]:
    """Records not yet consumed, by topic; only topics that lag."""
    lag: dict[str, int] = {}
    for partition in consumer.assignment():
        high, position = consumer.highwater(partition), _position(consumer, partition)
        if high is not None and position is not None and high > position:
            lag[partition.topic] = lag.get(partition.topic, 0) + high - position
    return lag


def _position(consumer: Any, partition: Any) -> int | None:
    state = consumer._subscription.subscription.assignment.state_value(partition)  # noqa: SLF001  no public way that does not wait
    return state.position if state is not None and state.has_valid_position else None
