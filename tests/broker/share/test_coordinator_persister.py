"""The persister over a real share coordinator: what is written is read, and fenced."""

import pytest

from logcore.broker.share.coordinator_persister import CoordinatorPersister
from logcore.broker.share.persister import ShareChange, ShareState
from logcore.common.errors import FencedStateEpochError, KafkaError
from logcore.coordinator.share.batches import StateBatch
from logcore.coordinator.share.state import ShareKey
from tests.broker.handlers.sharing import begin_state, topic_id_of
from tests.broker.running import Running


def test_what_is_written_is_read(broker: Running):
    topic = broker.topic()
    topic_id = topic_id_of(broker, topic)
    begin_state(broker.wire(), "kept", topic_id, 1, 5)
    persister = CoordinatorPersister(broker.broker.parts.share_states)
    key = ShareKey("kept", topic_id, 0)

    def read() -> ShareState:
        kept: ShareState = broker.call(lambda: persister.read(key, 0)).value()
        return kept

    def write(state_epoch: int) -> None:
        change = ShareChange(state_epoch, 0, 7, 1, (StateBatch(8, 8, 2, 1),))
        broker.call(lambda: persister.write(key, change)).value()

    assert read() == ShareState(0, 5, ())
    write(0)
    assert read() == ShareState(0, 7, (StateBatch(8, 8, 2, 1),))
    begin_state(broker.wire(), "kept", topic_id, 1, 5)
    with pytest.raises(FencedStateEpochError):
        write(-5)
    unknown = ShareKey("kept", b"x" * 16, 0)
    with pytest.raises(KafkaError):
        broker.call(lambda: persister.read(unknown, 0)).value()
