"""Short forms of what brokers ask the coordinator of share states."""

from typing import Any

from logcore.coordinator.share.state import ShareKey
from logcore.protocol.messages import delete_share_group_state as deleting
from logcore.protocol.messages import initialize_share_group_state as initialising
from logcore.protocol.messages import read_share_group_state as reading
from logcore.protocol.messages import read_share_group_state_summary as summing
from logcore.protocol.messages import write_share_group_state as updating
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from tests.broker.running import Running
from tests.broker.wire import Wire


def new_key(broker: Running, wire: Wire) -> ShareKey:
    """Return a key of a fresh topic, whose coordinator is there."""
    name = broker.topic()
    topic_id = broker.broker.parts.controller.image.topics_by_name[name].topic_id
    key = ShareKey(f"of {name}", topic_id, 0)
    request = FindCoordinatorRequest(key_type=2, coordinator_keys=[key.text])
    (found,) = wire.ask(request, 6).coordinators
    assert found.error_code == 0, found
    return key


def only(response: Any) -> Any:
    """Return the result of the one partition that was asked about."""
    (topic,) = response.results
    (partition,) = topic.partitions
    return partition


def initialize(wire: Wire, key: ShareKey, epoch: int = 1, offset: int = -1) -> Any:
    data = initialising.PartitionData(
        partition=key.partition, state_epoch=epoch, start_offset=offset
    )
    topic = initialising.InitializeStateData(topic_id=key.topic_id, partitions=[data])
    request = initialising.InitializeShareGroupStateRequest(group_id=key.group_id, topics=[topic])
    return only(wire.ask(request, 0))


def write(
    wire: Wire, key: ShareKey, *batches: tuple[int, int, int, int], version: int = 1, **given: int
) -> Any:
    data = updating.PartitionData(
        partition=key.partition,
        state_epoch=given.pop("state_epoch", 1),
        state_batches=[
            updating.StateBatch(
                first_offset=first, last_offset=last, delivery_state=state, delivery_count=count
            )
            for first, last, state, count in batches
        ],
        **given,
    )
    topic = updating.WriteStateData(topic_id=key.topic_id, partitions=[data])
    request = updating.WriteShareGroupStateRequest(group_id=key.group_id, topics=[topic])
    return only(wire.ask(request, version))


def read(wire: Wire, key: ShareKey, leader_epoch: int = 0) -> Any:
    data = reading.PartitionData(partition=key.partition, leader_epoch=leader_epoch)
    topic = reading.ReadStateData(topic_id=key.topic_id, partitions=[data])
    request = reading.ReadShareGroupStateRequest(group_id=key.group_id, topics=[topic])
    return only(wire.ask(request, 0))


def summary(wire: Wire, key: ShareKey, version: int = 1) -> Any:
    data = summing.PartitionData(partition=key.partition)
    topic = summing.ReadStateSummaryData(topic_id=key.topic_id, partitions=[data])
    request = summing.ReadShareGroupStateSummaryRequest(group_id=key.group_id, topics=[topic])
    return only(wire.ask(request, version))


def delete(wire: Wire, key: ShareKey) -> Any:
    data = deleting.PartitionData(partition=key.partition)
    topic = deleting.DeleteStateData(topic_id=key.topic_id, partitions=[data])
    request = deleting.DeleteShareGroupStateRequest(group_id=key.group_id, topics=[topic])
    return only(wire.ask(request, 0))
