"""The numbers of Kafka's APIs, and what a header must know of each before its message is read.

Invariant: a key of this table has a module of the same name in `logcore.protocol.messages`; keys
that Kafka has retired (4 to 7) are not here.
Neighbours: `header` asks from which version on an API is flexible; the broker's own table says
which of these it serves, and in which versions.
"""

import importlib
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from logcore.protocol.field import NEVER

if TYPE_CHECKING:
    from logcore.protocol.schema import Message


class ApiKey(IntEnum):
    """A number that a request begins with."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    LEAVE_GROUP = 13
    SYNC_GROUP = 14
    DESCRIBE_GROUPS = 15
    LIST_GROUPS = 16
    SASL_HANDSHAKE = 17
    API_VERSIONS = 18
    CREATE_TOPICS = 19
    DELETE_TOPICS = 20
    DELETE_RECORDS = 21
    INIT_PRODUCER_ID = 22
    OFFSET_FOR_LEADER_EPOCH = 23
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    WRITE_TXN_MARKERS = 27
    TXN_OFFSET_COMMIT = 28
    DESCRIBE_ACLS = 29
    CREATE_ACLS = 30
    DELETE_ACLS = 31
    DESCRIBE_CONFIGS = 32
    ALTER_CONFIGS = 33
    ALTER_REPLICA_LOG_DIRS = 34
    DESCRIBE_LOG_DIRS = 35
    SASL_AUTHENTICATE = 36
    CREATE_PARTITIONS = 37
    CREATE_DELEGATION_TOKEN = 38
    RENEW_DELEGATION_TOKEN = 39
    EXPIRE_DELEGATION_TOKEN = 40
    DESCRIBE_DELEGATION_TOKEN = 41
    DELETE_GROUPS = 42
    ELECT_LEADERS = 43
    INCREMENTAL_ALTER_CONFIGS = 44
    ALTER_PARTITION_REASSIGNMENTS = 45
    LIST_PARTITION_REASSIGNMENTS = 46
    OFFSET_DELETE = 47
    DESCRIBE_CLIENT_QUOTAS = 48
    ALTER_CLIENT_QUOTAS = 49
    DESCRIBE_USER_SCRAM_CREDENTIALS = 50
    ALTER_USER_SCRAM_CREDENTIALS = 51
    VOTE = 52
    BEGIN_QUORUM_EPOCH = 53
    END_QUORUM_EPOCH = 54
    DESCRIBE_QUORUM = 55
    ALTER_PARTITION = 56
    UPDATE_FEATURES = 57
    ENVELOPE = 58
    FETCH_SNAPSHOT = 59
    DESCRIBE_CLUSTER = 60
    DESCRIBE_PRODUCERS = 61
    BROKER_REGISTRATION = 62
    BROKER_HEARTBEAT = 63
    UNREGISTER_BROKER = 64
    DESCRIBE_TRANSACTIONS = 65
    LIST_TRANSACTIONS = 66
    ALLOCATE_PRODUCER_IDS = 67
    CONSUMER_GROUP_HEARTBEAT = 68
    CONSUMER_GROUP_DESCRIBE = 69
    CONTROLLER_REGISTRATION = 70
    GET_TELEMETRY_SUBSCRIPTIONS = 71
    PUSH_TELEMETRY = 72
    ASSIGN_REPLICAS_TO_DIRS = 73
    LIST_CONFIG_RESOURCES = 74
    DESCRIBE_TOPIC_PARTITIONS = 75
    SHARE_GROUP_HEARTBEAT = 76
    SHARE_GROUP_DESCRIBE = 77
    SHARE_FETCH = 78
    SHARE_ACKNOWLEDGE = 79
    ADD_RAFT_VOTER = 80
    REMOVE_RAFT_VOTER = 81
    UPDATE_RAFT_VOTER = 82
    INITIALIZE_SHARE_GROUP_STATE = 83
    READ_SHARE_GROUP_STATE = 84
    WRITE_SHARE_GROUP_STATE = 85
    DELETE_SHARE_GROUP_STATE = 86
    READ_SHARE_GROUP_STATE_SUMMARY = 87
    STREAMS_GROUP_HEARTBEAT = 88
    STREAMS_GROUP_DESCRIBE = 89
    DESCRIBE_SHARE_GROUP_OFFSETS = 90
    ALTER_SHARE_GROUP_OFFSETS = 91
    DELETE_SHARE_GROUP_OFFSETS = 92


FLEXIBLE_FROM: Final[dict[int, int]] = {
    ApiKey.PRODUCE.value: 9,
    ApiKey.FETCH.value: 12,
    ApiKey.LIST_OFFSETS.value: 6,
    ApiKey.METADATA.value: 9,
    ApiKey.OFFSET_COMMIT.value: 8,
    ApiKey.OFFSET_FETCH.value: 6,
    ApiKey.FIND_COORDINATOR.value: 3,
    ApiKey.JOIN_GROUP.value: 6,
    ApiKey.HEARTBEAT.value: 4,
    ApiKey.LEAVE_GROUP.value: 4,
    ApiKey.SYNC_GROUP.value: 4,
    ApiKey.DESCRIBE_GROUPS.value: 5,
    ApiKey.LIST_GROUPS.value: 3,
    ApiKey.SASL_HANDSHAKE.value: NEVER,
    ApiKey.API_VERSIONS.value: 3,
    ApiKey.CREATE_TOPICS.value: 5,
    ApiKey.DELETE_TOPICS.value: 4,
    ApiKey.DELETE_RECORDS.value: 2,
    ApiKey.INIT_PRODUCER_ID.value: 2,
    ApiKey.OFFSET_FOR_LEADER_EPOCH.value: 4,
    ApiKey.ADD_PARTITIONS_TO_TXN.value: 3,
    ApiKey.ADD_OFFSETS_TO_TXN.value: 3,
    ApiKey.END_TXN.value: 3,
    ApiKey.WRITE_TXN_MARKERS.value: 1,
    ApiKey.TXN_OFFSET_COMMIT.value: 3,
    ApiKey.DESCRIBE_ACLS.value: 2,
    ApiKey.CREATE_ACLS.value: 2,
    ApiKey.DELETE_ACLS.value: 2,
    ApiKey.DESCRIBE_CONFIGS.value: 4,
    ApiKey.ALTER_CONFIGS.value: 2,
    ApiKey.ALTER_REPLICA_LOG_DIRS.value: 2,
    ApiKey.DESCRIBE_LOG_DIRS.value: 2,
    ApiKey.SASL_AUTHENTICATE.value: 2,
    ApiKey.CREATE_PARTITIONS.value: 2,
    ApiKey.CREATE_DELEGATION_TOKEN.value: 2,
    ApiKey.RENEW_DELEGATION_TOKEN.value: 2,
    ApiKey.EXPIRE_DELEGATION_TOKEN.value: 2,
    ApiKey.DESCRIBE_DELEGATION_TOKEN.value: 2,
    ApiKey.DELETE_GROUPS.value: 2,
    ApiKey.ELECT_LEADERS.value: 2,
    ApiKey.INCREMENTAL_ALTER_CONFIGS.value: 1,
    ApiKey.ALTER_PARTITION_REASSIGNMENTS.value: 0,
    ApiKey.LIST_PARTITION_REASSIGNMENTS.value: 0,
    ApiKey.OFFSET_DELETE.value: NEVER,
    ApiKey.DESCRIBE_CLIENT_QUOTAS.value: 1,
    ApiKey.ALTER_CLIENT_QUOTAS.value: 1,
    ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS.value: 0,
    ApiKey.ALTER_USER_SCRAM_CREDENTIALS.value: 0,
    ApiKey.VOTE.value: 0,
    ApiKey.BEGIN_QUORUM_EPOCH.value: 1,
    ApiKey.END_QUORUM_EPOCH.value: 1,
    ApiKey.DESCRIBE_QUORUM.value: 0,
    ApiKey.ALTER_PARTITION.value: 0,
    ApiKey.UPDATE_FEATURES.value: 0,
    ApiKey.ENVELOPE.value: 0,
    ApiKey.FETCH_SNAPSHOT.value: 0,
    ApiKey.DESCRIBE_CLUSTER.value: 0,
    ApiKey.DESCRIBE_PRODUCERS.value: 0,
    ApiKey.BROKER_REGISTRATION.value: 0,
    ApiKey.BROKER_HEARTBEAT.value: 0,
    ApiKey.UNREGISTER_BROKER.value: 0,
    ApiKey.DESCRIBE_TRANSACTIONS.value: 0,
    ApiKey.LIST_TRANSACTIONS.value: 0,
    ApiKey.ALLOCATE_PRODUCER_IDS.value: 0,
    ApiKey.CONSUMER_GROUP_HEARTBEAT.value: 0,
    ApiKey.CONSUMER_GROUP_DESCRIBE.value: 0,
    ApiKey.CONTROLLER_REGISTRATION.value: 0,
    ApiKey.GET_TELEMETRY_SUBSCRIPTIONS.value: 0,
    ApiKey.PUSH_TELEMETRY.value: 0,
    ApiKey.ASSIGN_REPLICAS_TO_DIRS.value: 0,
    ApiKey.LIST_CONFIG_RESOURCES.value: 0,
    ApiKey.DESCRIBE_TOPIC_PARTITIONS.value: 0,
    ApiKey.SHARE_GROUP_HEARTBEAT.value: 0,
    ApiKey.SHARE_GROUP_DESCRIBE.value: 0,
    ApiKey.SHARE_FETCH.value: 0,
    ApiKey.SHARE_ACKNOWLEDGE.value: 0,
    ApiKey.ADD_RAFT_VOTER.value: 0,
    ApiKey.REMOVE_RAFT_VOTER.value: 0,
    ApiKey.UPDATE_RAFT_VOTER.value: 0,
    ApiKey.INITIALIZE_SHARE_GROUP_STATE.value: 0,
    ApiKey.READ_SHARE_GROUP_STATE.value: 0,
    ApiKey.WRITE_SHARE_GROUP_STATE.value: 0,
    ApiKey.DELETE_SHARE_GROUP_STATE.value: 0,
    ApiKey.READ_SHARE_GROUP_STATE_SUMMARY.value: 0,
    ApiKey.STREAMS_GROUP_HEARTBEAT.value: 0,
    ApiKey.STREAMS_GROUP_DESCRIBE.value: 0,
    ApiKey.DESCRIBE_SHARE_GROUP_OFFSETS.value: 0,
    ApiKey.ALTER_SHARE_GROUP_OFFSETS.value: 0,
    ApiKey.DELETE_SHARE_GROUP_OFFSETS.value: 0,
}
"""The first version of each API that has compact lengths and tagged fields, headers included."""


def message_classes(key: ApiKey) -> "tuple[type[Message], type[Message]]":
    """Import the module of an API and return the classes of its request and response.

    Example:
        >>> [each.__name__ for each in message_classes(ApiKey.OFFSET_FETCH)]
        ['OffsetFetchRequest', 'OffsetFetchResponse']
    """
    module = importlib.import_module(f"logcore.protocol.messages.{key.name.lower()}")
    stem = "".join(part.capitalize() for part in key.name.split("_"))
    request: type[Message] = getattr(module, stem + "Request")
    response: type[Message] = getattr(module, stem + "Response")
    return request, response
