"""The one table of questions: what each API asks the authorizer, and what a no leads to.

Invariant: a handler asks what stands here and nothing else, which tests prove by a recording
authorizer and `acl_authorizer` asserts; docs/reference/acls.md derives from the table, and an API
without an entry fails a test.
Neighbours: `logcore.broker.apis` lists the APIs; their handlers ask.
Source: Apache Kafka 4.3.1, `KafkaApis` and `ControllerApis`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.api_keys import ApiKey

LEFT_OUT: Final = "left out"
"""What becomes of a resource in a list: the answer does not name it."""

ELSE: Final = ""
"""No refusal yet: another question follows."""

_REFUSALS: Final[Mapping[ResourceType, str]] = {
    ResourceType.TOPIC: "TOPIC_AUTHORIZATION_FAILED",
    ResourceType.GROUP: "GROUP_AUTHORIZATION_FAILED",
    ResourceType.CLUSTER: "CLUSTER_AUTHORIZATION_FAILED",
    ResourceType.TRANSACTIONAL_ID: "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
    ResourceType.DELEGATION_TOKEN: "DELEGATION_TOKEN_AUTHORIZATION_FAILED",
    ResourceType.USER: "DELEGATION_TOKEN_AUTHORIZATION_FAILED",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """One question of an API.

    Attributes:
        operation: What for.
        resource_type: Of which kind of resource.
        when: Of which one, or when it is asked; empty where the request leaves no doubt.
        refusal: Kafka's error for a no; `LEFT_OUT` or `ELSE`.
        is_any: Whether it is asked of any name that there could be.
    """

    operation: Operation
    resource_type: ResourceType
    when: str = ""
    refusal: str = ELSE
    is_any: bool = False


_Asks = tuple[Ask, ...]


def _topic(operation: Operation, when: str = "", refusal: str | None = None) -> Ask:
    return _ask(operation, ResourceType.TOPIC, when, refusal)


def _group(operation: Operation, when: str = "", refusal: str | None = None) -> Ask:
    return _ask(operation, ResourceType.GROUP, when, refusal)


def _cluster(operation: Operation, when: str = "", refusal: str | None = None) -> Ask:
    return _ask(operation, ResourceType.CLUSTER, when, refusal)


def _transaction(operation: Operation, when: str = "", refusal: str | None = None) -> Ask:
    return _ask(operation, ResourceType.TRANSACTIONAL_ID, when, refusal)


def _ask(operation: Operation, kind: ResourceType, when: str, refusal: str | None) -> Ask:
    return Ask(operation, kind, when, _REFUSALS[kind] if refusal is None else refusal)


READ: Final = Operation.READ
WRITE: Final = Operation.WRITE
CREATE: Final = Operation.CREATE
DELETE: Final = Operation.DELETE
ALTER: Final = Operation.ALTER
DESCRIBE: Final = Operation.DESCRIBE
CLUSTER_ACTION: Final = Operation.CLUSTER_ACTION
DESCRIBE_CONFIGS: Final = Operation.DESCRIBE_CONFIGS
ALTER_CONFIGS: Final = Operation.ALTER_CONFIGS

_FOR_BROKERS: Final = (_cluster(CLUSTER_ACTION),)
_ALTER_CLUSTER: Final = (_cluster(ALTER),)
_DESCRIBE_CLUSTER: Final = (_cluster(DESCRIBE),)
_READ_GROUP: Final = (_group(READ),)
_CREATION: Final = (
    _cluster(CREATE, "for all of its topics at once", ELSE),
    _topic(CREATE, "unless the cluster allows it"),
)
_CONFIGS_CHANGED: Final = (
    _topic(ALTER_CONFIGS, "for settings of a topic"),
    _group(ALTER_CONFIGS, "for settings of a group"),
    _cluster(ALTER_CONFIGS, "for settings of brokers, loggers and clients' metrics"),
)

ASKS: Final[Mapping[ApiKey, _Asks]] = {
    ApiKey.PRODUCE: (
        _transaction(WRITE, "where a batch is of a transaction"),
        _topic(WRITE),
    ),
    ApiKey.FETCH: (
        _topic(READ, "for a consumer"),
        _cluster(CLUSTER_ACTION, "for a replica", "TOPIC_AUTHORIZATION_FAILED"),
    ),
    ApiKey.LIST_OFFSETS: (_topic(DESCRIBE),),
    ApiKey.METADATA: (
        _topic(DESCRIBE, "all topics: what may not be seen is left out"),
        _cluster(CREATE, "where it would create topics", ELSE),
        _topic(CREATE, "where it would create one, unless the cluster allows it"),
        _cluster(DESCRIBE, "where the operations on the cluster are asked for", "no operations"),
    ),
    ApiKey.OFFSET_COMMIT: (_group(READ), _topic(READ)),
    ApiKey.OFFSET_FETCH: (
        _group(DESCRIBE),
        _topic(DESCRIBE, "all topics: what may not be seen is left out"),
    ),
    ApiKey.FIND_COORDINATOR: (
        _group(DESCRIBE, "for a group"),
        _transaction(DESCRIBE, "for a transactional id"),
        _cluster(CLUSTER_ACTION, "for the state of a share group"),
    ),
    ApiKey.JOIN_GROUP: _READ_GROUP,
    ApiKey.HEARTBEAT: _READ_GROUP,
    ApiKey.LEAVE_GROUP: _READ_GROUP,
    ApiKey.SYNC_GROUP: _READ_GROUP,
    ApiKey.DESCRIBE_GROUPS: (_group(DESCRIBE),),
    ApiKey.LIST_GROUPS: (
        _cluster(DESCRIBE, "for all groups at once", ELSE),
        _group(DESCRIBE, "unless the cluster allows it", LEFT_OUT),
    ),
    ApiKey.CREATE_TOPICS: (
        *_CREATION,
        _topic(DESCRIBE_CONFIGS, "for the settings in the answer", "no settings"),
    ),
    ApiKey.DELETE_TOPICS: (
        _cluster(DELETE, "for all of its topics at once", ELSE),
        _topic(DESCRIBE, "unless the cluster allows it; without it no name is told"),
        _topic(DELETE, "unless the cluster allows it"),
    ),
    ApiKey.DELETE_RECORDS: (_topic(DELETE),),
    ApiKey.INIT_PRODUCER_ID: (
        _transaction(WRITE, "where it names a transactional id"),
        _cluster(Operation.IDEMPOTENT_WRITE, "where it names none", ELSE),
        Ask(
            WRITE,
            ResourceType.TOPIC,
            "any topic at all, unless the cluster allows it",
            "CLUSTER_AUTHORIZATION_FAILED",
            is_any=True,
        ),
    ),
    ApiKey.OFFSET_FOR_LEADER_EPOCH: (
        _cluster(CLUSTER_ACTION, "for all of its topics at once", ELSE),
        _topic(DESCRIBE, "unless the cluster allows it"),
    ),
    ApiKey.ADD_PARTITIONS_TO_TXN: (
        _cluster(CLUSTER_ACTION, "from version 4 on, which brokers speak among themselves"),
        _transaction(WRITE, "before version 4"),
        _topic(WRITE, "before version 4"),
    ),
    ApiKey.ADD_OFFSETS_TO_TXN: (_transaction(WRITE), _group(READ)),
    ApiKey.END_TXN: (_transaction(WRITE),),
    ApiKey.WRITE_TXN_MARKERS: (
        _cluster(ALTER, refusal=ELSE),
        _cluster(CLUSTER_ACTION, "unless altering is allowed"),
    ),
    ApiKey.TXN_OFFSET_COMMIT: (_transaction(WRITE), _group(READ), _topic(READ)),
    ApiKey.DESCRIBE_ACLS: _DESCRIBE_CLUSTER,
    ApiKey.CREATE_ACLS: _ALTER_CLUSTER,
    ApiKey.DELETE_ACLS: _ALTER_CLUSTER,
    ApiKey.DESCRIBE_CONFIGS: (
        _topic(DESCRIBE_CONFIGS, "for settings of a topic"),
        _group(DESCRIBE_CONFIGS, "for settings of a group"),
        _cluster(DESCRIBE_CONFIGS, "for settings of brokers, loggers and clients' metrics"),
    ),
    ApiKey.ALTER_CONFIGS: _CONFIGS_CHANGED,
    ApiKey.INCREMENTAL_ALTER_CONFIGS: _CONFIGS_CHANGED,
    ApiKey.ALTER_REPLICA_LOG_DIRS: _ALTER_CLUSTER,
    ApiKey.DESCRIBE_LOG_DIRS: _DESCRIBE_CLUSTER,
    ApiKey.CREATE_PARTITIONS: (_topic(ALTER),),
    ApiKey.DELETE_GROUPS: (_group(DELETE),),
    ApiKey.ELECT_LEADERS: _ALTER_CLUSTER,
    ApiKey.ALTER_PARTITION_REASSIGNMENTS: _ALTER_CLUSTER,
    ApiKey.LIST_PARTITION_REASSIGNMENTS: _DESCRIBE_CLUSTER,
    ApiKey.OFFSET_DELETE: (_group(DELETE), _topic(READ)),
    ApiKey.DESCRIBE_CLIENT_QUOTAS: (_cluster(DESCRIBE_CONFIGS),),
    ApiKey.ALTER_CLIENT_QUOTAS: (_cluster(ALTER_CONFIGS),),
    ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS: _DESCRIBE_CLUSTER,
    ApiKey.ALTER_USER_SCRAM_CREDENTIALS: _ALTER_CLUSTER,
    ApiKey.DESCRIBE_QUORUM: _DESCRIBE_CLUSTER,
    ApiKey.UPDATE_FEATURES: _ALTER_CLUSTER,
    ApiKey.DESCRIBE_CLUSTER: (
        _cluster(DESCRIBE, "where the operations on the cluster are asked for", "no operations"),
    ),
    ApiKey.DESCRIBE_PRODUCERS: (_topic(READ),),
    ApiKey.UNREGISTER_BROKER: _ALTER_CLUSTER,
    ApiKey.DESCRIBE_TRANSACTIONS: (
        _transaction(DESCRIBE),
        _topic(DESCRIBE, "each topic that the transaction wrote to", LEFT_OUT),
    ),
    ApiKey.LIST_TRANSACTIONS: (_transaction(DESCRIBE, "each", LEFT_OUT),),
    ApiKey.CONSUMER_GROUP_HEARTBEAT: (
        _group(READ),
        _topic(DESCRIBE, "each that it subscribes to; what an expression finds is left out"),
    ),
    ApiKey.CONSUMER_GROUP_DESCRIBE: (
        _group(DESCRIBE),
        _topic(DESCRIBE, "each that a member has; one refused hides the group"),
    ),
    ApiKey.LIST_CONFIG_RESOURCES: (_cluster(DESCRIBE_CONFIGS),),
    ApiKey.DESCRIBE_TOPIC_PARTITIONS: (
        _topic(DESCRIBE, "all topics: what may not be seen is left out"),
    ),
    ApiKey.SHARE_GROUP_HEARTBEAT: (
        _group(READ),
        _topic(DESCRIBE, "each that it subscribes to"),
    ),
    ApiKey.SHARE_GROUP_DESCRIBE: (
        _group(DESCRIBE),
        _topic(DESCRIBE, "each that a member has; one refused hides the group"),
    ),
    ApiKey.SHARE_FETCH: (_group(READ), _topic(READ)),
    ApiKey.SHARE_ACKNOWLEDGE: (_group(READ), _topic(READ)),
    ApiKey.DESCRIBE_SHARE_GROUP_OFFSETS: (
        _group(DESCRIBE),
        _topic(DESCRIBE, "all topics: what may not be seen is left out"),
    ),
    ApiKey.ALTER_SHARE_GROUP_OFFSETS: (_group(READ), _topic(READ)),
    ApiKey.DELETE_SHARE_GROUP_OFFSETS: (_group(DELETE), _topic(READ)),
    ApiKey.INITIALIZE_SHARE_GROUP_STATE: _FOR_BROKERS,
    ApiKey.READ_SHARE_GROUP_STATE: _FOR_BROKERS,
    ApiKey.WRITE_SHARE_GROUP_STATE: _FOR_BROKERS,
    ApiKey.DELETE_SHARE_GROUP_STATE: _FOR_BROKERS,
    ApiKey.READ_SHARE_GROUP_STATE_SUMMARY: _FOR_BROKERS,
    ApiKey.STREAMS_GROUP_HEARTBEAT: (
        _group(READ),
        _topic(DESCRIBE, "each of the topology"),
        _cluster(CREATE, "where internal topics are missing", ELSE),
        _topic(CREATE, "each that is missing, unless the cluster allows it", "a status"),
    ),
    ApiKey.STREAMS_GROUP_DESCRIBE: (
        _group(DESCRIBE),
        _topic(DESCRIBE, "each of the topology; one refused hides the group"),
    ),
    ApiKey.CREATE_DELEGATION_TOKEN: (
        Ask(
            Operation.CREATE_TOKENS,
            ResourceType.USER,
            "for a token of somebody else",
            "DELEGATION_TOKEN_AUTHORIZATION_FAILED",
        ),
    ),
    ApiKey.DESCRIBE_DELEGATION_TOKEN: (
        Ask(DESCRIBE, ResourceType.DELEGATION_TOKEN, "for a token of others", ELSE),
        Ask(
            Operation.DESCRIBE_TOKENS,
            ResourceType.USER,
            "its owner, unless the token allows it",
            LEFT_OUT,
        ),
    ),
}
"""What is asked, in the order in which it is asked."""

FREE: Final[Mapping[ApiKey, str]] = {
    ApiKey.API_VERSIONS: "it is how a connection begins",
    ApiKey.SASL_HANDSHAKE: "it is how a login begins",
    ApiKey.SASL_AUTHENTICATE: "it is the login",
    ApiKey.RENEW_DELEGATION_TOKEN: "its owner and its renewers may, and nobody else",
    ApiKey.EXPIRE_DELEGATION_TOKEN: "its owner and its renewers may, and nobody else",
    ApiKey.GET_TELEMETRY_SUBSCRIPTIONS: "whoever may connect may tell of itself",
    ApiKey.PUSH_TELEMETRY: "whoever may connect may tell of itself",
}
"""APIs that ask nothing, and why."""


_LISTED: Final = frozenset(
    (key, ask.operation, ask.resource_type) for key, asks in ASKS.items() for ask in asks
)


def is_listed(key: ApiKey, operation: Operation, resource_type: ResourceType) -> bool:
    """Whether the table has a question.

    Example:
        >>> is_listed(ApiKey.FETCH, READ, ResourceType.TOPIC)
        True
    """
    return (key, operation, resource_type) in _LISTED
