"""A chain of interceptors: each sees what the one before made; none can break anything."""

from logcore.client.positions import OffsetAndMetadata, TopicPartition
from logcore.consumer.interceptor import ConsumerInterceptor, Interceptors
from logcore.record import ConsumerRecord


class Raising(ConsumerInterceptor):
    def on_consume(self, records):
        raise ValueError(f"not {records}")

    def on_commit(self, offsets):
        raise ValueError(f"nor {offsets}")

    def close(self):
        raise ValueError("nor the end")


class Noting(ConsumerInterceptor):
    """Lets the first record pass only, and notes what it is told."""

    def __init__(self):
        self.told = []

    def on_consume(self, records):
        return iter(records[:1])

    def on_commit(self, offsets):
        self.told.append(offsets)

    def close(self):
        self.told.append("closed")


RECORDS = [ConsumerRecord("t", 0, offset, None, b"v") for offset in range(3)]


def test_each_sees_what_the_one_before_made_and_what_is_raised_changes_nothing(caplog):
    chain = Interceptors([Raising(), Noting()])
    assert chain.on_consume(RECORDS) == RECORDS[:1]
    assert "an interceptor raised in on_consume" in caplog.text
    assert Interceptors([ConsumerInterceptor()]).on_consume(RECORDS) == RECORDS


def test_all_are_told_of_commits_and_of_the_end_once(caplog):
    last = Noting()
    chain = Interceptors([Raising(), last])
    offsets = {TopicPartition("t", 0): OffsetAndMetadata(3)}
    chain.on_commit(offsets)
    chain.close()
    chain.close()
    chain.on_commit(offsets)
    assert last.told == [offsets, "closed"]
    assert "an interceptor raised in on_commit" in caplog.text
    assert "an interceptor raised in close" in caplog.text
    assert (bool(chain), bool(Interceptors([last]))) == (False, True)
