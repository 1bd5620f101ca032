"""Requests of a transaction: topics once, offsets with all that is known, errors wherever told."""

from logcore.client.positions import GroupFacts, OffsetAndMetadata
from logcore.producer.partition_queue import Identity
from logcore.producer.transaction_requests import codes_of, offsets_request, partitions_request
from logcore.protocol.messages.add_partitions_to_txn import (
    AddPartitionsToTxnPartitionResult,
    AddPartitionsToTxnResponse,
    AddPartitionsToTxnTopicResult,
)
from logcore.protocol.messages.end_txn import EndTxnResponse
from logcore.protocol.messages.txn_offset_commit import (
    TxnOffsetCommitResponse,
    TxnOffsetCommitResponsePartition,
    TxnOffsetCommitResponseTopic,
)

WHO = Identity(7, 3)


def test_partitions_are_named_by_topic():
    request = partitions_request("mine", WHO, {("b", 1), ("a", 2), ("a", 0)})
    assert [(each.name, each.partitions) for each in request.v3_and_below_topics] == [
        ("a", [0, 2]),
        ("b", [1]),
    ]
    assert request.v3_and_below_transactional_id == "mine"
    assert (request.v3_and_below_producer_id, request.v3_and_below_producer_epoch) == (7, 3)


def test_offsets_are_told_with_who_commits_them():
    told_b = OffsetAndMetadata(6, "note", 4)
    offsets: dict[tuple[str, int], int | OffsetAndMetadata] = {("a", 0): 5, ("b", 1): told_b}
    offsets[("a", 1)] = 7
    request = offsets_request("mine", WHO, offsets, GroupFacts("group", 9, "member", "instance"))
    told = {
        (topic.name, each.partition_index): (
            each.committed_offset,
            each.committed_metadata,
            each.committed_leader_epoch,
        )
        for topic in request.topics
        for each in topic.partitions
    }
    assert told == {("a", 0): (5, "", -1), ("a", 1): (7, "", -1), ("b", 1): (6, "note", 4)}
    assert [topic.name for topic in request.topics] == ["a", "b"]
    assert (request.group_id, request.generation_id, request.member_id) == ("group", 9, "member")
    assert (request.group_instance_id, request.producer_id, request.producer_epoch) == (
        "instance", 7, 3,
    )  # fmt: skip


def test_errors_are_found_wherever_they_are():
    results = [AddPartitionsToTxnPartitionResult(partition_error_code=code) for code in (0, 29)]
    added = AddPartitionsToTxnTopicResult(results_by_partition=results)
    assert codes_of(AddPartitionsToTxnResponse(results_by_topic_v3_and_below=[added])) == [29]
    committed = TxnOffsetCommitResponsePartition(error_code=30)
    topics = [TxnOffsetCommitResponseTopic(partitions=[committed])]
    assert codes_of(TxnOffsetCommitResponse(topics=topics)) == [30]
    assert codes_of(EndTxnResponse(error_code=51)) == [51]
    assert codes_of(EndTxnResponse()) == []
