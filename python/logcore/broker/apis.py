"""The one table of APIs: which versions are served, and by which module.

Invariant: an API is advertised exactly if it has a row here, in exactly these versions; dispatch,
ApiVersions and docs/protocol.md derive from the table, so they cannot drift apart. Importing this
module imports no handler: each is imported by the first request that needs it.
Neighbours: `dispatch` looks rows up; `handlers/` holds what they name.
Source: Apache Kafka 4.3.1's ApiVersions for the ranges.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.schema import Message

Handle: TypeAlias = Callable[[Any, Any, Any], Any]
"""``handle(parts, request, context)`` of a handler module."""


@dataclass(frozen=True, slots=True)
class Api:
    """One row.

    Attributes:
        key: The API.
        min_version: First version that is advertised.
        max_version: Last version that is advertised.
        handler: Dotted module of the handler.
        note: What differs from Apache Kafka 4.3.1, for the documentation; empty if nothing does.
        decoded_from: First version that can be decoded, where more is advertised than Kafka
            itself still serves.
    """

    key: ApiKey
    min_version: int
    max_version: int
    handler: str
    note: str = ""
    decoded_from: int | None = None

    @property
    def name(self) -> str:
        """The API's name as Kafka spells it."""
        return "".join(part.capitalize() for part in self.key.name.split("_"))

    @property
    def first_decoded(self) -> int:
        """First version of requests that are handled."""
        return self.min_version if self.decoded_from is None else self.decoded_from

    def request_class(self) -> type[Message]:
        """Import the class of its requests."""
        return self._message("Request")

    def response_class(self) -> type[Message]:
        """Import the class of its responses."""
        return self._message("Response")

    def _message(self, side: str) -> type[Message]:
        module = importlib.import_module(f"logcore.protocol.messages.{self.key.name.lower()}")
        found: type[Message] = getattr(module, self.name + side)
        return found

    def handle(self) -> Handle:
        """Import the handler."""
        found: Handle = importlib.import_module(self.handler).handle
        return found


_PRODUCE_NOTE: Final = (
    "The minimum reads 0, as Apache Kafka's does, because "
    "librdkafka turns compression off otherwise; versions below 3 are refused."
)

_METADATA_NOTE: Final = (
    "A topic that the request creates is in the same answer, complete; where it cannot be created "
    "the answer says why, such as INVALID_TOPIC_EXCEPTION for a name that collides."
)
_TOPICS_NOTE: Final = (
    "At most 10,000 partitions and 32 MiB of settings a request, else POLICY_VIOLATION."
)
_PARTITIONS_NOTE: Final = (
    "At most 10,000 partitions a request, else POLICY_VIOLATION, where Apache Kafka may answer "
    "UNKNOWN_SERVER_ERROR."
)
_QUORUM_NOTE: Final = "The quorum is this one node, told under the listener that was asked."
_ONE_NODE_NOTE: Final = "On one node nothing moves: a partition can be moved only to where it is."
_FEATURES_NOTE: Final = "kraft.version is not told: its one voter is this node."
_SHARE_NOTE: Final = (
    "The first answer to the first member has the assignment already, after "
    "share.assignment.interval.ms, where Apache Kafka gives it a heartbeat later."
)
_STREAMS_NOTE: Final = (
    "Members of a full group go on. Repartition topics with numbers of their own need agree only "
    "where they are joined."
)
_CONFIGS_NOTE: Final = (
    "A key of a broker that nobody knows is refused, where Apache Kafka stores it. Listeners "
    "cannot be changed while the broker runs."
)

APIS: Final = {
    api.key: api
    for api in (
        Api(ApiKey.PRODUCE, 0, 13, "logcore.broker.handlers.produce", _PRODUCE_NOTE, 3),
        Api(ApiKey.FETCH, 4, 18, "logcore.broker.handlers.fetch"),
        Api(ApiKey.LIST_OFFSETS, 1, 11, "logcore.broker.handlers.list_offsets"),
        Api(ApiKey.METADATA, 0, 13, "logcore.broker.handlers.metadata", _METADATA_NOTE),
        Api(ApiKey.OFFSET_COMMIT, 2, 10, "logcore.broker.handlers.offset_commit"),
        Api(ApiKey.OFFSET_FETCH, 1, 10, "logcore.broker.handlers.offset_fetch"),
        Api(ApiKey.FIND_COORDINATOR, 0, 6, "logcore.broker.handlers.find_coordinator"),
        Api(ApiKey.JOIN_GROUP, 0, 9, "logcore.broker.handlers.join_group"),
        Api(ApiKey.HEARTBEAT, 0, 4, "logcore.broker.handlers.heartbeat"),
        Api(ApiKey.LEAVE_GROUP, 0, 5, "logcore.broker.handlers.leave_group"),
        Api(ApiKey.SYNC_GROUP, 0, 5, "logcore.broker.handlers.sync_group"),
        Api(ApiKey.DESCRIBE_GROUPS, 0, 6, "logcore.broker.handlers.describe_groups"),
        Api(ApiKey.LIST_GROUPS, 0, 5, "logcore.broker.handlers.list_groups"),
        Api(ApiKey.SASL_HANDSHAKE, 0, 1, "logcore.broker.handlers.sasl_handshake"),
        Api(ApiKey.API_VERSIONS, 0, 4, "logcore.broker.handlers.api_versions"),
        Api(ApiKey.CREATE_TOPICS, 2, 7, "logcore.broker.handlers.create_topics", _TOPICS_NOTE),
        Api(ApiKey.DELETE_TOPICS, 1, 6, "logcore.broker.handlers.delete_topics"),
        Api(ApiKey.DELETE_RECORDS, 0, 2, "logcore.broker.handlers.delete_records"),
        Api(ApiKey.INIT_PRODUCER_ID, 0, 5, "logcore.broker.handlers.init_producer_id"),
        Api(
            ApiKey.OFFSET_FOR_LEADER_EPOCH,
            2,
            4,
            "logcore.broker.handlers.offset_for_leader_epoch",
        ),
        Api(ApiKey.ADD_PARTITIONS_TO_TXN, 0, 5, "logcore.broker.handlers.add_partitions_to_txn"),
        Api(ApiKey.ADD_OFFSETS_TO_TXN, 0, 4, "logcore.broker.handlers.add_offsets_to_txn"),
        Api(ApiKey.END_TXN, 0, 5, "logcore.broker.handlers.end_txn"),
        Api(ApiKey.WRITE_TXN_MARKERS, 1, 2, "logcore.broker.handlers.write_txn_markers"),
        Api(ApiKey.TXN_OFFSET_COMMIT, 0, 5, "logcore.broker.handlers.txn_offset_commit"),
        Api(ApiKey.DESCRIBE_ACLS, 1, 3, "logcore.broker.handlers.describe_acls"),
        Api(ApiKey.CREATE_ACLS, 1, 3, "logcore.broker.handlers.create_acls"),
        Api(ApiKey.DELETE_ACLS, 1, 3, "logcore.broker.handlers.delete_acls"),
        Api(ApiKey.DESCRIBE_CONFIGS, 1, 4, "logcore.broker.handlers.describe_configs"),
        Api(ApiKey.ALTER_CONFIGS, 0, 2, "logcore.broker.handlers.alter_configs", _CONFIGS_NOTE),
        Api(
            ApiKey.ALTER_REPLICA_LOG_DIRS,
            1,
            2,
            "logcore.broker.handlers.alter_replica_log_dirs",
            "A log stays where it is: a move to another directory answers INVALID_REQUEST.",
        ),
        Api(ApiKey.DESCRIBE_LOG_DIRS, 1, 5, "logcore.broker.handlers.describe_log_dirs"),
        Api(ApiKey.SASL_AUTHENTICATE, 0, 2, "logcore.broker.handlers.sasl_authenticate"),
        Api(
            ApiKey.CREATE_PARTITIONS,
            0,
            3,
            "logcore.broker.handlers.create_partitions",
            _PARTITIONS_NOTE,
        ),
        Api(
            ApiKey.CREATE_DELEGATION_TOKEN, 1, 3, "logcore.broker.handlers.create_delegation_token"
        ),
        Api(ApiKey.RENEW_DELEGATION_TOKEN, 1, 2, "logcore.broker.handlers.renew_delegation_token"),
        Api(
            ApiKey.EXPIRE_DELEGATION_TOKEN, 1, 2, "logcore.broker.handlers.expire_delegation_token"
        ),
        Api(
            ApiKey.DESCRIBE_DELEGATION_TOKEN,
            1,
            3,
            "logcore.broker.handlers.describe_delegation_token",
        ),
        Api(ApiKey.DELETE_GROUPS, 0, 2, "logcore.broker.handlers.delete_groups"),
        Api(ApiKey.ELECT_LEADERS, 0, 2, "logcore.broker.handlers.elect_leaders"),
        Api(
            ApiKey.INCREMENTAL_ALTER_CONFIGS,
            0,
            1,
            "logcore.broker.handlers.incremental_alter_configs",
            _CONFIGS_NOTE,
        ),
        Api(
            ApiKey.ALTER_PARTITION_REASSIGNMENTS,
            0,
            1,
            "logcore.broker.handlers.alter_partition_reassignments",
            _ONE_NODE_NOTE,
        ),
        Api(
            ApiKey.LIST_PARTITION_REASSIGNMENTS,
            0,
            0,
            "logcore.broker.handlers.list_partition_reassignments",
        ),
        Api(ApiKey.OFFSET_DELETE, 0, 0, "logcore.broker.handlers.offset_delete"),
        Api(ApiKey.DESCRIBE_CLIENT_QUOTAS, 0, 1, "logcore.broker.handlers.describe_client_quotas"),
        Api(ApiKey.ALTER_CLIENT_QUOTAS, 0, 1, "logcore.broker.handlers.alter_client_quotas"),
        Api(
            ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS,
            0,
            0,
            "logcore.broker.handlers.describe_user_scram_credentials",
        ),
        Api(
            ApiKey.ALTER_USER_SCRAM_CREDENTIALS,
            0,
            0,
            "logcore.broker.handlers.alter_user_scram_credentials",
        ),
        Api(ApiKey.DESCRIBE_QUORUM, 0, 2, "logcore.broker.handlers.describe_quorum", _QUORUM_NOTE),
        Api(
            ApiKey.UPDATE_FEATURES, 0, 2, "logcore.broker.handlers.update_features", _FEATURES_NOTE
        ),
        Api(ApiKey.DESCRIBE_CLUSTER, 0, 2, "logcore.broker.handlers.describe_cluster"),
        Api(ApiKey.DESCRIBE_PRODUCERS, 0, 0, "logcore.broker.handlers.describe_producers"),
        Api(
            ApiKey.UNREGISTER_BROKER,
            0,
            0,
            "logcore.broker.handlers.unregister_broker",
            "The one node there is cannot be unregistered while it runs: INVALID_REQUEST.",
        ),
        Api(ApiKey.DESCRIBE_TRANSACTIONS, 0, 0, "logcore.broker.handlers.describe_transactions"),
        Api(
            ApiKey.LIST_TRANSACTIONS,
            0,
            2,
            "logcore.broker.handlers.list_transactions",
            "An expression that would hold the broker up is refused: INVALID_REGULAR_EXPRESSION.",
        ),
        Api(
            ApiKey.CONSUMER_GROUP_HEARTBEAT,
            0,
            1,
            "logcore.broker.handlers.consumer_group_heartbeat",
            "who has an odd partition keeps it; a new expression is resolved at once; "
            "classic members of a group without others learn of new partitions",
        ),
        Api(
            ApiKey.CONSUMER_GROUP_DESCRIBE,
            0,
            1,
            "logcore.broker.handlers.consumer_group_describe",
        ),
        Api(
            ApiKey.GET_TELEMETRY_SUBSCRIPTIONS,
            0,
            0,
            "logcore.broker.handlers.get_telemetry_subscriptions",
        ),
        Api(ApiKey.PUSH_TELEMETRY, 0, 0, "logcore.broker.handlers.push_telemetry"),
        Api(ApiKey.LIST_CONFIG_RESOURCES, 0, 1, "logcore.broker.handlers.list_config_resources"),
        Api(
            ApiKey.DESCRIBE_TOPIC_PARTITIONS,
            0,
            0,
            "logcore.broker.handlers.describe_topic_partitions",
        ),
        Api(
            ApiKey.SHARE_GROUP_HEARTBEAT,
            1,
            1,
            "logcore.broker.handlers.share_group_heartbeat",
            _SHARE_NOTE,
        ),
        Api(ApiKey.SHARE_GROUP_DESCRIBE, 1, 1, "logcore.broker.handlers.share_group_describe"),
        Api(ApiKey.SHARE_FETCH, 1, 2, "logcore.broker.handlers.share_fetch"),
        Api(ApiKey.SHARE_ACKNOWLEDGE, 1, 2, "logcore.broker.handlers.share_acknowledge"),
        Api(
            ApiKey.INITIALIZE_SHARE_GROUP_STATE,
            0,
            0,
            "logcore.broker.handlers.initialize_share_group_state",
        ),
        Api(ApiKey.READ_SHARE_GROUP_STATE, 0, 0, "logcore.broker.handlers.read_share_group_state"),
        Api(
            ApiKey.WRITE_SHARE_GROUP_STATE, 0, 1, "logcore.broker.handlers.write_share_group_state"
        ),
        Api(
            ApiKey.DELETE_SHARE_GROUP_STATE,
            0,
            0,
            "logcore.broker.handlers.delete_share_group_state",
        ),
        Api(
            ApiKey.READ_SHARE_GROUP_STATE_SUMMARY,
            0,
            1,
            "logcore.broker.handlers.read_share_group_state_summary",
        ),
        Api(
            ApiKey.STREAMS_GROUP_HEARTBEAT,
            0,
            0,
            "logcore.broker.handlers.streams_group_heartbeat",
            _STREAMS_NOTE,
        ),
        Api(ApiKey.STREAMS_GROUP_DESCRIBE, 0, 0, "logcore.broker.handlers.streams_group_describe"),
        Api(
            ApiKey.DESCRIBE_SHARE_GROUP_OFFSETS,
            0,
            1,
            "logcore.broker.handlers.describe_share_group_offsets",
        ),
        Api(
            ApiKey.ALTER_SHARE_GROUP_OFFSETS,
            0,
            0,
            "logcore.broker.handlers.alter_share_group_offsets",
        ),
        Api(
            ApiKey.DELETE_SHARE_GROUP_OFFSETS,
            0,
            0,
            "logcore.broker.handlers.delete_share_group_offsets",
        ),
    )
}
"""Every API that is served, in the order of their keys."""
