"""The quorum that keeps the cluster's metadata: who is in it, how far each has come, who votes.

Invariant: nothing changes but by `add_voter` and `remove_voter`.
Neighbours: `asking` reaches the brokers; `cluster` has the brokers that the quorum keeps.
Source: KIP-595, KIP-836, KIP-853.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from logcore.admin.asking import Asking
from logcore.admin.part import Part
from logcore.admin.results import error_of
from logcore.client.blocking import blocking
from logcore.protocol.messages.add_raft_voter import AddRaftVoterRequest, Listener
from logcore.protocol.messages.describe_quorum import (
    DescribeQuorumRequest,
    RequestPartitionData,
    RequestTopicData,
)
from logcore.protocol.messages.remove_raft_voter import RemoveRaftVoterRequest

_METADATA_TOPIC: Final = "__cluster_metadata"


class Endpoint(NamedTuple):
    """Where a voter listens: the name of its listener, such as ``CONTROLLER``, host and port."""

    listener: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class QuorumReplica:
    """A node that has the metadata's log.

    Attributes:
        node_id: Its number.
        directory_id: The id of the directory it is in, 16 bytes; zeros if the broker does not tell.
        log_end_offset: Where its log ends.
        last_fetch_ms: When it last asked the leader for more, in milliseconds since 1970 UTC; None
            if that is not told.
        last_caught_up_ms: When it last had all that the leader had; None if that is not told.
    """

    node_id: int
    directory_id: bytes
    log_end_offset: int
    last_fetch_ms: int | None
    last_caught_up_ms: int | None


@dataclass(frozen=True, slots=True)
class QuorumDescription:
    """The quorum that keeps the cluster's metadata.

    Attributes:
        leader: Its leader.
        leader_epoch: The leader's epoch.
        high_watermark: How far its log is committed.
        voters: Those that vote, in order.
        observers: Those that follow and do not vote, in order.
    """

    leader: int
    leader_epoch: int
    high_watermark: int
    voters: tuple[QuorumReplica, ...]
    observers: tuple[QuorumReplica, ...]


class AsyncQuorum:
    """The quorum of a cluster.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def describe(self) -> QuorumDescription:
        """Describe the quorum that keeps the metadata.

        Raises:
            KafkaError: If the cluster refuses.
            ClientError: If no broker answers in time.
        """
        partition = RequestPartitionData(partition_index=0)
        request = DescribeQuorumRequest(
            topics=[RequestTopicData(topic_name=_METADATA_TOPIC, partitions=[partition])]
        )
        response = await self._asking.any("describe the quorum", request)
        found = response.topics[0].partitions[0]
        if found.error_code:
            raise error_of(found.error_code, found.error_message, "quorum")
        return QuorumDescription(
            found.leader_id,
            found.leader_epoch,
            found.high_watermark,
            _replicas(found.current_voters),
            _replicas(found.observers),
        )

    async def add_voter(
        self,
        node_id: int,
        directory_id: bytes,
        endpoints: Iterable[Endpoint],
        *,
        cluster_id: str | None = None,
    ) -> None:
        """Have a controller vote that follows already.

        Args:
            node_id: Its number.
            directory_id: The id of the directory in which it keeps the metadata, 16 bytes, as
                `describe` tells of observers.
            endpoints: Where the other voters reach it.
            cluster_id: The cluster that is meant; a cluster of another id refuses.

        Raises:
            DuplicateVoterError: If it votes already.
            UnsupportedVersionError: If the voters of the cluster cannot be changed.
            KafkaError: If the cluster refuses.
            ClientError: If no broker answers in time.
        """
        request = AddRaftVoterRequest(
            cluster_id=cluster_id,
            timeout_ms=self._asking.timeout_ms,
            voter_id=node_id,
            voter_directory_id=directory_id,
            listeners=[Listener(name=name, host=host, port=port) for name, host, port in endpoints],
        )
        await self._asking.any(f"add voter {node_id}", request)

    async def remove_voter(
        self, node_id: int, directory_id: bytes, *, cluster_id: str | None = None
    ) -> None:
        """Have a controller vote no more.

        Args:
            node_id: Its number.
            directory_id: The id of its directory, 16 bytes, as `describe` tells.
            cluster_id: The cluster that is meant; a cluster of another id refuses.

        Raises:
            VoterNotFoundError: If it does not vote.
            UnsupportedVersionError: If the voters of the cluster cannot be changed.
            KafkaError: If the cluster refuses.
            ClientError: If no broker answers in time.
        """
        request = RemoveRaftVoterRequest(
            cluster_id=cluster_id, voter_id=node_id, voter_directory_id=directory_id
        )
        await self._asking.any(f"remove voter {node_id}", request)


class Quorum(Part):
    """The quorum that keeps the metadata; see `AsyncQuorum`."""

    describe = blocking(AsyncQuorum.describe)
    add_voter = blocking(AsyncQuorum.add_voter)
    remove_voter = blocking(AsyncQuorum.remove_voter)


def _replicas(told: Iterable[Any]) -> tuple[QuorumReplica, ...]:
    found = (
        QuorumReplica(
            one.replica_id,
            one.replica_directory_id,
            one.log_end_offset,
            None if one.last_fetch_timestamp < 0 else one.last_fetch_timestamp,
            None if one.last_caught_up_timestamp < 0 else one.last_caught_up_timestamp,
        )
        for one in told
    )
    return tuple(sorted(found, key=lambda one: (one.node_id, one.directory_id)))
