"""What consumers of the classic protocol embed in their requests: subscriptions and assignments.

The coordinator passes these bytes on unread between members of a classic group. It reads and writes
them itself where such consumers are in a group of the new protocol, or where a group goes over from
one protocol to the other.
Invariant: topics that do not exist are left out, partitions beyond a topic's end too.
Neighbours: `consumer_classic` serves such members; `upgrade` carries groups over.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias

from logcore.common.errors import InconsistentGroupProtocolError, UnsupportedVersionError
from logcore.coordinator.group.context import TopicsView
from logcore.protocol.errors import MalformedMessageError
from logcore.protocol.internal import versioned
from logcore.protocol.internal.consumer_protocol import (
    ConsumerProtocolAssignment,
    ConsumerProtocolAssignmentTopicPartition,
    ConsumerProtocolSubscription,
)

VERSION_MAX: Final = ConsumerProtocolAssignment.VERSIONS[1]

_Partitions: TypeAlias = Mapping[bytes, Iterable[int]]


class Subscription(NamedTuple):
    """What a consumer said when it joined.

    Attributes:
        topics: The topics it names.
        owned: The partitions it still owns, by topic id.
        rack_id: Where it stands, if it says.
    """

    topics: frozenset[str]
    owned: dict[bytes, list[int]]
    rack_id: str | None


def read_subscription(metadata: bytes, topics: TopicsView) -> Subscription:
    """Read a subscription.

    Raises:
        InconsistentGroupProtocolError: If the bytes are none.
    """
    try:
        read = versioned.decode(ConsumerProtocolSubscription, metadata, newer_as_last=True)
    except MalformedMessageError as error:
        raise InconsistentGroupProtocolError(f"malformed subscription: {error}") from error
    owned: dict[bytes, list[int]] = {}
    for each in read.owned_partitions:
        topic = topics.topics_by_name.get(each.topic)
        if topic is not None:
            owned.setdefault(topic.topic_id, []).extend(each.partitions)
    return Subscription(frozenset(read.topics), owned, read.rack_id or None)


def read_assignment(assignment: bytes, topics: TopicsView) -> dict[bytes, list[int]]:
    """Read an assignment, by topic id; empty bytes are no assignment yet.

    Raises:
        InconsistentGroupProtocolError: If the bytes are none.
        UnsupportedVersionError: If they hold what only the members' own assignor understands.
    """
    if not assignment:
        return {}
    try:
        read = versioned.decode(ConsumerProtocolAssignment, assignment, newer_as_last=True)
    except MalformedMessageError as error:
        raise InconsistentGroupProtocolError(f"malformed assignment: {error}") from error
    if read.user_data:
        raise UnsupportedVersionError("userData from a custom assignor would be lost")
    partitions: dict[bytes, list[int]] = {}
    for each in read.assigned_partitions:
        topic = topics.topics_by_name.get(each.topic)
        if topic is not None:
            count = len(topic.partitions)
            partitions.setdefault(topic.topic_id, []).extend(
                number for number in each.partitions if 0 <= number < count
            )
    return partitions


def write_assignment(partitions: _Partitions, subscription: bytes, topics: TopicsView) -> bytes:
    """Write an assignment, in the version of the member's subscription."""
    version = min(versioned.version_of(subscription), VERSION_MAX)
    written = [
        ConsumerProtocolAssignmentTopicPartition(
            topic=topics.topics_by_id[topic_id].name, partitions=sorted(numbers)
        )
        for topic_id, numbers in partitions.items()
        if topic_id in topics.topics_by_id
    ]
    return versioned.encode(ConsumerProtocolAssignment(assigned_partitions=written), version)
