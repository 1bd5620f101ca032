"""TxnOffsetCommit: offsets that count from the end of their transaction on."""

import pytest

from logcore.broker.authorizer import Operation, ResourceType
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from tests.broker.handlers.refusing import on_topic, refusing
from tests.broker.handlers.transacting import Producer, offset_of
from tests.broker.running import NAMES, Running, running_broker

KINDS = pytest.mark.parametrize("adds", [True, False], ids=["version 2", "version 1"])
UNSTABLE = 88


@pytest.fixture
def group(broker: Running) -> str:
    broker.wire().ask(FindCoordinatorRequest(coordinator_keys=["g"]), 6)
    return f"group-{next(NAMES)}"


def begin(broker: Running, group: str, *, adds: bool = True) -> Producer:
    producer = Producer(broker, adds=adds)
    assert producer.init() == 0
    if not adds:
        assert producer.add_group(group) == 0
    return producer


@KINDS
@pytest.mark.parametrize("is_commit", [True, False])
def test_offsets_count_once_their_transaction_commits(
    broker: Running, group: str, adds: bool, is_commit: bool
):
    topic = broker.topic()
    producer = begin(broker, group, adds=adds)
    assert producer.commit_offset(group, topic, 7) == 0
    assert offset_of(broker, group, topic) == (-1, 0)
    assert offset_of(broker, group, topic, require_stable=True) == (-1, UNSTABLE)
    assert producer.end(is_commit=is_commit) == 0
    expected = (7 if is_commit else -1, 0)
    assert offset_of(broker, group, topic) == expected
    assert offset_of(broker, group, topic, require_stable=True) == expected


@pytest.mark.parametrize("version", range(5))
def test_older_versions_have_to_add_the_group_first(broker: Running, group: str, version: int):
    topic = broker.topic()
    producer = Producer(broker, adds=False)
    assert producer.init() == 0
    assert producer.commit_offset(group, topic, 1, version) == (120 if version >= 4 else 48)
    assert producer.add_group(group) == 0
    assert producer.commit_offset(group, topic, 1, version) == 0


def test_the_later_of_two_counts(broker: Running, group: str):
    topic = broker.topic()
    first, second = begin(broker, group), begin(broker, group)
    assert first.commit_offset(group, topic, 5) == 0
    assert second.commit_offset(group, topic, 9) == 0
    assert second.end(is_commit=True) == 0
    assert offset_of(broker, group, topic, require_stable=True) == (-1, UNSTABLE)
    assert first.end(is_commit=True) == 0
    assert offset_of(broker, group, topic, require_stable=True) == (9, 0)


def test_a_zombie_commits_nothing(broker: Running, group: str):
    topic = broker.topic()
    producer = begin(broker, group)
    assert producer.commit_offset(group, topic, 5) == 0
    newer = Producer(broker, producer.name)
    assert (newer.init(), newer.init()) == (51, 0)
    assert producer.commit_offset(group, topic, 6) == 47
    assert offset_of(broker, group, topic, require_stable=True) == (-1, 0)


def test_a_generation_that_is_none(broker: Running, group: str):
    producer = begin(broker, group)
    told = producer.commit_offset(group, broker.topic(), 5, generation_id=3, member_id="m")
    assert told == 22


def test_who_may_not_and_what_is_not_there(broker: Running, group: str):
    topic = broker.topic()
    producer = begin(broker, group)
    assert producer.commit_offset(group, "nowhere", 5) == 3
    with refusing(broker, on_topic(Operation.READ, topic)):
        assert producer.commit_offset(group, topic, 5) == 29
    with refusing(broker, (Operation.READ, ResourceType.GROUP, group)):
        assert producer.commit_offset(group, topic, 5) == 30
    with refusing(broker, (Operation.WRITE, ResourceType.TRANSACTIONAL_ID, producer.name)):
        assert producer.commit_offset(group, topic, 5) == 53


def test_pending_offsets_live_through_a_restart(tmp_path):
    with running_broker(tmp_path) as running:
        running.wire().ask(FindCoordinatorRequest(coordinator_keys=["g"]), 6)
        topic = running.topic()
        producer = begin(running, "g")
        assert producer.commit_offset("g", topic, 7) == 0
        identity = (producer.name, producer.producer_id, producer.epoch)
    with running_broker(tmp_path) as running:
        assert offset_of(running, "g", topic, require_stable=True) == (-1, UNSTABLE)
        producer = Producer(running, identity[0])
        _, producer.producer_id, producer.epoch = identity
        assert producer.end(is_commit=True) == 0
        assert offset_of(running, "g", topic, require_stable=True) == (7, 0)
    with running_broker(tmp_path) as running:
        assert offset_of(running, "g", topic, require_stable=True) == (7, 0)
