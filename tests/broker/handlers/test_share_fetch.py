"""ShareFetch: acquiring, sessions, limits, waiting, what is free again, and codes."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.alter_client_quotas import (
    AlterClientQuotasRequest,
    EntityData,
    OpData,
    RequestEntryData,
)
from tests.broker.batches import batch
from tests.broker.handlers.asking import produce
from tests.broker.handlers.sharing import Sharer, acquired, share_group, topic_id_of
from tests.broker.handlers.transacting import Producer
from tests.broker.running import Running, running_broker
from tests.eventually import eventually

ACCEPT, RELEASE, REJECT = [1], [2], [3]
TEN = batch([b"v"] * 10)


def sharer(broker: Running, batches: int = 1, **configs: Any) -> tuple[str, Sharer]:
    topic = broker.topic()
    for _ in range(batches):
        assert produce(broker.wire(), topic, TEN).error_code == 0
    group = share_group(broker, topic, **configs)
    return topic, Sharer(broker.wire(), group, topic_id_of(broker, topic))


def another(broker: Running, one: Sharer, name: str = "another") -> Sharer:
    return Sharer(broker.wire(), one.group, one.topic_id, name)


@pytest.mark.parametrize("version", [1, 2])
def test_records_are_acquired_once(broker: Running, version: int):
    _, one = sharer(broker)
    two = another(broker, one)
    one.version = two.version = version
    answer = one.fetch()
    partition = answer.responses[0].partitions[0]
    assert acquired(answer) == [(0, 9, 1)]
    assert len(partition.records) == len(TEN)
    assert answer.acquisition_lock_timeout_ms == 30_000
    assert two.acquire() == []
    assert one.acquire() == []
    assert one.acknowledge((0, 9, ACCEPT)) == 0


def test_what_is_released_is_delivered_again(broker: Running):
    _, one = sharer(broker)
    assert one.acquire() == [(0, 9, 1)]
    assert one.acquire({0: [(0, 3, ACCEPT), (4, 5, RELEASE), (6, 9, ACCEPT)]}) == [(4, 5, 2)]
    assert one.acquire({0: [(4, 5, ACCEPT)]}) == []


def test_only_the_batches_of_acquired_records_are_sent(broker: Running):
    _, one = sharer(broker, 3)
    answer = one.fetch(max_records=5)
    assert acquired(answer) == [(0, 9, 1)]
    assert len(answer.responses[0].partitions[0].records) == len(TEN)


def test_a_record_limit_is_exact(broker: Running):
    _, one = sharer(broker, 2)
    assert one.acquire(max_records=4, share_acquire_mode=1) == [(0, 3, 1)]
    assert one.acquire(max_records=9, share_acquire_mode=1) == [(4, 9, 1), (10, 12, 1)]
    assert one.fetch(share_acquire_mode=7).error_code == 42


def test_pieces_are_cut_at_batches(broker: Running):
    _, one = sharer(broker, 3)
    assert one.acquire(batch_size=10) == [(0, 9, 1), (10, 19, 1), (20, 29, 1)]


def test_locks_are_limited(broker: Running):
    _, one = sharer(broker, 20, share_partition_max_record_locks="100")
    assert one.acquire() == [(0, 99, 1)]
    assert one.acquire() == []
    assert one.acquire({0: [(0, 49, ACCEPT)]}) == [(100, 149, 1)]


def test_a_fetch_waits_for_records(broker: Running):
    topic, one = sharer(broker, 0)
    one.send(max_wait_ms=15_000)
    timer = threading.Timer(0.1, lambda: produce(broker.wire(), topic, TEN))
    timer.start()
    began = time.monotonic()
    assert acquired(one.wire.receive(ApiKey.SHARE_FETCH, 2)) == [(0, 9, 1)]
    assert time.monotonic() - began < 10
    timer.join()


def test_a_fetch_waits_for_a_release(broker: Running):
    _, one = sharer(broker)
    two = another(broker, one)
    one.acquire()
    two.send(max_wait_ms=15_000)
    one.acknowledge((0, 9, RELEASE))
    assert acquired(two.wire.receive(ApiKey.SHARE_FETCH, 2)) == [(0, 9, 2)]


def test_a_fetch_waits_in_vain(broker: Running):
    _, one = sharer(broker, 0)
    answer = one.fetch(max_wait_ms=50)
    assert [len(each.partitions) for each in answer.responses] == [1]
    assert one.fetch(max_wait_ms=50).responses == []


def test_a_connection_that_closes_frees_its_records(broker: Running):
    _, one = sharer(broker)
    two = another(broker, one)
    one.acquire()
    two.send(max_wait_ms=15_000)
    one.wire.close()
    assert acquired(two.wire.receive(ApiKey.SHARE_FETCH, 2)) == [(0, 9, 2)]


def test_a_session_that_ends_frees_its_records(broker: Running):
    _, one = sharer(broker)
    two = another(broker, one)
    one.acquire()
    assert one.close().error_code == 0
    assert two.acquire() == [(0, 9, 2)]
    assert one.close().error_code == 122


def test_epochs_of_sessions(broker: Running):
    _, one = sharer(broker)
    one.epoch = 3
    assert one.fetch().error_code == 122
    one.epoch = 0
    assert one.fetch({0: [(0, 9, ACCEPT)]}).error_code == 42
    assert one.fetch().error_code == 0
    one.epoch = 5
    assert one.fetch().error_code == 123
    one.epoch = 1
    assert one.fetch().error_code == 0


def test_requests_that_cannot_be(broker: Running):
    _, one = sharer(broker)
    assert one.wire.ask(one.request(), 2).error_code == 0
    one.member = ""
    assert one.fetch().error_code == 42
    one.member = "m" * 37
    assert one.fetch().error_code == 42


def test_unknown_topics_and_partitions(broker: Running):
    _, one = sharer(broker)
    one.partitions = (0, 7)
    answer = one.fetch()
    codes = {each.partition_index: each.error_code for each in answer.responses[0].partitions}
    assert codes == {0: 0, 7: 3}
    lost = Sharer(broker.wire(), one.group, b"\7" * 16)
    assert lost.fetch().responses[0].partitions[0].error_code == 100


def test_what_is_handed_out_too_often_is_archived(broker: Running):
    _, one = sharer(broker, 2, share_delivery_count_limit="2")
    assert one.acquire(max_records=10) == [(0, 9, 1)]
    assert one.acquire({0: [(0, 9, RELEASE)]}, max_records=10) == [(0, 9, 2)]
    assert one.acquire({0: [(0, 9, RELEASE)]}) == [(10, 19, 1)]


def test_a_renewal_fetches_nothing(broker: Running):
    _, one = sharer(broker, 2)
    assert one.acquire(max_records=10) == [(0, 9, 1)]
    nothing = {"max_bytes": 0, "min_bytes": 0, "max_records": 0, "max_wait_ms": 0}
    answer = one.fetch({0: [(0, 9, [4])]}, is_renew_ack=True, **nothing)
    assert answer.error_code == 0
    assert acquired(answer) == []
    assert answer.responses[0].partitions[0].acknowledge_error_code == 0
    assert one.fetch({0: [(0, 9, [4])]}, is_renew_ack=True).error_code == 42


def test_where_a_group_begins(broker: Running):
    topic = broker.topic()
    produce(broker.wire(), topic, TEN)
    group = share_group(broker, topic, share_auto_offset_reset="latest")
    one = Sharer(broker.wire(), group, topic_id_of(broker, topic))
    assert one.acquire() == []
    produce(broker.wire(), topic, TEN)
    assert one.acquire(max_wait_ms=5_000) == [(10, 19, 1)]
    ago = share_group(broker, topic, share_auto_offset_reset="by_duration:PT1H")
    late = Sharer(broker.wire(), ago, topic_id_of(broker, topic))
    assert late.acquire() == [(0, 19, 1)] or late.acquire() == []
    third = share_group(broker, topic, start=15)
    assert Sharer(broker.wire(), third, topic_id_of(broker, topic)).acquire() == [(15, 19, 1)]


def joined(ranges: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    for first, last, count in ranges:
        is_next = found and found[-1][1] + 1 == first
        found.append((found.pop()[0] if is_next else first, last, count))
    return found


@pytest.mark.parametrize(
    ("isolation", "ranges"),
    [
        ("read_uncommitted", [(0, 5, 1)]),
        ("read_committed", [(0, 0, 1), (2, 5, 1)]),
    ],
)
def test_aborted_records_are_nobodys(
    broker: Running, isolation: str, ranges: list[tuple[int, int, int]]
):
    topic = broker.topic()
    produce(broker.wire(), topic, batch([b"first"]))
    producer = Producer(broker)
    for is_commit in (False, True):
        assert producer.init() == 0
        assert producer.write(topic, b"transactional").error_code == 0
        assert producer.end(is_commit=is_commit) == 0
    produce(broker.wire(), topic, batch([b"last"]))
    group = share_group(broker, topic, share_isolation_level=isolation)
    one = Sharer(broker.wire(), group, topic_id_of(broker, topic))
    found = [each for _ in range(5) for each in one.acquire(max_wait_ms=50)]  # by segments
    assert joined(found) == ranges
    assert one.acknowledge(*[(first, last, ACCEPT) for first, last, _ in ranges]) == 0
    assert one.acquire(max_wait_ms=50) == []


def test_open_transactions_are_waited_for(broker: Running):
    topic = broker.topic()
    producer = Producer(broker)
    producer.init()
    producer.write(topic, b"open")
    group = share_group(broker, topic, share_isolation_level="read_committed")
    one = Sharer(broker.wire(), group, topic_id_of(broker, topic))
    assert one.acquire(max_wait_ms=50) == []
    one.send(max_wait_ms=15_000)
    producer.end(is_commit=True)
    assert acquired(one.wire.receive(ApiKey.SHARE_FETCH, 2)) == [(0, 0, 1)]


def test_a_client_over_its_quota_waits_for_more(broker: Running):
    _, one = sharer(broker, 50)
    entity = EntityData(entity_type="client-id", entity_name="greedy")
    changes = [OpData(key="consumer_byte_rate", value=100.0)]
    request = AlterClientQuotasRequest(entries=[RequestEntryData(entity=[entity], ops=changes)])
    assert broker.wire().ask(request, 1).entries[0].error_code == 0
    one.wire = broker.wire("greedy")
    waits = (one.fetch(max_records=10).throttle_time_ms for _ in range(20))
    assert any(waits)  # the first of them; the next request would not be read before its end


def test_sessions_are_limited(tmp_path: Path):
    with running_broker(tmp_path, group_share_max_share_sessions="1") as broker:
        _, one = sharer(broker)
        two = another(broker, one)
        assert one.acquire() == [(0, 9, 1)]
        began = time.monotonic()
        assert two.fetch(max_wait_ms=200).error_code == 133
        assert time.monotonic() - began > 0.15
        one.wire.close()
        while (answer := two.fetch(max_wait_ms=20)).error_code == 133:
            assert time.monotonic() - began < 10
        assert acquired(answer) == [(0, 9, 2)]


def test_who_is_refused_for_want_of_sessions_leaves_nothing_behind(tmp_path: Path):
    with running_broker(tmp_path, group_share_max_share_sessions="1") as broker:
        _, one = sharer(broker)
        two = another(broker, one)
        assert one.acquire() == [(0, 9, 1)]
        purgatory = broker.broker.parts.purgatory
        before = broker.call(lambda: purgatory.count)
        two.send(max_wait_ms=2**31 - 1)
        eventually(lambda: broker.call(lambda: purgatory.count) == before + 1)
        two.wire.close()
        eventually(lambda: broker.call(lambda: purgatory.count) == before)
