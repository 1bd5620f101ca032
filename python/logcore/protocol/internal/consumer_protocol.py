"""What members of a classic consumer group tell each other: subscriptions and assignments.

Structs named alike in Kafka's tables, here by their owner:
ConsumerProtocolAssignmentTopicPartition, ConsumerProtocolSubscriptionTopicPartition.

Invariant: names, versions, defaults and order of fields are Kafka's.
Neighbours: `encode` of these goes behind a version of 16 bits, as `coordinator_record.encode_value`
writes it.
"""

from logcore.protocol.schema import Message, Struct
from logcore.protocol.types import Bytes, array, binary, int32, string


class ConsumerProtocolSubscriptionTopicPartition(Struct):
    topic: str = string("1+")
    partitions: list[int] = array(int32, "1+")


class ConsumerProtocolSubscription(Message, versions="0-3"):
    topics: list[str] = array(string, "0+")
    user_data: Bytes | None = binary("0+", nullable="0+", default=None)
    owned_partitions: list[ConsumerProtocolSubscriptionTopicPartition] = array(
        ConsumerProtocolSubscriptionTopicPartition, "1+", ignorable=True
    )
    generation_id: int = int32("2+", default=-1, ignorable=True)
    rack_id: str | None = string("3+", nullable="3+", default=None, ignorable=True)


class ConsumerProtocolAssignmentTopicPartition(Struct):
    topic: str = string("0+")
    partitions: list[int] = array(int32, "0+")


class ConsumerProtocolAssignment(Message, versions="0-3"):
    assigned_partitions: list[ConsumerProtocolAssignmentTopicPartition] = array(
        ConsumerProtocolAssignmentTopicPartition, "0+"
    )
    user_data: Bytes | None = binary("0+", nullable="0+", default=None)
