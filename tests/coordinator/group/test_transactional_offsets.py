"""Offsets committed in transactions: pending, then counting or dropped, also when loaded anew."""

import pytest

from logcore.common.deferred import Deferred
from logcore.common.errors import IllegalGenerationError, InvalidGroupIdError
from logcore.coordinator.group.context import Caller
from logcore.coordinator.log import TransactionMarker
from logcore.protocol.messages.txn_offset_commit import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestPartition,
    TxnOffsetCommitRequestTopic,
    TxnOffsetCommitResponse,
)
from tests.coordinator.group.actors import GROUP, Cluster

UNSTABLE = 88


def commit(
    cluster: Cluster, offset: int, producer_id: int = 7, metadata: str = "m", **more
) -> Deferred[TxnOffsetCommitResponse]:
    partition = TxnOffsetCommitRequestPartition(
        partition_index=0, committed_offset=offset, committed_metadata=metadata
    )
    request = TxnOffsetCommitRequest(
        transactional_id="tx",
        group_id=more.pop("group_id", GROUP),
        producer_id=producer_id,
        producer_epoch=0,
        topics=[TxnOffsetCommitRequestTopic(name="t", partitions=[partition])],
        **more,
    )
    return cluster.service.commit_offsets_in_transaction(Caller(5), request, verification=0)


def code_of(committed: Deferred[TxnOffsetCommitResponse]) -> int:
    code: int = committed.value().topics[0].partitions[0].error_code
    return code


def end(cluster: Cluster, producer_id: int = 7, *, is_commit: bool) -> None:
    partition = cluster.service.partition_for(GROUP)
    marker = TransactionMarker(producer_id, 0, is_commit, 0)
    cluster.service.end_transaction(partition, marker).value()


def stable(cluster: Cluster) -> tuple[int, int]:
    found = cluster.fetch({"t": [0]}, require_stable=True).topics[0].partitions[0]
    return found.committed_offset, found.error_code


def unstable(cluster: Cluster) -> int:
    offset: int = cluster.fetch({"t": [0]}).topics[0].partitions[0].committed_offset
    return offset


@pytest.fixture
def cluster():
    return Cluster()


@pytest.mark.parametrize("reload", [False, True])
@pytest.mark.parametrize("is_commit", [False, True])
def test_an_offset_counts_if_its_transaction_commits(cluster, is_commit, reload):
    assert code_of(commit(cluster, 5)) == 0
    if reload:
        cluster.crash()
    assert unstable(cluster) == -1
    assert stable(cluster) == (-1, UNSTABLE)
    end(cluster, is_commit=is_commit)
    assert stable(cluster) == (5 if is_commit else -1, 0)
    cluster.crash()
    assert stable(cluster) == (5 if is_commit else -1, 0)


def test_a_newer_commit_outside_of_the_transaction_stays(cluster):
    commit(cluster, 5)
    cluster.commit(9)
    assert unstable(cluster) == 9
    end(cluster, is_commit=True)
    assert stable(cluster) == (9, 0)


def test_the_group_and_its_offsets_do_not_expire_meanwhile(cluster):
    commit(cluster, 5)
    cluster.scheduler.advance(8 * 24 * 3_600_000)
    end(cluster, is_commit=True)
    assert stable(cluster) == (5, 0)


def test_a_group_that_is_deleted_takes_its_pending_offsets_along(cluster):
    commit(cluster, 5)
    (deleted,) = cluster.service.delete_groups([GROUP]).value()
    assert deleted.error_code == 0
    end(cluster, is_commit=True)
    assert stable(cluster) == (-1, 0)


def test_so_does_a_topic(cluster):
    commit(cluster, 5)
    cluster.service.on_topic_deleted("t", bytes(16))
    end(cluster, is_commit=True)
    assert stable(cluster) == (-1, 0)


def test_who_may_not(cluster):
    assert isinstance(commit(cluster, 5, generation_id=3).error, IllegalGenerationError)
    assert isinstance(commit(cluster, 5, group_id="").error, InvalidGroupIdError)
    assert code_of(commit(cluster, 5, metadata="x" * 4_097)) == 12
    assert stable(cluster) == (-1, 0)
