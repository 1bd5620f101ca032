"""A transactional producer that speaks to a broker in requests, for the tests of handlers."""

import itertools
from typing import Any

from logcore.protocol.messages.add_offsets_to_txn import AddOffsetsToTxnRequest
from logcore.protocol.messages.add_partitions_to_txn import (
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnTopic,
    AddPartitionsToTxnTransaction,
)
from logcore.protocol.messages.end_txn import EndTxnRequest
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from logcore.protocol.messages.init_producer_id import InitProducerIdRequest
from logcore.protocol.messages.offset_fetch import (
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopics,
)
from logcore.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    TopicProduceData,
)
from logcore.protocol.messages.txn_offset_commit import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestPartition,
    TxnOffsetCommitRequestTopic,
)
from tests.broker.batches import batch
from tests.broker.handlers.asking import fetch
from tests.broker.running import Running
from tests.broker.wire import Wire

TRANSACTIONAL = 0x10
CONTROL = 0x20
_VALUE_AT = 61 + 6  # behind length, attributes, two deltas, no key, and the value's length
_NAMES = itertools.count()


class Producer:
    """One instance of a producer; `adds` says that it speaks version 2 of transactions."""

    def __init__(self, running: Running, name: str | None = None, *, adds: bool = True) -> None:
        self.wire = running.wire()
        self.name = name or f"tx-{next(_NAMES)}"
        self.adds = adds
        self.producer_id = self.epoch = -1
        self.sequences: dict[tuple[str, int], int] = {}
        request = FindCoordinatorRequest(key_type=1, coordinator_keys=[self.name])
        assert self.wire.ask(request, 6).coordinators[0].error_code == 0

    def init(self, version: int = 5, timeout_ms: int = 60_000, *, keeps: bool = False) -> int:
        request = InitProducerIdRequest(
            transactional_id=self.name, transaction_timeout_ms=timeout_ms
        )
        if keeps:
            request.producer_id, request.producer_epoch = self.producer_id, self.epoch
        response = self.wire.ask(request, version)
        if response.error_code == 0:
            self.producer_id, self.epoch = response.producer_id, response.producer_epoch
            self.sequences.clear()
        code: int = response.error_code
        return code

    def add(self, topic: str, *partitions: int, version: int = 3) -> dict[int, int]:
        request = AddPartitionsToTxnRequest(
            v3_and_below_transactional_id=self.name,
            v3_and_below_producer_id=self.producer_id,
            v3_and_below_producer_epoch=self.epoch,
            v3_and_below_topics=[AddPartitionsToTxnTopic(name=topic, partitions=list(partitions))],
        )
        (answer,) = self.wire.ask(request, version).results_by_topic_v3_and_below
        return {
            each.partition_index: each.partition_error_code for each in answer.results_by_partition
        }

    def transaction(
        self, topic: str, *partitions: int, **more: Any
    ) -> AddPartitionsToTxnTransaction:
        """What a broker would ask for, as of version 4."""
        return AddPartitionsToTxnTransaction(
            transactional_id=self.name,
            producer_id=self.producer_id,
            producer_epoch=self.epoch,
            topics=[AddPartitionsToTxnTopic(name=topic, partitions=list(partitions))],
            **more,
        )

    def write(
        self, topic: str, value: bytes, partition: int = 0, version: int | None = None
    ) -> Any:
        """Write one record; return the partition's answer."""
        if version is None:
            version = 12 if self.adds else 11
        sequence = self.sequences.get((topic, partition), 0)
        records = batch(
            [value], producer=(self.producer_id, self.epoch, sequence), attributes=TRANSACTIONAL
        )
        data = PartitionProduceData(index=partition, records=records)
        request = ProduceRequest(
            transactional_id=self.name,
            acks=-1,
            timeout_ms=10_000,
            topic_data=[TopicProduceData(name=topic, partition_data=[data])],
        )
        answer = self.wire.ask(request, version).responses[0].partition_responses[0]
        if answer.error_code == 0:
            self.sequences[topic, partition] = sequence + 1
        return answer

    def end(self, *, is_commit: bool, version: int | None = None) -> int:
        if version is None:
            version = 5 if self.adds else 4
        request = EndTxnRequest(
            transactional_id=self.name,
            producer_id=self.producer_id,
            producer_epoch=self.epoch,
            committed=is_commit,
        )
        response = self.wire.ask(request, version)
        if response.error_code == 0 and version >= 5:
            if response.producer_epoch != self.epoch:
                self.sequences.clear()
            self.producer_id, self.epoch = response.producer_id, response.producer_epoch
        code: int = response.error_code
        return code

    def add_group(self, group_id: str, version: int = 4) -> int:
        request = AddOffsetsToTxnRequest(
            transactional_id=self.name,
            producer_id=self.producer_id,
            producer_epoch=self.epoch,
            group_id=group_id,
        )
        code: int = self.wire.ask(request, version).error_code
        return code

    def commit_offset(
        self, group_id: str, topic: str, offset: int, version: int | None = None, **more: Any
    ) -> int:
        if version is None:
            version = 5 if self.adds else 4
        partition = TxnOffsetCommitRequestPartition(
            partition_index=0, committed_offset=offset, committed_metadata="m"
        )
        request = TxnOffsetCommitRequest(
            transactional_id=self.name,
            group_id=group_id,
            producer_id=self.producer_id,
            producer_epoch=self.epoch,
            topics=[TxnOffsetCommitRequestTopic(name=topic, partitions=[partition])],
            **more,
        )
        (answer,) = self.wire.ask(request, version).topics
        code: int = answer.partitions[0].error_code
        return code


def offset_of(
    running: Running, group_id: str, topic: str, *, require_stable: bool = False
) -> tuple[int, int]:
    """Return what OffsetFetch tells of partition 0: offset and error."""
    asked = OffsetFetchRequestTopics(name=topic, partition_indexes=[0])
    request = OffsetFetchRequest(
        groups=[OffsetFetchRequestGroup(group_id=group_id, topics=[asked])],
        require_stable=require_stable,
    )
    (group,) = running.wire().ask(request, 9).groups
    assert group.error_code == 0
    found = group.topics[0].partitions[0]
    return found.committed_offset, found.error_code


def committed(running: Running, topic: str, partition: int = 0) -> list[bytes]:
    """Return the values that a reader of committed records sees."""
    return committed_values(running.wire(), topic, partition)


def committed_values(wire: Wire, topic: str, partition: int = 0) -> list[bytes]:
    """Read a partition to its last stable offset, as a reader of committed records does."""
    seen: list[bytes] = []
    offset = 0
    while True:
        answer = fetch(wire, topic, offset, isolation_level=1, partition=partition)
        assert answer.error_code == 0, answer
        data = bytes(answer.records or b"")
        if not data:
            assert offset >= answer.last_stable_offset
            return seen
        aborted = [(each.first_offset, each.producer_id) for each in answer.aborted_transactions]
        found, offset = _read(data, aborted, offset)
        seen += found


def _read(data: bytes, aborted: list[tuple[int, int]], start: int) -> tuple[list[bytes], int]:
    """Return the committed values of some batches of one record, and where they end."""
    seen: list[bytes] = []
    dropping: set[int] = set()
    position = 0
    while position < len(data):
        base = int.from_bytes(data[position : position + 8], "big")
        size = 12 + int.from_bytes(data[position + 8 : position + 12], "big")
        one = data[position : position + size]
        position += size
        if base < start:
            continue
        attributes = int.from_bytes(one[21:23], "big")
        producer_id = int.from_bytes(one[43:51], "big", signed=True)
        dropping |= {each for offset, each in aborted if offset <= base}
        aborted = [(offset, each) for offset, each in aborted if offset > base]
        start = base + 1
        if attributes & CONTROL:
            dropping.discard(producer_id)
        elif producer_id not in dropping or not attributes & TRANSACTIONAL:
            seen.append(_value_of(one))
    return seen, start


def _value_of(one: bytes) -> bytes:
    """Return the value of a batch's only record, whose head is short."""
    return one[_VALUE_AT:-1]
