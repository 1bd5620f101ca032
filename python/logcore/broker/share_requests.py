"""What both requests of share groups have in common: the checks, and the acknowledgements.

Invariant: whether a group may be read is asked before anything is looked at; whether a topic may
be, before anything of it is told. Each partition of a request gets one answer.
Neighbours: `handlers.share_fetch` and `handlers.share_acknowledge`; `acknowledging` checks ranges.
Source: Apache Kafka 4.3.1's `KafkaApis` for what is asked in which order.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.broker.parts import Parts
from logcore.broker.share.acknowledging import problem
from logcore.broker.share.sessions import SessionKey, TopicPartition
from logcore.broker.share.share_partition import Acknowledgement
from logcore.broker.share.share_partitions import SHARE_VERSION
from logcore.common.deferred import Deferred, gather
from logcore.common.errors import (
    GroupAuthorizationFailedError,
    InvalidRequestError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownServerError,
    UnknownTopicIdError,
    UnknownTopicOrPartitionError,
    UnsupportedVersionError,
)
from logcore.coordinator.share.state import ShareKey

_MEMBER_ID_LENGTH: Final = 36


class PartitionOfRequest(Protocol):
    """A partition as both requests have it."""

    @property
    def partition_index(self) -> int:
        """The number."""

    @property
    def acknowledgement_batches(self) -> Sequence[Acknowledgement]:
        """What is acknowledged of it."""


class TopicOfRequest(Protocol):
    """A topic as both requests have it."""

    @property
    def topic_id(self) -> bytes:
        """Its id."""

    @property
    def partitions(self) -> Sequence[PartitionOfRequest]:
        """Its partitions."""


def session_key(
    parts: Parts, context: RequestContext, group_id: str | None, member_id: str | None
) -> SessionKey:
    """Check who asks for what.

    Raises:
        UnsupportedVersionError: If share groups are turned off.
        InvalidRequestError: If group or member cannot be.
        GroupAuthorizationFailedError: If the group may not be read.
    """
    if not parts.controller.image.features.get(SHARE_VERSION, 0):
        raise UnsupportedVersionError("share groups are disabled")
    if group_id is None:
        raise InvalidRequestError("Invalid group id in the request.")
    if not parts.authorizer.allows(context, Operation.READ, ResourceType.GROUP, group_id):
        raise GroupAuthorizationFailedError(f"not authorized to read group {group_id}")
    if not member_id or len(member_id) > _MEMBER_ID_LENGTH:
        raise InvalidRequestError("Invalid member id in the request.")
    return SessionKey(group_id, member_id)


class TopicChecks:
    """Whether topics of one request may be read, each asked once.

    Args:
        parts: The broker's parts.
        context: Whose request it is.
    """

    def __init__(self, parts: Parts, context: RequestContext) -> None:
        self._parts = parts
        self._context = context
        self._allowed: dict[str, bool] = {}

    def topic_of(self, wanted: TopicPartition) -> str:
        """Return the name of a partition's topic, if it may be read and is there.

        Raises:
            UnknownTopicIdError: If there is no such topic.
            TopicAuthorizationFailedError: If it may not be read.
            UnknownTopicOrPartitionError: If it has no such partition.
        """
        topic = self._parts.replicas.name_of(wanted.topic_id)
        if topic is None:
            raise UnknownTopicIdError("no topic has this id")
        allowed = self._allowed.get(topic)
        if allowed is None:
            allowed = self._allowed[topic] = self._parts.authorizer.allows(
                self._context, Operation.READ, ResourceType.TOPIC, topic
            )
        if not allowed:
            raise TopicAuthorizationFailedError(f"not authorized to read {topic}")
        if self._parts.replicas.find(topic, wanted.partition) is None:
            raise UnknownTopicOrPartitionError(f"there is no partition {wanted.partition}")
        return topic


def acknowledge(
    parts: Parts,
    checks: TopicChecks,
    key: SessionKey,
    topics: Sequence[TopicOfRequest],
    *,
    knows_renewal: bool,
    is_renewal: bool,
) -> Deferred[dict[TopicPartition, KafkaError | None]]:
    """Take what a request acknowledges; done with the error of each partition, or None.

    Args:
        parts: The broker's parts.
        checks: Who may read what.
        key: Whose acknowledgements they are.
        topics: The topics of the request.
        knows_renewal: Whether the request's version has renewals.
        is_renewal: Whether the request says that it renews.
    """
    outcomes: dict[TopicPartition, KafkaError | None] = {}
    waiting: dict[TopicPartition, Deferred[None]] = {}
    for topic in topics:
        for asked in topic.partitions:
            wanted = TopicPartition(topic.topic_id, asked.partition_index)
            batches = asked.acknowledgement_batches
            try:
                if parts.replicas.name_of(wanted.topic_id) is None:
                    raise UnknownTopicIdError("no topic has this id")
                found = problem(batches, knows_renewal=knows_renewal, is_renewal=is_renewal)
                if found is not None:
                    raise InvalidRequestError(found)
                checks.topic_of(wanted)
            except KafkaError as error:
                outcomes[wanted] = error
                continue
            outcomes[wanted] = None
            if batches:
                share_key = ShareKey(key.group_id, *wanted)
                waiting[wanted] = parts.shares.acknowledge(share_key, key.member_id, batches)

    def tell(_: object) -> dict[TopicPartition, KafkaError | None]:
        for wanted, done in waiting.items():
            error = done.error
            if error is not None and not isinstance(error, KafkaError):
                error = UnknownServerError(str(error))
            outcomes[wanted] = error
        return outcomes

    return gather(waiting.values()).map(tell)
