"""Which topics a consumer's subscription names: the one thing the coordinator reads of metadata.

Members of a classic group tell each other their subscriptions through the coordinator, which passes
the bytes on unread. It looks into them only to know whose offsets must not expire or be deleted.
Invariant: bytes that are not a subscription yield None, never an exception.
Neighbours: `classic_group` asks; groups of the new protocol keep what `regex` found.
"""

from typing import NamedTuple

from logcore.protocol.errors import MalformedMessageError
from logcore.protocol.internal.consumer_protocol import ConsumerProtocolSubscription

CONSUMER_PROTOCOL: str = "consumer"
"""The protocol type whose metadata is a subscription."""


class ResolvedRegex(NamedTuple):
    """What an expression stands for.

    Attributes:
        topics: The names that match.
        version: Of the metadata they were found in.
        timestamp_ms: When.
    """

    topics: frozenset[str]
    version: int
    timestamp_ms: int


def subscribed_topics(metadata: bytes) -> list[str] | None:
    """Read the topics of a subscription.

    Args:
        metadata: Version and subscription, as a member sent it. All versions begin alike.

    Returns:
        The topics, or None if it is no subscription.
    """
    if len(metadata) < 2 or metadata[0] & 0x80:  # noqa: PLR2004 - the version, an int16 >= 0
        return None
    try:
        return ConsumerProtocolSubscription.decode(metadata, 0, 2).topics
    except MalformedMessageError:
        return None
