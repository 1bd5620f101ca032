"""Which share partitions are in use: they come with fetches, and go with sessions and topics."""

import pytest

from logcore.broker.share.sessions import SessionKey, TopicPartition
from logcore.common.errors import UnknownTopicOrPartitionError
from logcore.coordinator.share.state import ShareKey
from tests.broker.share.test_live import ack, held
from tests.broker.share.worlds import GROUP, TOPIC_ID, Peer, World

ONE, TWO = SessionKey(GROUP, "m"), SessionKey(GROUP, "n")
ZERO = TopicPartition(TOPIC_ID, 0)


def open_session(world: World, key: SessionKey = ONE) -> Peer:
    peer = Peer()
    world.shares.open_session(key, [ZERO], peer, acknowledges=False)  # type: ignore[arg-type]
    return peer


def test_one_of_a_key():
    world = World(2)
    assert world.get() is world.get()
    assert world.get(1) is not world.get()
    with pytest.raises(UnknownTopicOrPartitionError):
        world.get(2)
    with pytest.raises(UnknownTopicOrPartitionError):
        world.shares.get(ShareKey(GROUP, b"x" * 16, 0))


def test_another_leader_epoch_is_another():
    world = World()
    live = world.get()
    world.replicas.partitions[0].leader_epoch = 4
    assert world.get() is not live
    assert live.is_dropped


def test_one_whose_state_was_replaced_is_read_anew():
    world = World()
    live = held(world)
    world.shares.forget(world.key())
    world.shares.forget(world.key(1))
    assert world.get() is not live
    assert len(world.shares) == 1


def test_nothing_was_acquired_from_it():
    world = World()
    done = world.shares.acknowledge(world.key(), "m", ack(0, 9))
    assert isinstance(done.error, UnknownTopicOrPartitionError)
    held(world)
    assert world.shares.acknowledge(world.key(), "m", ack(0, 9)).value() is None
    assert world.shares.acknowledge(world.key(), "m", ack(5, 19)).error is not None


def test_a_session_that_ends_gives_back_and_lets_go():
    world = World()
    open_session(world)
    held(world)
    world.shares.end_session(ONE)
    assert world.persister.changes[0].batches == ((0, 9, 0, 1),)
    assert len(world.shares) == 0
    world.shares.end_session(ONE)


def test_others_keep_it():
    world = World()
    open_session(world)
    open_session(world, TWO)
    held(world)
    world.shares.end_session(ONE)
    assert len(world.shares) == 1


def test_a_change_under_way_keeps_it_until_it_is_kept():
    world = World()
    open_session(world)
    live = held(world)
    world.persister.waits = True
    live.acknowledge("m", ack(0, 4))
    world.shares.end_session(ONE)
    assert len(world.shares) == 1
    world.persister.go_on()
    assert len(world.shares) == 0


def test_a_connection_that_closes_ends_its_session():
    world = World()
    peer = open_session(world)
    held(world)
    peer.close()
    assert len(world.shares.sessions) == 0
    assert len(world.persister.changes) == 1


def test_the_connection_of_an_earlier_session_ends_nothing():
    world = World()
    peer = open_session(world)
    open_session(world)
    assert peer.callbacks == {}
    peer.close()
    assert len(world.shares.sessions) == 1


def test_deleted_topics_go():
    world = World(2)
    live = world.get()
    world.get(1)
    world.shares.forget_topics([b"other" + bytes(11)])
    assert len(world.shares) == 2
    world.shares.forget_topics([TOPIC_ID])
    assert len(world.shares) == 0
    assert live.is_dropped
