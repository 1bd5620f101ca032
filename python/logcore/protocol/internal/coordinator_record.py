"""Keys and values of coordinators' topics: a type before each key, a version before each value.

Invariant: a key's type decides the class of both; keys are always written in version 0. A value of
None, a tombstone, never comes here.
Neighbours: the modules named in the tables declare the records; `versioned` frames values.
"""

import importlib
import struct
from typing import TYPE_CHECKING, Final

from logcore.protocol.errors import MalformedMessageError, UnknownRecordTypeError
from logcore.protocol.internal import versioned
from logcore.protocol.schema import Message

if TYPE_CHECKING:
    from typing_extensions import Buffer

_CLASSIC: Final = "logcore.protocol.internal.classic_group"
_CONSUMER: Final = "logcore.protocol.internal.consumer_group"
_SHARE: Final = "logcore.protocol.internal.share_group"
_STREAMS: Final = "logcore.protocol.internal.streams_group"
_TRANSACTION: Final = "logcore.protocol.internal.transaction"
_SHARE_STATE: Final = "logcore.protocol.internal.share"

_TYPE: Final = struct.Struct(">h")
_KEY_VERSION: Final = 0


class RecordTypes:
    """The types of record of one topic; their modules are imported when a record is first seen.

    Attributes:
        stems: Type -> module, and the records' names without ``Key`` and ``Value``.
    """

    def __init__(self, stems: dict[int, tuple[str, str]]) -> None:
        self.stems = stems
        self._classes: dict[int, tuple[type[Message], type[Message]]] = {}

    def classes(self, record_type: int) -> tuple[type[Message], type[Message]]:
        """Return the classes of key and value of a type.

        Raises:
            UnknownRecordTypeError: If the topic has no such type.
        """
        found = self._classes.get(record_type)
        if found is None:
            if record_type not in self.stems:
                raise UnknownRecordTypeError(f"no record of a coordinator has type {record_type}")
            name, stem = self.stems[record_type]
            module = importlib.import_module(name)
            found = (getattr(module, stem + "Key"), getattr(module, stem + "Value"))
            self._classes[record_type] = found
        return found


GROUP_RECORDS: Final = RecordTypes(
    {
        0: (_CLASSIC, "LegacyOffsetCommit"),
        1: (_CLASSIC, "OffsetCommit"),
        2: (_CLASSIC, "GroupMetadata"),
        3: (_CONSUMER, "ConsumerGroupMetadata"),
        4: (_CONSUMER, "ConsumerGroupPartitionMetadata"),
        5: (_CONSUMER, "ConsumerGroupMemberMetadata"),
        6: (_CONSUMER, "ConsumerGroupTargetAssignmentMetadata"),
        7: (_CONSUMER, "ConsumerGroupTargetAssignmentMember"),
        8: (_CONSUMER, "ConsumerGroupCurrentMemberAssignment"),
        10: (_SHARE, "ShareGroupMemberMetadata"),
        11: (_SHARE, "ShareGroupMetadata"),
        12: (_SHARE, "ShareGroupTargetAssignmentMetadata"),
        13: (_SHARE, "ShareGroupTargetAssignmentMember"),
        14: (_SHARE, "ShareGroupCurrentMemberAssignment"),
        15: (_SHARE, "ShareGroupStatePartitionMetadata"),
        16: (_CONSUMER, "ConsumerGroupRegularExpression"),
        17: (_STREAMS, "StreamsGroupMetadata"),
        19: (_STREAMS, "StreamsGroupMemberMetadata"),
        20: (_STREAMS, "StreamsGroupTargetAssignmentMetadata"),
        21: (_STREAMS, "StreamsGroupTargetAssignmentMember"),
        22: (_STREAMS, "StreamsGroupCurrentMemberAssignment"),
        23: (_STREAMS, "StreamsGroupTopology"),
    }
)
"""The records of `__consumer_offsets`."""

TRANSACTION_RECORDS: Final = RecordTypes({0: (_TRANSACTION, "TransactionLog")})
"""The records of `__transaction_state`."""

SHARE_RECORDS: Final = RecordTypes(
    {0: (_SHARE_STATE, "ShareSnapshot"), 1: (_SHARE_STATE, "ShareUpdate")}
)
"""The records of `__share_group_state`."""


def encode_key(key: Message) -> bytes:
    """Write a key behind its type; raises as `Message.encode`."""
    return b"".join(key.encode(_KEY_VERSION, _TYPE.pack(key.API_KEY)))


def decode_key(data: "Buffer", records: RecordTypes = GROUP_RECORDS) -> Message:
    """Read a key.

    Args:
        data: Type and key.
        records: The types of the topic it comes from.

    Returns:
        The key; its class tells its type.

    Raises:
        MalformedMessageError: If the bytes are no key of their type.
        UnknownRecordTypeError: If the topic has no such type.
    """
    try:
        (record_type,) = _TYPE.unpack_from(data)
    except struct.error as error:
        raise MalformedMessageError(f"type of a record: {error}") from None
    key_class, _ = records.classes(record_type)
    return key_class.decode(data, _KEY_VERSION, _TYPE.size)


def encode_value(value: Message, version: int) -> bytes:
    """Write a value behind its version; raises as `Message.encode`."""
    return versioned.encode(value, version)


def decode_value(key: Message, data: "Buffer", records: RecordTypes = GROUP_RECORDS) -> Message:
    """Read a value.

    Args:
        key: The key that it belongs to.
        data: Version and value.
        records: The types of the topic it comes from.

    Raises:
        MalformedMessageError: If the bytes are no value of the key's type.
        UnsupportedVersionError: If the value is of a version that we do not know.
    """
    _, value_class = records.classes(key.API_KEY)
    return versioned.decode(value_class, data)
