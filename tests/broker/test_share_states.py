"""Share states as groups see them: the topic is made when a state begins, and not before."""

import threading
from pathlib import Path

from logcore.broker.share_states import LocalShareStates
from logcore.common.errors import NotCoordinatorError, UnknownTopicOrPartitionError
from logcore.coordinator.share.state import ShareKey
from tests.broker.running import Running, running_broker

TOPIC = "__share_group_state"


def states_of(broker: Running) -> LocalShareStates:
    parts = broker.broker.parts
    return LocalShareStates(parts.share_states, parts, parts.replicas)


def test_from_nothing_to_a_state_and_back(tmp_path: Path):
    with running_broker(tmp_path) as broker:
        parts, states = broker.broker.parts, states_of(broker)
        topic = broker.topic()
        key = ShareKey("g", parts.controller.image.topics_by_name[topic].topic_id, 0)
        assert isinstance(broker.call(states.summary, key).error, NotCoordinatorError)
        assert isinstance(broker.call(states.delete, key).error, NotCoordinatorError)
        assert TOPIC not in parts.controller.image.topics_by_name
        begun = broker.call(states.initialise, key, 1, 5)
        is_done = threading.Event()
        broker.call(begun.then, lambda _: is_done.set())
        assert is_done.wait(20)
        assert begun.value() is None
        assert broker.call(states.summary, key).value().start_offset == 5
        assert broker.call(states.end_offset, topic, 0) == 0
        broker.call(states.delete, key).value()
        assert broker.call(states.summary, key).value() is None
        unknown = broker.call(states.initialise, key._replace(partition=9), 1, 5)
        assert isinstance(unknown.error, UnknownTopicOrPartitionError)
