"""What members of share groups send to brokers: fetches, and acknowledgements. Pure.

Invariant: each partition is named once in a request, with its ranges in order.
Neighbours: `share_broker` sends these; `acknowledgements` makes the ranges.
Source: KIP-932; KIP-1206 for the acquire mode; KIP-1222 for renewals.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from logcore.consumer.acknowledgements import Acknowledgement, Range, ranges_of
from logcore.consumer.share_session import Change, SharePartition
from logcore.protocol.messages import share_acknowledge as acks
from logcore.protocol.messages import share_fetch as fetches

Said = Mapping[SharePartition, list[Acknowledgement]]


@dataclass(frozen=True, slots=True)
class Member:
    """Who asks.

    Attributes:
        group_id: The share group.
        member_id: The member.
    """

    group_id: str
    member_id: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a fetch asks for.

    Attributes:
        max_records: How many records at most; whole batches may be more.
        batch_size: About how many records an acquired range is to have.
        is_record_limit: Whether `max_records` is exact.
        max_wait_ms: How long the broker may wait for records.
        min_bytes: How many bytes there must be before that.
        max_bytes: How many bytes at most.
    """

    max_records: int
    batch_size: int
    is_record_limit: bool
    max_wait_ms: int
    min_bytes: int
    max_bytes: int


def by_partition(
    acknowledgements: Iterable[Acknowledgement],
) -> dict[SharePartition, list[Acknowledgement]]:
    """Return acknowledgements by partition."""
    found: dict[SharePartition, list[Acknowledgement]] = {}
    for each in acknowledgements:
        of = each.acquisition
        found.setdefault(SharePartition(of.topic_id, of.place.partition), []).append(each)
    return found


def renews(acknowledgements: Iterable[Acknowledgement]) -> bool:
    """Whether a lock is to begin anew."""
    return any(each.renewed for each in acknowledgements)


def fetch_request(
    member: Member, epoch: int, change: Change, said: Said, wish: Wish
) -> fetches.ShareFetchRequest:
    """Return a request for records, which acknowledges earlier ones."""
    topics: dict[bytes, fetches.FetchTopic] = {}
    for topic_id, partition in change.fresh:
        topic = topics.setdefault(topic_id, fetches.FetchTopic(topic_id=topic_id))
        ranges = ranges_of(said.get(SharePartition(topic_id, partition), ()))
        topic.partitions.append(
            fetches.FetchPartition(
                partition_index=partition,
                acknowledgement_batches=[_fetch_batch(each) for each in ranges],
            )
        )
    gone: dict[bytes, fetches.ForgottenTopic] = {}
    for topic_id, partition in change.forgotten:
        forgotten = gone.setdefault(topic_id, fetches.ForgottenTopic(topic_id=topic_id))
        forgotten.partitions.append(partition)
    return fetches.ShareFetchRequest(
        group_id=member.group_id,
        member_id=member.member_id,
        share_session_epoch=epoch,
        max_wait_ms=wish.max_wait_ms,
        min_bytes=wish.min_bytes,
        max_bytes=wish.max_bytes,
        max_records=wish.max_records,
        batch_size=wish.batch_size,
        share_acquire_mode=int(wish.is_record_limit),
        topics=list(topics.values()),
        forgotten_topics_data=list(gone.values()),
    )


def acknowledge_request(
    member: Member, epoch: int, said: Said, *, is_renewal: bool
) -> acks.ShareAcknowledgeRequest:
    """Return a request that acknowledges."""
    topics: dict[bytes, acks.AcknowledgeTopic] = {}
    for (topic_id, partition), acknowledgements in said.items():
        topic = topics.setdefault(topic_id, acks.AcknowledgeTopic(topic_id=topic_id))
        topic.partitions.append(
            acks.AcknowledgePartition(
                partition_index=partition,
                acknowledgement_batches=[
                    acks.AcknowledgementBatch(
                        first_offset=each.first,
                        last_offset=each.last,
                        acknowledge_types=each.types,
                    )
                    for each in ranges_of(acknowledgements)
                ],
            )
        )
    return acks.ShareAcknowledgeRequest(
        group_id=member.group_id,
        member_id=member.member_id,
        share_session_epoch=epoch,
        is_renew_ack=is_renewal,
        topics=list(topics.values()),
    )


def _fetch_batch(of: Range) -> fetches.AcknowledgementBatch:
    return fetches.AcknowledgementBatch(
        first_offset=of.first, last_offset=of.last, acknowledge_types=of.types
    )
