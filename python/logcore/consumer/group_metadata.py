"""What members of a classic group tell each other, as bytes: subscriptions and assignments.

Invariant: what is written here every client of Kafka can read, and the other way round.
Neighbours: `classic_membership` sends these; `assignors` decides between.
"""

import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from logcore.client.positions import TopicPartition
from logcore.consumer.assignors import Member
from logcore.protocol.internal import versioned
from logcore.protocol.internal.consumer_protocol import (
    ConsumerProtocolAssignment,
    ConsumerProtocolAssignmentTopicPartition,
    ConsumerProtocolSubscription,
    ConsumerProtocolSubscriptionTopicPartition,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

SUBSCRIPTION_VERSION: Final = 3
ASSIGNMENT_VERSION: Final = 3
_INT: Final = struct.Struct(">i")
_SHORT: Final = struct.Struct(">h")


def encode_subscription(
    topics: Iterable[str],
    owned: Iterable[TopicPartition],
    generation: int,
    *,
    with_data: bool,
    rack: str | None = None,
) -> bytes:
    """Write what a member says.

    Args:
        topics: What it subscribed to.
        owned: What it holds.
        generation: Since when.
        with_data: Whether what it holds is said as old clients' sticky assignor wants it, too.
        rack: Where it stands, for leaders whose assignors mind that (KIP-881).
    """
    held = sorted(owned)
    grouped = _grouped(held)
    message = ConsumerProtocolSubscription(
        topics=sorted(topics),
        user_data=_sticky_data(grouped, generation) if with_data else None,
        owned_partitions=[
            ConsumerProtocolSubscriptionTopicPartition(topic=topic, partitions=numbers)
            for topic, numbers in grouped.items()
        ],
        generation_id=generation,
        rack_id=rack,
    )
    return versioned.encode(message, SUBSCRIPTION_VERSION)


def decode_subscription(data: "Buffer", instance_id: str | None) -> Member:
    """Read what a member says.

    Raises:
        MalformedMessageError: If it is no subscription.
    """
    message = versioned.decode(ConsumerProtocolSubscription, data, newer_as_last=True)
    owned = tuple(
        TopicPartition(each.topic, number)
        for each in message.owned_partitions
        for number in each.partitions
    )
    generation = message.generation_id
    if not owned and message.user_data is not None:
        owned, generation = _read_sticky_data(bytes(message.user_data))
    return Member(frozenset(message.topics), owned, generation, instance_id)


def encode_assignment(places: Iterable[TopicPartition]) -> bytes:
    """Write what a member is to read."""
    message = ConsumerProtocolAssignment(
        assigned_partitions=[
            ConsumerProtocolAssignmentTopicPartition(topic=topic, partitions=numbers)
            for topic, numbers in _grouped(sorted(places)).items()
        ]
    )
    return versioned.encode(message, ASSIGNMENT_VERSION)


def decode_assignment(data: "Buffer") -> list[TopicPartition]:
    """Read what a member is to read; no bytes are nothing.

    Raises:
        MalformedMessageError: If it is no assignment.
    """
    if not memoryview(data).nbytes:
        return []
    message = versioned.decode(ConsumerProtocolAssignment, data, newer_as_last=True)
    return [
        TopicPartition(each.topic, number)
        for each in message.assigned_partitions
        for number in each.partitions
    ]


def _grouped(places: Iterable[TopicPartition]) -> dict[str, list[int]]:
    grouped: dict[str, list[int]] = {}
    for topic, number in places:
        grouped.setdefault(topic, []).append(number)
    return grouped


def _sticky_data(grouped: dict[str, list[int]], generation: int) -> bytes:
    """Write what Java's StickyAssignor keeps: topics with partitions, and the generation."""
    parts = [_INT.pack(len(grouped))]
    for topic, numbers in grouped.items():
        name = topic.encode()
        parts += [_SHORT.pack(len(name)), name, _INT.pack(len(numbers))]
        parts += [_INT.pack(number) for number in numbers]
    return b"".join([*parts, _INT.pack(generation)])


def _read_sticky_data(data: bytes) -> tuple[tuple[TopicPartition, ...], int]:
    """Read what `_sticky_data` wrote; anything else says that nothing is held."""
    places: list[TopicPartition] = []
    try:
        (topics,), at = _INT.unpack_from(data), _INT.size
        for _ in range(topics):
            (length,) = _SHORT.unpack_from(data, at)
            at += _SHORT.size
            topic = data[at : at + length].decode()
            at += length
            (numbers,) = _INT.unpack_from(data, at)
            at += _INT.size
            if numbers < 0 or at + numbers * _INT.size > len(data):
                return (), -1
            for _ in range(numbers):
                (number,) = _INT.unpack_from(data, at)
                places.append(TopicPartition(topic, number))
                at += _INT.size
        generation = _INT.unpack_from(data, at)[0] if at + _INT.size <= len(data) else -1
    except (struct.error, UnicodeDecodeError):
        return (), -1
    return tuple(places), generation
