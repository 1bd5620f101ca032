"""ShareAcknowledge: types, sessions, renewals, and ranges that cannot be."""

import pytest

from tests.broker.handlers.asking import produce
from tests.broker.handlers.sharing import Range, Sharer, share_group, topic_id_of
from tests.broker.handlers.test_share_fetch import TEN, sharer
from tests.broker.running import Running

FAR = 2**63 - 1


@pytest.mark.parametrize("version", [1, 2])
def test_each_type(broker: Running, version: int):
    _, one = sharer(broker)
    one.version = version
    one.acquire()
    assert one.acknowledge((0, 3, [1, 2, 3, 0]), (4, 9, [1])) == 0
    assert one.acquire() == [(1, 1, 2)]


def test_the_answer_tells_how_long_a_lock_is(broker: Running):
    _, one = sharer(broker, share_record_lock_duration_ms="20000")
    one.acquire()
    answer = one.wire.ask(one.acknowledge_request((0, 9, [1])), 2)
    assert answer.acquisition_lock_timeout_ms == 20_000


def test_epochs_of_sessions(broker: Running):
    _, one = sharer(broker)
    one.acquire()
    assert one.wire.ask(one.acknowledge_request((0, 9, [1]), epoch=0), 2).error_code == 123
    assert one.wire.ask(one.acknowledge_request((0, 9, [1]), epoch=7), 2).error_code == 123
    one.member = "nobody"
    assert one.wire.ask(one.acknowledge_request((0, 9, [1])), 2).error_code == 122
    assert one.close().error_code == 122


def test_the_last_acknowledgement_ends_the_session(broker: Running):
    _, one = sharer(broker)
    one.acquire()
    answer = one.wire.ask(one.acknowledge_request((0, 4, [1]), epoch=-1), 2)
    assert answer.responses[0].partitions[0].error_code == 0
    two = Sharer(broker.wire(), one.group, one.topic_id, "two")
    assert two.acquire() == [(5, 9, 2)]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ([(9, 0, [1])], 42),
        ([(0, 5, [1]), (3, 9, [1])], 42),
        ([(0, 9, [])], 42),
        ([(0, 9, [1, 2])], 42),
        ([(0, 9, [9])], 42),
        ([(0, 9, [-1])], 42),
        ([(0, 9, [4])], 42),
        ([(0, FAR, [1])], 42),
        ([(FAR, FAR, [1])], 42),
        ([(-FAR, FAR, [1])], 42),
        ([(10, 12, [1])], 42),
        ([(0, 4, [1]), (4, 9, [1])], 121),
    ],
)
def test_ranges_that_cannot_be(broker: Running, wrong: list[Range], code: int):
    _, one = sharer(broker)
    one.acquire()
    assert one.acknowledge(*wrong) == code
    assert one.acknowledge((0, 9, [1])) == 0


def test_records_of_others(broker: Running):
    _, one = sharer(broker)
    two = Sharer(broker.wire(), one.group, one.topic_id, "two")
    one.acquire()
    two.fetch()
    assert two.acknowledge((0, 9, [1])) == 121
    assert one.acknowledge((0, 9, [1])) == 0
    assert one.acknowledge((0, 9, [1])) == 0  # done with: nothing is left to say


def test_records_that_nobody_acquired(broker: Running):
    _, one = sharer(broker, 0)
    one.fetch()
    assert one.acknowledge((0, 9, [1])) == 121
    assert one.acknowledge((0, 9, [1]), partition=7) == 3


def test_topics_that_nobody_fetched(broker: Running):
    _, one = sharer(broker)
    one.acquire()
    other = broker.topic()
    produce(broker.wire(), other, TEN)
    one.topic_id = topic_id_of(broker, other)
    assert one.acknowledge((0, 9, [1])) == 3
    one.topic_id = b"\7" * 16
    assert one.acknowledge((0, 9, [1])) == 100


def test_a_renewal_is_answered(broker: Running):
    _, one = sharer(broker)
    assert one.acquire() == [(0, 9, 1)]
    assert one.acknowledge((0, 4, [4]), (5, 9, [1]), renew=True) == 0
    assert one.acquire() == []
    assert one.acknowledge((0, 4, [1])) == 0


def test_renewals_may_be_turned_off(broker: Running):
    _, one = sharer(broker, share_renew_acknowledge_enable="false")
    one.acquire()
    assert one.acknowledge((0, 4, [4]), renew=True) == 121


def test_nothing_is_acknowledged(broker: Running):
    _, one = sharer(broker)
    one.acquire()
    answer = one.wire.ask(one.acknowledge_request(), 2)
    assert (answer.error_code, answer.responses) == (0, [])


def test_share_groups_read_committed(broker: Running):
    topic = broker.topic()
    group = share_group(broker, topic, share_isolation_level="read_committed")
    one = Sharer(broker.wire(), group, topic_id_of(broker, topic))
    produce(broker.wire(), topic, TEN)
    assert one.acquire() == [(0, 9, 1)]
