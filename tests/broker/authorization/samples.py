"""Requests about the world: at least one for each API.

What a request changes would fail, or is only validated, so that all can be sent again and again.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.schema import Message
from tests.broker.authorization.building import request_of
from tests.broker.authorization.world import (
    ABSENT,
    CONSUMERS,
    GROUP,
    MEMBER,
    OTHER,
    SECRET,
    SHARERS,
    STREAMS,
    TRANSACTION,
    World,
    addition,
    commitment,
    topology,
)
from tests.broker.batches import batch

TOPIC, BROKER, METRICS, GROUPS = 2, 4, 16, 32


@dataclass(frozen=True)
class Sample:
    """A request.

    Attributes:
        key: Its API.
        version: Its version.
        body: Its fields.
        note: What tells it from others of the API.
        before: What is sent on the same connection first.
    """

    key: ApiKey
    version: int
    body: dict[str, Any]
    note: str = ""
    before: tuple["Sample", ...] = ()

    def __str__(self) -> str:
        return f"{self.key.name}-{self.version} {self.note}".strip()

    @property
    def request(self) -> Message:
        return request_of(self.key, self.body)


def samples(world: World) -> list[Sample]:
    """Return all requests; none of them goes on to change anything."""
    makers = (
        _records,
        _topics,
        _groups,
        _transactions,
        _configs,
        _cluster,
        _acls,
        _streams,
        _shares,
    )
    return [sample for make in makers for sample in make(world)]


def _fetched(world: World, version: int, replica: int = -1) -> dict[str, Any]:
    named = {"topic_id": world.topic_id} if version >= 13 else {"topic": SECRET}
    partition = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1000}
    replicas = {"replica_state": {"replica_id": replica}} if version >= 15 else {}
    return {
        **({"replica_id": replica} if version < 15 else replicas),
        "max_wait_ms": 0,
        "max_bytes": 1000,
        "session_epoch": -1,
        "topics": [{**named, "partitions": [partition]}],
    }


def _records(world: World) -> Iterable[Sample]:
    produced = {"acks": 1, "timeout_ms": 1000}
    nothing = [{"index": 0, "records": b""}]
    yield Sample(
        ApiKey.PRODUCE, 9, {**produced, "topic_data": [{"name": SECRET, "partition_data": nothing}]}
    )
    yield Sample(
        ApiKey.PRODUCE,
        13,
        {**produced, "topic_data": [{"topic_id": world.topic_id, "partition_data": nothing}]},
    )
    written = batch([b"value"], attributes=0x10, producer=(987_654, 0, 0))
    data = [{"name": SECRET, "partition_data": [{"index": 0, "records": written}]}]
    transactional = {"transactional_id": TRANSACTION, **produced, "topic_data": data}
    yield Sample(ApiKey.PRODUCE, 9, transactional, "transactional")
    for version, replica in ((12, -1), (17, -1), (12, 7), (17, 7)):
        note = "of a replica" if replica >= 0 else ""
        yield Sample(ApiKey.FETCH, version, _fetched(world, version, replica), note)
    listed = [{"name": SECRET, "partitions": [{"partition_index": 0, "timestamp": -1}]}]
    yield Sample(ApiKey.LIST_OFFSETS, 8, {"replica_id": -1, "topics": listed})
    epochs = [{"partition": 0, "current_leader_epoch": -1, "leader_epoch": 0}]
    yield Sample(
        ApiKey.OFFSET_FOR_LEADER_EPOCH,
        4,
        {"replica_id": -2, "topics": [{"topic": SECRET, "partitions": epochs}]},
    )
    deleted = [{"name": SECRET, "partitions": [{"partition_index": 9, "offset": 0}]}]
    yield Sample(ApiKey.DELETE_RECORDS, 2, {"topics": deleted, "timeout_ms": 1000})
    producers = [{"name": SECRET, "partition_indexes": [0]}]
    yield Sample(ApiKey.DESCRIBE_PRODUCERS, 0, {"topics": producers})


def _topics(world: World) -> Iterable[Sample]:
    quiet = {"allow_auto_topic_creation": False}
    named, by_id = [{"name": SECRET}], [{"topic_id": world.topic_id, "name": None}]
    yield Sample(ApiKey.METADATA, 12, {"topics": None}, "of all")
    yield Sample(ApiKey.METADATA, 1, {"topics": None}, "of all")
    yield Sample(ApiKey.METADATA, 9, {"topics": named, **quiet})
    yield Sample(ApiKey.METADATA, 9, {"topics": [{"name": ABSENT}], **quiet}, "of none")
    yield Sample(ApiKey.METADATA, 12, {"topics": by_id, **quiet}, "by id")
    operations = {"include_topic_authorized_operations": True}
    yield Sample(ApiKey.METADATA, 12, {"topics": named, **operations, **quiet}, "with operations")
    yield Sample(
        ApiKey.METADATA,
        9,
        {"topics": [], "include_cluster_authorized_operations": True, **operations},
        "with operations on the cluster",
    )
    yield Sample(ApiKey.DESCRIBE_TOPIC_PARTITIONS, 0, {"topics": []}, "of all")
    yield Sample(
        ApiKey.DESCRIBE_TOPIC_PARTITIONS,
        0,
        {"topics": [{"name": SECRET}, {"name": ABSENT}], "response_partition_limit": 10},
    )
    creation = {"name": "new-topic", "num_partitions": 1, "replication_factor": 1}
    yield Sample(
        ApiKey.CREATE_TOPICS,
        5,
        {"topics": [creation, {**creation, "name": SECRET}], "validate_only": True},
    )
    yield Sample(ApiKey.DELETE_TOPICS, 5, {"topic_names": [ABSENT], "timeout_ms": 1000})
    yield Sample(
        ApiKey.DELETE_TOPICS,
        6,
        {"topics": [{"name": ABSENT}, {"name": None, "topic_id": b"?" * 16}], "timeout_ms": 1000},
    )
    more = [{"name": SECRET, "count": 3, "assignments": None}]
    yield Sample(
        ApiKey.CREATE_PARTITIONS, 3, {"topics": more, "validate_only": True, "timeout_ms": 9000}
    )


def _groups(world: World) -> Iterable[Sample]:
    one = {"group_id": GROUP, "generation_id": 1, "member_id": "nobody"}
    joining = {
        "group_id": GROUP,
        "session_timeout_ms": 10_000,
        "rebalance_timeout_ms": 10_000,
        "member_id": "nobody",
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": b""}],
    }
    yield Sample(ApiKey.JOIN_GROUP, 5, joining)
    yield Sample(ApiKey.HEARTBEAT, 4, one)
    yield Sample(ApiKey.SYNC_GROUP, 5, {**one, "protocol_type": "c", "protocol_name": "r"})
    members = [{"member_id": "nobody"}]
    yield Sample(ApiKey.LEAVE_GROUP, 4, {"group_id": GROUP, "members": members})
    yield Sample(ApiKey.LEAVE_GROUP, 1, {"group_id": GROUP, "member_id": "nobody"})
    yield Sample(ApiKey.DESCRIBE_GROUPS, 5, {"groups": [GROUP]})
    yield Sample(
        ApiKey.DESCRIBE_GROUPS, 5, {"groups": [GROUP], "include_authorized_operations": True}, "ops"
    )
    yield Sample(ApiKey.LIST_GROUPS, 4, {})
    yield Sample(ApiKey.DELETE_GROUPS, 2, {"groups_names": [ABSENT]})
    yield Sample(ApiKey.OFFSET_COMMIT, 8, {**commitment(GROUP), "group_instance_id": None})
    by_id = commitment(GROUP)
    by_id["topics"][0] = {**by_id["topics"][0], "topic_id": world.topic_id, "name": ""}
    yield Sample(ApiKey.OFFSET_COMMIT, 10, by_id)
    some = [{"name": SECRET, "partition_indexes": [0]}]
    yield Sample(ApiKey.OFFSET_FETCH, 7, {"group_id": GROUP, "topics": some})
    for version in (1, 7, 9):
        yield Sample(ApiKey.OFFSET_FETCH, *_offsets(version, some), note="of some")
    yield Sample(ApiKey.OFFSET_FETCH, 9, {"groups": [{"group_id": GROUP, "topics": None}]}, "all")
    ids = [{"topic_id": world.topic_id, "partition_indexes": [0]}]
    yield Sample(ApiKey.OFFSET_FETCH, 10, {"groups": [{"group_id": GROUP, "topics": ids}]})
    deleted = [{"name": SECRET, "partitions": [{"partition_index": 9}]}]
    yield Sample(ApiKey.OFFSET_DELETE, 0, {"group_id": GROUP, "topics": deleted})
    for kind, key in ((0, GROUP), (1, TRANSACTION)):
        yield Sample(ApiKey.FIND_COORDINATOR, 4, {"key_type": kind, "coordinator_keys": [key]})
        yield Sample(ApiKey.FIND_COORDINATOR, 2, {"key_type": kind, "key": key})
    beat = {"group_id": CONSUMERS, "member_id": "nobody", "member_epoch": 7}
    yield Sample(
        ApiKey.CONSUMER_GROUP_HEARTBEAT, 1, {**beat, "subscribed_topic_names": [SECRET, OTHER]}
    )
    yield Sample(ApiKey.CONSUMER_GROUP_DESCRIBE, 1, {"group_ids": [CONSUMERS]})


def _offsets(version: int, some: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
    if version < 8:
        return version, {"group_id": GROUP, "topics": some}
    return version, {"groups": [{"group_id": GROUP, "topics": some}]}


def _transactions(world: World) -> Iterable[Sample]:
    # A producer id that nobody was given is refused behind the authorizer, and changes nothing.
    stranger = {"producer_id": 987_654, "producer_epoch": 0}
    init = {"transaction_timeout_ms": 60_000, "producer_id": -1, "producer_epoch": -1}
    yield Sample(ApiKey.INIT_PRODUCER_ID, 4, {**init, "transactional_id": None}, "idempotent")
    yield Sample(ApiKey.INIT_PRODUCER_ID, 4, {**init, "transactional_id": TRANSACTION, **stranger})
    added = addition(world) | {"v3_and_below_producer_id": 987_654}
    yield Sample(ApiKey.ADD_PARTITIONS_TO_TXN, 3, added)
    topics = [{"name": SECRET, "partitions": [0]}]
    verified = {"transactional_id": TRANSACTION, "verify_only": True, "topics": topics, **stranger}
    yield Sample(ApiKey.ADD_PARTITIONS_TO_TXN, 4, {"transactions": [verified]})
    yield Sample(
        ApiKey.ADD_OFFSETS_TO_TXN,
        3,
        {"transactional_id": TRANSACTION, "group_id": GROUP, **stranger},
    )
    yield Sample(ApiKey.END_TXN, 3, {"transactional_id": TRANSACTION, **stranger})
    place = {"partition_index": 0, "committed_offset": 0}
    yield Sample(
        ApiKey.TXN_OFFSET_COMMIT,
        3,
        {
            "transactional_id": TRANSACTION,
            "group_id": GROUP,
            "generation_id": 55,
            "member_id": "nobody",
            "topics": [{"name": SECRET, "partitions": [place]}],
            **stranger,
        },
    )
    marked = {"topics": [{"name": ABSENT, "partition_indexes": [0]}], **stranger}
    yield Sample(ApiKey.WRITE_TXN_MARKERS, 1, {"markers": [marked]})
    yield Sample(ApiKey.DESCRIBE_TRANSACTIONS, 0, {"transactional_ids": [TRANSACTION]})
    yield Sample(ApiKey.LIST_TRANSACTIONS, 1, {})


def _configs(world: World) -> Iterable[Sample]:
    del world
    resources = [
        {"resource_type": kind, "resource_name": name}
        for kind, name in (
            (TOPIC, SECRET),
            (TOPIC, ABSENT),
            (BROKER, "1"),
            (METRICS, "metrics"),
            (GROUPS, GROUP),
        )
    ]
    described = [{**each, "configuration_keys": ["retention.ms"]} for each in resources]
    yield Sample(ApiKey.DESCRIBE_CONFIGS, 4, {"resources": described})
    nothing = [{**each, "configs": []} for each in resources]
    validated = {"validate_only": True}
    yield Sample(ApiKey.ALTER_CONFIGS, 2, {"resources": nothing, **validated})
    yield Sample(ApiKey.INCREMENTAL_ALTER_CONFIGS, 1, {"resources": nothing, **validated})
    yield Sample(ApiKey.LIST_CONFIG_RESOURCES, 1, {"resource_types": [TOPIC]})
    yield Sample(ApiKey.LIST_CONFIG_RESOURCES, 0, {})
    yield Sample(ApiKey.DESCRIBE_CLIENT_QUOTAS, 1, {})
    quota = {
        "entity": [{"entity_type": "user", "entity_name": "u"}],
        "ops": [{"key": "producer_byte_rate", "value": 1e9}],
    }
    yield Sample(ApiKey.ALTER_CLIENT_QUOTAS, 1, {"entries": [quota], "validate_only": True})
    yield Sample(ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS, 0, {"users": [{"name": "u"}]})
    gone = [{"name": "u", "mechanism": 1}]
    yield Sample(ApiKey.ALTER_USER_SCRAM_CREDENTIALS, 0, {"deletions": gone})


def _cluster(world: World) -> Iterable[Sample]:
    del world
    yield Sample(ApiKey.DESCRIBE_CLUSTER, 1, {})
    operations = {"include_cluster_authorized_operations": True}
    yield Sample(ApiKey.DESCRIBE_CLUSTER, 1, operations, "with operations")
    moved = [{"path": "/nowhere", "topics": [{"name": SECRET, "partitions": [0]}]}]
    yield Sample(ApiKey.ALTER_REPLICA_LOG_DIRS, 2, {"dirs": moved})
    for version in (1, 4):
        yield Sample(ApiKey.DESCRIBE_LOG_DIRS, version, {"topics": None})
    elected = [{"topic": SECRET, "partitions": [0]}]
    for version in (0, 2):
        yield Sample(ApiKey.ELECT_LEADERS, version, {"topic_partitions": elected})
    cancelled = [{"name": SECRET, "partitions": [{"partition_index": 0, "replicas": None}]}]
    yield Sample(ApiKey.ALTER_PARTITION_REASSIGNMENTS, 0, {"topics": cancelled})
    listed = [{"name": SECRET, "partition_indexes": [0]}]
    yield Sample(ApiKey.LIST_PARTITION_REASSIGNMENTS, 0, {"topics": listed})
    quorum = [{"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}]
    yield Sample(ApiKey.DESCRIBE_QUORUM, 1, {"topics": quorum})
    yield Sample(ApiKey.UNREGISTER_BROKER, 0, {"broker_id": 99})
    feature = {"feature": "no.such.feature", "max_version_level": 1, "upgrade_type": 1}
    yield Sample(ApiKey.UPDATE_FEATURES, 1, {"feature_updates": [feature], "validate_only": True})


def _acls(world: World) -> Iterable[Sample]:
    del world
    rule = {"resource_type": TOPIC, "resource_name": "", "host": "*", "operation": 3}
    rule |= {"principal": "User:x", "permission_type": 3}
    yield Sample(ApiKey.CREATE_ACLS, 3, {"creations": [rule]})
    wanted = {"resource_type_filter": TOPIC, "resource_name_filter": ABSENT, "operation": 1}
    wanted |= {"principal_filter": None, "host_filter": None, "permission_type": 1}
    yield Sample(ApiKey.DELETE_ACLS, 3, {"filters": [wanted]})
    yield Sample(ApiKey.DESCRIBE_ACLS, 3, wanted)


def _streams(world: World) -> Iterable[Sample]:
    del world
    for sources in ([SECRET], [SECRET, ABSENT]):
        yield Sample(ApiKey.STREAMS_GROUP_HEARTBEAT, 0, topology(sources), str(len(sources)))
    creating = topology([SECRET], "secret-new") | {"group_id": "secret-streams-2"}
    yield Sample(ApiKey.STREAMS_GROUP_HEARTBEAT, 0, creating, "that creates")
    yield Sample(ApiKey.STREAMS_GROUP_DESCRIBE, 0, {"group_ids": [STREAMS]})


def _shares(world: World) -> Iterable[Sample]:
    beat = {"group_id": SHARERS, "member_id": "nobody", "member_epoch": 7}
    yield Sample(
        ApiKey.SHARE_GROUP_HEARTBEAT, 1, {**beat, "subscribed_topic_names": [SECRET, OTHER]}
    )
    yield Sample(ApiKey.SHARE_GROUP_DESCRIBE, 1, {"group_ids": [SHARERS]})
    session = {"group_id": SHARERS, "member_id": MEMBER, "share_session_epoch": 0}
    fetched = [{"topic_id": world.topic_id, "partitions": [{"partition_index": 0}]}]
    limits = {"max_bytes": 1000, "max_records": 10, "batch_size": 10}
    yield Sample(ApiKey.SHARE_FETCH, 1, {**session, **limits, "topics": fetched})
    opening = Sample(ApiKey.SHARE_FETCH, 1, {**session, **limits, "topics": fetched})
    batches = [{"first_offset": 0, "last_offset": 0, "acknowledge_types": [1]}]
    done = {"partition_index": 0, "acknowledgement_batches": batches}
    acknowledged = [{"topic_id": world.topic_id, "partitions": [done]}]
    yield Sample(
        ApiKey.SHARE_ACKNOWLEDGE,
        1,
        {**session, "share_session_epoch": 1, "topics": acknowledged},
        before=(opening,),
    )
    some = [{"topic_name": SECRET, "partitions": [0]}]
    for note, topics in (("", some), ("of all", None)):
        groups = [{"group_id": SHARERS, "topics": topics}]
        yield Sample(ApiKey.DESCRIBE_SHARE_GROUP_OFFSETS, 0, {"groups": groups}, note)
    moved = [{"topic_name": SECRET, "partitions": [{"partition_index": 9, "start_offset": 0}]}]
    yield Sample(ApiKey.ALTER_SHARE_GROUP_OFFSETS, 0, {"group_id": SHARERS, "topics": moved})
    gone = [{"topic_name": SECRET}]
    yield Sample(ApiKey.DELETE_SHARE_GROUP_OFFSETS, 0, {"group_id": ABSENT, "topics": gone})
    state = f"{ABSENT}:{base64.urlsafe_b64encode(world.topic_id).decode().rstrip('=')}:0"
    yield Sample(
        ApiKey.FIND_COORDINATOR, 6, {"key_type": 2, "coordinator_keys": [state]}, "of shares"
    )
    by_id = [{"topic_id": world.topic_id, "partitions": [{"partition": 0}]}]
    for key in (
        ApiKey.INITIALIZE_SHARE_GROUP_STATE,
        ApiKey.READ_SHARE_GROUP_STATE,
        ApiKey.WRITE_SHARE_GROUP_STATE,
        ApiKey.DELETE_SHARE_GROUP_STATE,
        ApiKey.READ_SHARE_GROUP_STATE_SUMMARY,
    ):
        yield Sample(key, 0, {"group_id": ABSENT, "topics": by_id})
