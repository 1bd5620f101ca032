"""What a transaction asks coordinators for, as requests, and what they answered. Pure.

Invariant: each topic is named once in a request; no error in an answer is overlooked, wherever it
is told.
Neighbours: `transactions` sends these.
"""

from collections.abc import Iterable
from typing import Any

from logcore.client.positions import GroupFacts, Offsets, with_metadata
from logcore.producer.partition_queue import Identity
from logcore.protocol.messages.add_partitions_to_txn import (
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnTopic,
)
from logcore.protocol.messages.txn_offset_commit import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestPartition,
    TxnOffsetCommitRequestTopic,
)


def partitions_request(
    transactional_id: str, identity: Identity, places: Iterable[tuple[str, int]]
) -> AddPartitionsToTxnRequest:
    """Return what announces partitions, as the first generation asks for."""
    topics: dict[str, AddPartitionsToTxnTopic] = {}
    for topic, partition in sorted(places):
        entry = topics.setdefault(topic, AddPartitionsToTxnTopic(name=topic))
        entry.partitions.append(partition)
    return AddPartitionsToTxnRequest(
        v3_and_below_transactional_id=transactional_id,
        v3_and_below_producer_id=identity.producer_id,
        v3_and_below_producer_epoch=identity.epoch,
        v3_and_below_topics=list(topics.values()),
    )


def offsets_request(
    transactional_id: str, identity: Identity, offsets: Offsets, facts: GroupFacts
) -> TxnOffsetCommitRequest:
    """Return what commits offsets of a group with the transaction."""
    topics: dict[str, TxnOffsetCommitRequestTopic] = {}
    for (topic, partition), known in with_metadata(offsets).items():
        entry = topics.setdefault(topic, TxnOffsetCommitRequestTopic(name=topic))
        entry.partitions.append(
            TxnOffsetCommitRequestPartition(
                partition_index=partition,
                committed_offset=known.offset,
                committed_leader_epoch=known.leader_epoch,
                committed_metadata=known.metadata,
            )
        )
    return TxnOffsetCommitRequest(
        transactional_id=transactional_id,
        group_id=facts.group_id,
        producer_id=identity.producer_id,
        producer_epoch=identity.epoch,
        generation_id=facts.generation,
        member_id=facts.member_id,
        group_instance_id=facts.instance_id,
        topics=list(topics.values()),
    )


def codes_of(response: Any) -> list[int]:  # noqa: ANN401 - one of five responses
    """Return the error codes of a response, wherever they are in it."""
    codes = [getattr(response, "error_code", 0)]
    for topic in getattr(response, "results_by_topic_v3_and_below", ()):
        codes += [each.partition_error_code for each in topic.results_by_partition]
    for topic in getattr(response, "topics", ()):
        codes += [each.error_code for each in topic.partitions]
    return [code for code in codes if code]
