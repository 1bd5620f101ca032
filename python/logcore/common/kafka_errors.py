"""The table of Kafka's error codes, as exceptions: one class per code.

Invariant: this is the only place that knows a code's number, spelled name, and whether a client
may try again; `error_for_code`, dispatch and the documentation derive from it. It is a table, so
tidy's cap on lines does not apply to it.
Neighbours: `error_base` holds the root and the machinery; `errors` is what other rooms import.
Source: Apache Kafka 4.3.1, `org.apache.kafka.common.protocol.Errors`.
"""

from collections.abc import Iterable
from typing import TypeAlias

from logcore.common.error_base import KafkaError

RecordErrors: TypeAlias = Iterable[tuple[int, str]]
"""Why single records of a batch were refused: (index inside the batch, message)."""


class UnknownServerError(KafkaError, code=-1, kafka_name="UNKNOWN_SERVER_ERROR"):
    """The server met a condition it has no other code for."""


class OffsetOutOfRangeError(KafkaError, code=1, kafka_name="OFFSET_OUT_OF_RANGE"):
    """The offset asked for is outside of what the log holds.

    Attributes:
        offset: The offset asked for.
        start: The first offset held, inclusive.
        end: The first offset past the readable end.
    """

    def __init__(
        self,
        message: str = "",
        *,
        offset: int | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> None:
        super().__init__(message)
        self.offset = offset
        self.start = start
        self.end = end


class CorruptMessageError(KafkaError, code=2, kafka_name="CORRUPT_MESSAGE", retriable=True):
    """A record batch is damaged: its length, magic, CRC or encoding is wrong."""


class UnknownTopicOrPartitionError(
    KafkaError,
    code=3,
    kafka_name="UNKNOWN_TOPIC_OR_PARTITION",
    retriable=True,
    refresh_metadata=True,
):
    """The server does not host this topic or partition."""


class InvalidFetchSizeError(KafkaError, code=4, kafka_name="INVALID_FETCH_SIZE"):
    """A fetch asked for an impossible number of bytes."""


class LeaderNotAvailableError(
    KafkaError, code=5, kafka_name="LEADER_NOT_AVAILABLE", retriable=True, refresh_metadata=True
):
    """The partition has no leader now, as in the middle of an election."""


class NotLeaderOrFollowerError(
    KafkaError, code=6, kafka_name="NOT_LEADER_OR_FOLLOWER", retriable=True, refresh_metadata=True
):
    """The broker asked is not the leader, or not a replica, of the partition."""


class RequestTimedOutError(KafkaError, code=7, kafka_name="REQUEST_TIMED_OUT", retriable=True):
    """The request was not finished within its time limit."""


class BrokerNotAvailableError(KafkaError, code=8, kafka_name="BROKER_NOT_AVAILABLE"):
    """The broker is not available."""


class ReplicaNotAvailableError(
    KafkaError, code=9, kafka_name="REPLICA_NOT_AVAILABLE", retriable=True, refresh_metadata=True
):
    """The replica asked for is not available on this broker."""


class MessageTooLargeError(KafkaError, code=10, kafka_name="MESSAGE_TOO_LARGE"):
    """A record batch exceeds the largest size the server accepts (`max.message.bytes`)."""


class StaleControllerEpochError(KafkaError, code=11, kafka_name="STALE_CONTROLLER_EPOCH"):
    """The request comes from a controller that has been replaced."""


class OffsetMetadataTooLargeError(KafkaError, code=12, kafka_name="OFFSET_METADATA_TOO_LARGE"):
    """The metadata string committed with an offset is too long."""


class NetworkError(
    KafkaError, code=13, kafka_name="NETWORK_EXCEPTION", retriable=True, refresh_metadata=True
):
    """The server disconnected before a response was received."""


class CoordinatorLoadInProgressError(
    KafkaError, code=14, kafka_name="COORDINATOR_LOAD_IN_PROGRESS", retriable=True
):
    """The coordinator is still reading its state from the log."""


class CoordinatorNotAvailableError(
    KafkaError, code=15, kafka_name="COORDINATOR_NOT_AVAILABLE", retriable=True
):
    """No coordinator is available for this group or transactional id."""


class NotCoordinatorError(KafkaError, code=16, kafka_name="NOT_COORDINATOR", retriable=True):
    """The broker asked does not coordinate this group or transactional id."""


class InvalidTopicError(KafkaError, code=17, kafka_name="INVALID_TOPIC_EXCEPTION"):
    """The topic's name is not a legal one, or is reserved."""


class RecordListTooLargeError(KafkaError, code=18, kafka_name="RECORD_LIST_TOO_LARGE"):
    """The batches of one append do not fit into one segment (`segment.bytes`)."""


class NotEnoughReplicasError(KafkaError, code=19, kafka_name="NOT_ENOUGH_REPLICAS", retriable=True):
    """Fewer replicas are in sync than `min.insync.replicas`; nothing was written."""


class NotEnoughReplicasAfterAppendError(
    KafkaError, code=20, kafka_name="NOT_ENOUGH_REPLICAS_AFTER_APPEND", retriable=True
):
    """The records were written, but to fewer in-sync replicas than required."""


class InvalidRequiredAcksError(KafkaError, code=21, kafka_name="INVALID_REQUIRED_ACKS"):
    """The `acks` asked for are none of -1, 0 and 1."""


class IllegalGenerationError(KafkaError, code=22, kafka_name="ILLEGAL_GENERATION"):
    """The group member speaks of a generation that is not the current one."""


class InconsistentGroupProtocolError(KafkaError, code=23, kafka_name="INCONSISTENT_GROUP_PROTOCOL"):
    """The member's protocol type or protocols share nothing with the group's."""


class InvalidGroupIdError(KafkaError, code=24, kafka_name="INVALID_GROUP_ID"):
    """The group id is empty or not a legal one."""


class UnknownMemberIdError(KafkaError, code=25, kafka_name="UNKNOWN_MEMBER_ID"):
    """The coordinator does not know this member id."""


class InvalidSessionTimeoutError(KafkaError, code=26, kafka_name="INVALID_SESSION_TIMEOUT"):
    """The session timeout lies outside the limits the server allows."""


class RebalanceInProgressError(KafkaError, code=27, kafka_name="REBALANCE_IN_PROGRESS"):
    """The group is rebalancing; the member has to join again."""


class InvalidCommitOffsetSizeError(KafkaError, code=28, kafka_name="INVALID_COMMIT_OFFSET_SIZE"):
    """The offsets committed at once are too many for one append."""


class TopicAuthorizationFailedError(KafkaError, code=29, kafka_name="TOPIC_AUTHORIZATION_FAILED"):
    """The principal may not do this with the topic."""


class GroupAuthorizationFailedError(KafkaError, code=30, kafka_name="GROUP_AUTHORIZATION_FAILED"):
    """The principal may not do this with the group."""


class ClusterAuthorizationFailedError(
    KafkaError, code=31, kafka_name="CLUSTER_AUTHORIZATION_FAILED"
):
    """The principal may not do this with the cluster."""


class InvalidTimestampError(KafkaError, code=32, kafka_name="INVALID_TIMESTAMP"):
    """A timestamp lies outside the allowed range, or is of the wrong type.

    Attributes:
        record_errors: The records at fault, as (index inside the batch, message).
    """

    def __init__(self, message: str = "", *, record_errors: RecordErrors = ()) -> None:
        super().__init__(message)
        self.record_errors = list(record_errors)


class UnsupportedSaslMechanismError(KafkaError, code=33, kafka_name="UNSUPPORTED_SASL_MECHANISM"):
    """The server does not offer the SASL mechanism asked for."""


class IllegalSaslStateError(KafkaError, code=34, kafka_name="ILLEGAL_SASL_STATE"):
    """The request is out of order in the SASL exchange."""


class UnsupportedVersionError(KafkaError, code=35, kafka_name="UNSUPPORTED_VERSION"):
    """The server does not know this version of the request."""


class TopicAlreadyExistsError(KafkaError, code=36, kafka_name="TOPIC_ALREADY_EXISTS"):
    """A topic of this name exists."""


class InvalidPartitionsError(KafkaError, code=37, kafka_name="INVALID_PARTITIONS"):
    """The number of partitions is not a possible one."""


class InvalidReplicationFactorError(KafkaError, code=38, kafka_name="INVALID_REPLICATION_FACTOR"):
    """The replication factor is below 1 or above the number of brokers."""


class InvalidReplicaAssignmentError(KafkaError, code=39, kafka_name="INVALID_REPLICA_ASSIGNMENT"):
    """The assignment of replicas to brokers is not a possible one."""


class InvalidConfigError(KafkaError, code=40, kafka_name="INVALID_CONFIG"):
    """A configuration key or value is not allowed."""


class NotControllerError(KafkaError, code=41, kafka_name="NOT_CONTROLLER", retriable=True):
    """The node asked is not the active controller."""


class InvalidRequestError(KafkaError, code=42, kafka_name="INVALID_REQUEST"):
    """The request is well formed but makes no sense to this server."""


class UnsupportedForMessageFormatError(
    KafkaError, code=43, kafka_name="UNSUPPORTED_FOR_MESSAGE_FORMAT"
):
    """The log's message format does not support what the request needs."""


class PolicyViolationError(KafkaError, code=44, kafka_name="POLICY_VIOLATION"):
    """The request is against the policy the server was configured with."""


class OutOfOrderSequenceNumberError(KafkaError, code=45, kafka_name="OUT_OF_ORDER_SEQUENCE_NUMBER"):
    """The producer's sequence is not the one that follows its last."""


class DuplicateSequenceNumberError(KafkaError, code=46, kafka_name="DUPLICATE_SEQUENCE_NUMBER"):
    """The producer's sequence was appended before."""


class InvalidProducerEpochError(KafkaError, code=47, kafka_name="INVALID_PRODUCER_EPOCH"):
    """The producer's epoch is older than the current one: it was fenced."""


class InvalidTxnStateError(KafkaError, code=48, kafka_name="INVALID_TXN_STATE"):
    """The transaction is in a state that does not allow the operation."""


class InvalidProducerIdMappingError(KafkaError, code=49, kafka_name="INVALID_PRODUCER_ID_MAPPING"):
    """The producer id is not the one assigned to this transactional id."""


class InvalidTransactionTimeoutError(KafkaError, code=50, kafka_name="INVALID_TRANSACTION_TIMEOUT"):
    """The transaction timeout exceeds what the server allows."""


class ConcurrentTransactionsError(
    KafkaError, code=51, kafka_name="CONCURRENT_TRANSACTIONS", retriable=True
):
    """Another operation on the same transaction is still under way."""


class TransactionCoordinatorFencedError(
    KafkaError, code=52, kafka_name="TRANSACTION_COORDINATOR_FENCED"
):
    """The coordinator that sent this transaction marker has been replaced."""


class TransactionalIdAuthorizationFailedError(
    KafkaError, code=53, kafka_name="TRANSACTIONAL_ID_AUTHORIZATION_FAILED"
):
    """The principal may not use this transactional id."""


class SecurityDisabledError(KafkaError, code=54, kafka_name="SECURITY_DISABLED"):
    """The server runs without the security feature asked for."""


class OperationNotAttemptedError(KafkaError, code=55, kafka_name="OPERATION_NOT_ATTEMPTED"):
    """The operation was not tried, because an earlier one of its request failed."""


class KafkaStorageError(
    KafkaError, code=56, kafka_name="KAFKA_STORAGE_ERROR", retriable=True, refresh_metadata=True
):
    """The disk failed under a log: reading or writing its files is not possible."""


class LogDirNotFoundError(KafkaError, code=57, kafka_name="LOG_DIR_NOT_FOUND"):
    """The log directory named is not one of the broker's."""


class SaslAuthenticationFailedError(KafkaError, code=58, kafka_name="SASL_AUTHENTICATION_FAILED"):
    """The SASL credentials were not accepted."""


class UnknownProducerIdError(KafkaError, code=59, kafka_name="UNKNOWN_PRODUCER_ID"):
    """The broker holds no state for this producer id."""


class ReassignmentInProgressError(KafkaError, code=60, kafka_name="REASSIGNMENT_IN_PROGRESS"):
    """A reassignment of this partition is under way."""


class DelegationTokenAuthDisabledError(
    KafkaError, code=61, kafka_name="DELEGATION_TOKEN_AUTH_DISABLED"
):
    """The server runs without delegation tokens."""


class DelegationTokenNotFoundError(KafkaError, code=62, kafka_name="DELEGATION_TOKEN_NOT_FOUND"):
    """The delegation token is not known to the server."""


class DelegationTokenOwnerMismatchError(
    KafkaError, code=63, kafka_name="DELEGATION_TOKEN_OWNER_MISMATCH"
):
    """The delegation token belongs to another owner."""


class DelegationTokenRequestNotAllowedError(
    KafkaError, code=64, kafka_name="DELEGATION_TOKEN_REQUEST_NOT_ALLOWED"
):
    """Delegation tokens may not be asked for over this kind of connection."""


class DelegationTokenAuthorizationFailedError(
    KafkaError, code=65, kafka_name="DELEGATION_TOKEN_AUTHORIZATION_FAILED"
):
    """The principal may not do this with the delegation token."""


class DelegationTokenExpiredError(KafkaError, code=66, kafka_name="DELEGATION_TOKEN_EXPIRED"):
    """The delegation token has expired."""


class InvalidPrincipalTypeError(KafkaError, code=67, kafka_name="INVALID_PRINCIPAL_TYPE"):
    """The kind of principal is not supported."""


class NonEmptyGroupError(KafkaError, code=68, kafka_name="NON_EMPTY_GROUP"):
    """The group still has members."""


class GroupIdNotFoundError(KafkaError, code=69, kafka_name="GROUP_ID_NOT_FOUND"):
    """The group id does not exist."""


class FetchSessionIdNotFoundError(
    KafkaError, code=70, kafka_name="FETCH_SESSION_ID_NOT_FOUND", retriable=True
):
    """The server no longer holds this incremental fetch session."""


class InvalidFetchSessionEpochError(
    KafkaError, code=71, kafka_name="INVALID_FETCH_SESSION_EPOCH", retriable=True
):
    """The epoch of the incremental fetch session is not the one due."""


class ListenerNotFoundError(
    KafkaError, code=72, kafka_name="LISTENER_NOT_FOUND", retriable=True, refresh_metadata=True
):
    """The leader has no listener that matches the one asked over."""


class TopicDeletionDisabledError(KafkaError, code=73, kafka_name="TOPIC_DELETION_DISABLED"):
    """The server is configured not to delete topics."""


class FencedLeaderEpochError(
    KafkaError, code=74, kafka_name="FENCED_LEADER_EPOCH", retriable=True, refresh_metadata=True
):
    """The leader epoch of the request is older than the broker's."""


class UnknownLeaderEpochError(
    KafkaError, code=75, kafka_name="UNKNOWN_LEADER_EPOCH", retriable=True
):
    """The leader epoch of the request is newer than the broker's."""


class UnsupportedCompressionTypeError(
    KafkaError, code=76, kafka_name="UNSUPPORTED_COMPRESSION_TYPE"
):
    """The codec of the batch is unknown, or not allowed here."""


class StaleBrokerEpochError(KafkaError, code=77, kafka_name="STALE_BROKER_EPOCH"):
    """The broker epoch of the request is older than the registered one."""


class OffsetNotAvailableError(
    KafkaError, code=78, kafka_name="OFFSET_NOT_AVAILABLE", retriable=True
):
    """The leader's high watermark has not yet caught up after an election."""


class MemberIdRequiredError(KafkaError, code=79, kafka_name="MEMBER_ID_REQUIRED"):
    """The member has to join again with the id the coordinator gave it."""


class PreferredLeaderNotAvailableError(
    KafkaError,
    code=80,
    kafka_name="PREFERRED_LEADER_NOT_AVAILABLE",
    retriable=True,
    refresh_metadata=True,
):
    """The preferred leader of the partition is not available."""


class GroupMaxSizeReachedError(KafkaError, code=81, kafka_name="GROUP_MAX_SIZE_REACHED"):
    """The group has as many members as the server allows."""


class FencedInstanceIdError(KafkaError, code=82, kafka_name="FENCED_INSTANCE_ID"):
    """Another member took over this static instance id."""


class EligibleLeadersNotAvailableError(
    KafkaError,
    code=83,
    kafka_name="ELIGIBLE_LEADERS_NOT_AVAILABLE",
    retriable=True,
    refresh_metadata=True,
):
    """No replica eligible as leader of the partition is available."""


class ElectionNotNeededError(
    KafkaError, code=84, kafka_name="ELECTION_NOT_NEEDED", retriable=True, refresh_metadata=True
):
    """The partition's leader is the one the election would choose."""


class NoReassignmentInProgressError(KafkaError, code=85, kafka_name="NO_REASSIGNMENT_IN_PROGRESS"):
    """No reassignment of this partition is under way."""


class GroupSubscribedToTopicError(KafkaError, code=86, kafka_name="GROUP_SUBSCRIBED_TO_TOPIC"):
    """The group still reads the topic, so its offsets may not be deleted."""


class InvalidRecordError(KafkaError, code=87, kafka_name="INVALID_RECORD"):
    """A record batch is whole but not acceptable, and was refused as a whole.

    Attributes:
        record_errors: The records at fault, as (index inside the batch, message).
    """

    def __init__(self, message: str = "", *, record_errors: RecordErrors = ()) -> None:
        super().__init__(message)
        self.record_errors = list(record_errors)


class UnstableOffsetCommitError(
    KafkaError, code=88, kafka_name="UNSTABLE_OFFSET_COMMIT", retriable=True
):
    """Offsets of an open transaction may yet change; ask again."""


class ThrottlingQuotaExceededError(
    KafkaError, code=89, kafka_name="THROTTLING_QUOTA_EXCEEDED", retriable=True
):
    """A quota was exceeded; the request was refused, to be sent again later."""


class ProducerFencedError(KafkaError, code=90, kafka_name="PRODUCER_FENCED"):
    """Another producer with the same transactional id took over."""


class ResourceNotFoundError(KafkaError, code=91, kafka_name="RESOURCE_NOT_FOUND"):
    """What the request refers to does not exist."""


class DuplicateResourceError(KafkaError, code=92, kafka_name="DUPLICATE_RESOURCE"):
    """What the request would create exists."""


class UnacceptableCredentialError(KafkaError, code=93, kafka_name="UNACCEPTABLE_CREDENTIAL"):
    """The credential does not meet the server's rules."""


class InconsistentVoterSetError(KafkaError, code=94, kafka_name="INCONSISTENT_VOTER_SET"):
    """The voters named differ from those the server knows."""


class InvalidUpdateVersionError(KafkaError, code=95, kafka_name="INVALID_UPDATE_VERSION"):
    """The version the feature is to be set to is not a possible one."""


class FeatureUpdateFailedError(KafkaError, code=96, kafka_name="FEATURE_UPDATE_FAILED"):
    """The finalized features could not be updated."""


class PrincipalDeserializationFailureError(
    KafkaError, code=97, kafka_name="PRINCIPAL_DESERIALIZATION_FAILURE"
):
    """The principal in a forwarded request could not be read."""


class SnapshotNotFoundError(KafkaError, code=98, kafka_name="SNAPSHOT_NOT_FOUND"):
    """The snapshot asked for does not exist."""


class PositionOutOfRangeError(KafkaError, code=99, kafka_name="POSITION_OUT_OF_RANGE"):
    """The position asked for lies outside the snapshot."""


class UnknownTopicIdError(
    KafkaError, code=100, kafka_name="UNKNOWN_TOPIC_ID", retriable=True, refresh_metadata=True
):
    """The server does not know this topic id."""


class DuplicateBrokerRegistrationError(
    KafkaError, code=101, kafka_name="DUPLICATE_BROKER_REGISTRATION"
):
    """A broker with this id is registered and alive."""


class BrokerIdNotRegisteredError(KafkaError, code=102, kafka_name="BROKER_ID_NOT_REGISTERED"):
    """The broker id is not registered."""


class InconsistentTopicIdError(
    KafkaError, code=103, kafka_name="INCONSISTENT_TOPIC_ID", retriable=True, refresh_metadata=True
):
    """The topic id of the log differs from that of the request."""


class InconsistentClusterIdError(KafkaError, code=104, kafka_name="INCONSISTENT_CLUSTER_ID"):
    """The cluster id of the request is another cluster's."""


class TransactionalIdNotFoundError(KafkaError, code=105, kafka_name="TRANSACTIONAL_ID_NOT_FOUND"):
    """The transactional id does not exist."""


class FetchSessionTopicIdError(
    KafkaError, code=106, kafka_name="FETCH_SESSION_TOPIC_ID_ERROR", retriable=True
):
    """A topic id in the incremental fetch session disagrees with the request."""


class IneligibleReplicaError(KafkaError, code=107, kafka_name="INELIGIBLE_REPLICA"):
    """The replica may not join the in-sync set."""


class NewLeaderElectedError(KafkaError, code=108, kafka_name="NEW_LEADER_ELECTED"):
    """The change led to the election of another leader."""


class OffsetMovedToTieredStorageError(
    KafkaError, code=109, kafka_name="OFFSET_MOVED_TO_TIERED_STORAGE"
):
    """The offset asked for has moved to tiered storage."""


class FencedMemberEpochError(KafkaError, code=110, kafka_name="FENCED_MEMBER_EPOCH"):
    """The member's epoch was fenced by the coordinator; it has to join again."""


class UnreleasedInstanceIdError(KafkaError, code=111, kafka_name="UNRELEASED_INSTANCE_ID"):
    """The static instance id is still held by another member."""


class UnsupportedAssignorError(KafkaError, code=112, kafka_name="UNSUPPORTED_ASSIGNOR"):
    """The coordinator does not offer the assignor asked for."""


class StaleMemberEpochError(KafkaError, code=113, kafka_name="STALE_MEMBER_EPOCH"):
    """The member's epoch is older than the coordinator's; ask again with the newer."""


class MismatchedEndpointTypeError(KafkaError, code=114, kafka_name="MISMATCHED_ENDPOINT_TYPE"):
    """The request was sent to an endpoint of the wrong kind."""


class UnsupportedEndpointTypeError(KafkaError, code=115, kafka_name="UNSUPPORTED_ENDPOINT_TYPE"):
    """This kind of endpoint is not supported."""


class UnknownControllerIdError(KafkaError, code=116, kafka_name="UNKNOWN_CONTROLLER_ID"):
    """The controller id is not known."""


class UnknownSubscriptionIdError(KafkaError, code=117, kafka_name="UNKNOWN_SUBSCRIPTION_ID"):
    """The telemetry subscription id is not the one the broker gave."""


class TelemetryTooLargeError(KafkaError, code=118, kafka_name="TELEMETRY_TOO_LARGE"):
    """The telemetry pushed exceeds what the broker accepts."""


class InvalidRegistrationError(KafkaError, code=119, kafka_name="INVALID_REGISTRATION"):
    """The registration is not acceptable to the controller."""


class TransactionAbortableError(KafkaError, code=120, kafka_name="TRANSACTION_ABORTABLE"):
    """The transaction has to be aborted; after that the producer may go on."""


class InvalidRecordStateError(KafkaError, code=121, kafka_name="INVALID_RECORD_STATE"):
    """The record is not in a state that allows this acknowledgement."""


class ShareSessionNotFoundError(
    KafkaError, code=122, kafka_name="SHARE_SESSION_NOT_FOUND", retriable=True
):
    """The server no longer holds this share session."""


class InvalidShareSessionEpochError(
    KafkaError, code=123, kafka_name="INVALID_SHARE_SESSION_EPOCH", retriable=True
):
    """The epoch of the share session is not the one due."""


class FencedStateEpochError(KafkaError, code=124, kafka_name="FENCED_STATE_EPOCH"):
    """The share coordinator holds a newer state epoch."""


class InvalidVoterKeyError(KafkaError, code=125, kafka_name="INVALID_VOTER_KEY"):
    """The voter's key does not match what the quorum recorded."""


class DuplicateVoterError(KafkaError, code=126, kafka_name="DUPLICATE_VOTER"):
    """The voter is a member of the quorum."""


class VoterNotFoundError(KafkaError, code=127, kafka_name="VOTER_NOT_FOUND"):
    """The voter is not a member of the quorum."""


class InvalidRegularExpressionError(KafkaError, code=128, kafka_name="INVALID_REGULAR_EXPRESSION"):
    """The regular expression is not a valid one."""


class RebootstrapRequiredError(KafkaError, code=129, kafka_name="REBOOTSTRAP_REQUIRED"):
    """The client's metadata is too old to go on; it has to bootstrap again."""


class StreamsInvalidTopologyError(KafkaError, code=130, kafka_name="STREAMS_INVALID_TOPOLOGY"):
    """The topology of the streams group is not a valid one."""


class StreamsInvalidTopologyEpochError(
    KafkaError, code=131, kafka_name="STREAMS_INVALID_TOPOLOGY_EPOCH"
):
    """The topology epoch is not a valid one."""


class StreamsTopologyFencedError(KafkaError, code=132, kafka_name="STREAMS_TOPOLOGY_FENCED"):
    """The topology epoch is older than the group's."""


class ShareSessionLimitReachedError(
    KafkaError, code=133, kafka_name="SHARE_SESSION_LIMIT_REACHED", retriable=True
):
    """The server holds as many share sessions as it allows."""
