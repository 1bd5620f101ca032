"""A chain of interceptors: each sees what the one before made; none can break anything."""

import pytest

from logcore.producer.delivery import BatchResult
from logcore.producer.interceptor import Interceptors, ProducerInterceptor, ProducerRecord
from logcore.record import RecordMetadata
from logcore.record.encoding import Delivery


class Noting(ProducerInterceptor):
    """Marks records, and notes what it is told."""

    def __init__(self, mark=""):
        self.mark = mark
        self.told = []

    def on_send(self, record):
        return record._replace(value=record.value + self.mark)

    def on_acknowledgement(self, metadata, error):
        self.told.append((metadata, error))

    def close(self):
        self.told.append("closed")


class Raising(ProducerInterceptor):
    def on_send(self, record):
        raise ValueError(f"not {record}")

    def on_acknowledgement(self, metadata, error):
        raise ValueError(f"nor {metadata} {error}")

    def close(self):
        raise ValueError("nor the end")


def test_each_sees_what_the_one_before_made_and_what_is_raised_changes_nothing(caplog):
    chain = Interceptors([Noting("a"), Raising(), Noting("b")])
    assert chain.on_send(ProducerRecord("t", "v")) == ProducerRecord("t", "vab")
    assert "an interceptor raised in on_send" in caplog.text
    assert (bool(chain), bool(Interceptors())) == (True, False)


def test_all_are_told_what_became_of_a_record(caplog):
    last, result = Noting(), BatchResult()
    chain = Interceptors([Raising(), last])
    record = ProducerRecord("t", "v", partition=3)
    delivery = Delivery(result, 1, 99, -1, 1)
    chain.watch(delivery, record)
    assert last.told == []
    result.complete("t", 3, 40, -1)
    assert last.told == [(RecordMetadata("t", 3, 41, 99, -1, 1), None)]
    assert "an interceptor raised in on_acknowledgement" in caplog.text


@pytest.mark.parametrize(("partition", "told"), [(3, 3), (None, -1)])
def test_a_record_that_failed_has_no_offset(partition, told):
    last, result, error = Noting(), BatchResult(), ValueError("no")
    chain = Interceptors([last])
    chain.watch(Delivery(result, 0, 99, -1, 1), ProducerRecord("t", "v", partition=partition))
    result.fail(error)
    assert last.told == [(RecordMetadata("t", told, -1), error)]


def test_after_the_end_nobody_is_called(caplog):
    last = Noting()
    chain = Interceptors([Raising(), last])
    chain.close()
    chain.close()
    chain.refused(ProducerRecord("t"), ValueError("late"))
    assert last.told == ["closed"]
    assert "an interceptor raised in close" in caplog.text
