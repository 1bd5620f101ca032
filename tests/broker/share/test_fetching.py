"""A fetch's search: enough bytes, turns of partitions, errors, logs that move."""

from typing import Any

from logcore.broker.share.fetching import ShareAsk, ShareFetch, failed
from logcore.broker.share.sessions import TopicPartition
from logcore.common.errors import KafkaStorageError, UnknownTopicIdError
from tests.broker.share.logs import header
from tests.broker.share.worlds import GROUP, TOPIC_ID, World

ONE = len(header(0, 0))


def search(world: World, *indexes: int, **options: Any) -> ShareFetch:
    told: dict[str, Any] = {
        "group_id": GROUP,
        "member_id": "m",
        "epoch": 1,
        "max_records": 500,
        "batch_size": 500,
        "is_record_limit": False,
        "min_bytes": 1,
        "max_bytes": 1 << 20,
    }
    wanted = {TopicPartition(TOPIC_ID, index): "topic" for index in indexes}
    return ShareFetch(world.shares, ShareAsk(**(told | options)), wanted)


def found(fetch: ShareFetch) -> dict[int, list[tuple[int, int]]]:
    return {
        each.partition: [(one.first_offset, one.last_offset) for one in data.acquired_records]
        for each, data in fetch.results.items()
    }


def ready(world: World) -> World:
    """Read what is kept of every partition."""
    for index in range(len(world.replicas.logs)):
        world.get(index)
    world.scheduler.run_soon()
    return world


def test_there_is_nothing_until_there_is():
    world = World()
    fetch = search(world, 0)
    assert not fetch.try_complete()
    world.replicas.logs[0].append(3)
    assert fetch.try_complete()
    assert found(fetch) == {0: [(0, 2)]}


def test_min_bytes_are_waited_for_but_not_for_ever():
    world = World()
    fetch = search(world, 0, min_bytes=2 * ONE)
    world.replicas.logs[0].append(1)
    assert not fetch.try_complete()
    assert fetch.try_complete(is_last=True)
    assert found(fetch) == {0: [(0, 0)]}


def test_partitions_take_turns():
    world = World(3)
    ready(world)
    for log in world.replicas.logs:
        log.append(5)
    for epoch, first in ((1, 1), (2, 2), (3, 0)):
        fetch = search(world, 0, 1, 2, epoch=epoch, max_records=5)
        assert fetch.try_complete()
        assert found(fetch) == {first: [(0, 4)]}


def test_bytes_are_shared():
    world = ready(World(2))
    for log in world.replicas.logs:
        for _ in range(10):
            log.append(1)
    fetch = search(world, 0, 1, max_bytes=4 * ONE)
    assert fetch.try_complete()
    assert found(fetch) == {0: [(0, 1)], 1: [(0, 1)]}


def test_a_full_window_is_not_read():
    world = World()
    world.settings = world.settings._replace(record_locks=5)
    world.replicas.logs[0].append(5)
    world.replicas.logs[0].append(5)
    assert search(world, 0).try_complete()
    assert not search(world, 0).try_complete(is_last=True)


def test_a_state_under_way_is_waited_for():
    world = World()
    world.persister.waits = True
    world.replicas.logs[0].append(5)
    fetch = search(world, 0)
    assert not fetch.try_complete()
    world.persister.go_on()
    assert fetch.try_complete()


def test_one_state_is_read_in_a_turn():
    world = World(2)
    for log in world.replicas.logs:
        log.append(5)
    fetch = search(world, 0, 1, epoch=0)
    assert fetch.try_complete()
    assert found(fetch) == {0: [(0, 4)]}
    world.scheduler.run_soon()
    fetch = search(world, 0, 1, epoch=1)
    assert fetch.try_complete()
    assert found(fetch) == {1: [(0, 4)]}


def test_a_state_that_fails_is_told():
    world = World()
    world.persister.states.clear()
    fetch = search(world, 0)
    assert fetch.try_complete()
    assert next(iter(fetch.results.values())).error_code == -1


def test_a_dropped_state_is_looked_for_again():
    world = World()
    fetch = search(world, 0)
    assert not fetch.try_complete()
    world.shares.close()
    world.scheduler.run_soon()
    world.replicas.logs[0].append(5)
    assert fetch.try_complete()
    assert found(fetch) == {0: [(0, 4)]}


def test_a_log_that_fails_is_told():
    world = ready(World(2))
    world.replicas.logs[0].append(5)
    world.replicas.logs[0].error = KafkaStorageError("gone")
    world.replicas.logs[1].append(5)
    fetch = search(world, 0, 1)
    assert fetch.try_complete()
    assert {each.partition: data.error_code for each, data in fetch.results.items()} == {
        0: 56,
        1: 0,
    }
    assert [str(partition) for partition, _ in world.replicas.failures] == ["topic-0"]
    assert search(world, 7).try_complete()


def test_a_log_that_begins_later():
    world = World()
    log = world.replicas.logs[0]
    log.append(5)
    log.append(5)
    world.get()
    log.start_offset = 7
    fetch = search(world, 0)
    assert fetch.try_complete()
    assert found(fetch) == {0: [(7, 9)]}


def test_what_is_watched():
    world = World()
    assert search(world, 0).keys() == [("topic", 0), world.key()]


def test_a_partition_that_cannot_be_read():
    data = failed(4, UnknownTopicIdError("no such topic"))
    assert (data.partition_index, data.error_code, data.error_message) == (4, 100, "no such topic")
