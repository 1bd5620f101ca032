"""Transactions as blocks and calls: what begins, commits and aborts them, and what is refused."""

import asyncio
import threading
from typing import Any

import pytest

from logcore.common.errors import (
    ClientTimeoutError,
    IllegalStateError,
    InvalidTopicError,
    NotLeaderOrFollowerError,
    ProducerFencedError,
    SerializationError,
    TopicAuthorizationFailedError,
)
from logcore.consumer.consumer import Consumer
from logcore.producer.async_producer import AsyncProducer
from logcore.producer.producer import Producer
from logcore.testing.local_broker import LocalBroker
from tests.producer.test_transactions import committed, generation

__all__ = ["generation"]

ENDS = "while the transaction ends"


@pytest.fixture(scope="module")
def broker():
    with LocalBroker(num_partitions=1) as running:
        yield running


@pytest.fixture(autouse=True)
def clear(broker):
    yield
    broker.faults.clear()


def settings_of(broker: LocalBroker, name: str, **settings: Any) -> dict[str, Any]:
    told = {"bootstrap_servers": broker.bootstrap_servers, "transactional_id": name}
    return {**told, **settings}


def ending_of(producer: AsyncProducer, how: str) -> "asyncio.Task[None]":
    commits = how == "commit"
    return asyncio.ensure_future(
        producer.commit_transaction() if commits else producer.abort_transaction()
    )


def read(broker: LocalBroker, topic: str) -> Any:
    return committed(broker.bootstrap_servers, topic)


def test_what_makes_no_sense_is_refused(our_cluster):
    topic = our_cluster.topic()
    settings = {"bootstrap_servers": our_cluster.bootstrap}
    with Producer(**settings, transactional_id=topic) as producer:
        with pytest.raises(IllegalStateError, match=r"begin_transaction\(\) comes first"):
            producer.send(topic, b"x")
        with pytest.raises(IllegalStateError, match="commit"):
            producer.commit_transaction()
        producer.begin_transaction()
        for call in (producer.begin_transaction, producer.init_transactions):
            with pytest.raises(IllegalStateError, match="open already"):
                call()
        producer.abort_transaction()
    with Producer(**settings) as producer, pytest.raises(IllegalStateError, match="no trans"):
        producer.begin_transaction()


@pytest.mark.asyncio
async def test_coroutines_have_transactions_too(our_cluster):
    topic = our_cluster.topic()
    settings = {"bootstrap_servers": our_cluster.bootstrap, "transactional_id": topic}
    async with AsyncProducer(**settings) as producer:
        await producer.init_transactions()
        async with producer.transaction():
            await producer.send(topic, b"1")
        with pytest.raises(ValueError, match="on purpose"):  # noqa: PT012 - a block in a block
            async with producer.transaction():
                producer.send(topic, b"2")
                raise ValueError("on purpose")
    assert committed(our_cluster.bootstrap, topic) == [b"1"]


def test_closing_within_a_transaction_aborts_it(our_cluster):
    topic = our_cluster.topic()
    settings = {"bootstrap_servers": our_cluster.bootstrap, "transactional_id": topic}
    with Producer(**settings) as producer:
        producer.begin_transaction()
        producer.send(topic, b"1").result(20)
    assert committed(our_cluster.bootstrap, topic) == []


def test_a_serializer_that_fails_in_a_block_aborts_it(our_cluster):
    topic = our_cluster.topic()
    settings = {"bootstrap_servers": our_cluster.bootstrap, "transactional_id": topic}
    with Producer(**settings, value_serializer=str.encode) as producer:
        with pytest.raises(SerializationError), producer.transaction():  # noqa: PT012
            producer.send(topic, "1").result(20)
            producer.send(topic, 2)
        with producer.transaction():
            producer.send_many(topic, ["3", "4"])
        with pytest.raises(IllegalStateError, match="comes first"):
            producer.send(topic, "5")
    assert committed(our_cluster.bootstrap, topic) == [b"3", b"4"]


# ------------------------------------------------------------ while a transaction ends


@pytest.mark.asyncio
@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize("how", ["commit", "abort"])
async def test_nothing_is_taken_while_a_transaction_ends(broker, how):
    topic, other, slow = (broker.create_topic() for _ in range(3))
    async with AsyncProducer(**settings_of(broker, topic)) as producer:
        await producer.begin_transaction()
        await producer.send(topic, b"1")
        broker.faults.delay("Produce", 300)
        broker.faults.delay("Metadata", 300)
        before = producer.send(topic, b"2"), producer.send(slow, b"late")
        await asyncio.sleep(0.05)
        ending = ending_of(producer, how)
        await asyncio.sleep(0)
        while not ending.done():
            with pytest.raises(IllegalStateError, match=ENDS):
                producer.send(other, b"too late")
            with pytest.raises(IllegalStateError, match=ENDS):
                await producer.send_many(other, [b"too late"])
            with pytest.raises(IllegalStateError, match=ENDS):
                await producer.send_offsets_to_transaction({(topic, 0): 1}, topic)
            with pytest.raises(IllegalStateError, match="open already"):
                await producer.begin_transaction()
            await asyncio.sleep(0.02)
        await ending
        assert all(each.done() for each in before)
        async with producer.transaction():
            await producer.send(topic, b"3")
    first = [b"1", b"2"] if how == "commit" else []
    assert (read(broker, topic), read(broker, other)) == ([*first, b"3"], [])
    assert read(broker, slow) == ([b"late"] if how == "commit" else [])


@pytest.mark.asyncio
@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize("then", ["commit", "abort", "close"])
async def test_a_commit_that_was_not_asked_for_yet_may_be_repeated_or_aborted(broker, then):
    topic = broker.create_topic()
    async with AsyncProducer(**settings_of(broker, topic)) as producer:
        await producer.begin_transaction()
        await producer.send(topic, b"1")
        broker.faults.delay("Produce", 500)
        producer.send(topic, b"2")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(producer.commit_transaction(), 0.1)
        with pytest.raises(IllegalStateError, match=ENDS):
            producer.send(topic, b"too late")
        if then != "close":
            await ending_of(producer, then)
            async with producer.transaction():
                producer.send(topic, b"3")
    expected = {"commit": [b"1", b"2", b"3"], "abort": [b"3"], "close": []}
    assert read(broker, topic) == expected[then]


@pytest.mark.asyncio
async def test_what_is_being_aborted_is_never_committed(broker):
    topic = broker.create_topic()
    async with AsyncProducer(**settings_of(broker, topic)) as producer:
        await producer.begin_transaction()
        await producer.send(topic, b"1")
        broker.faults.delay("Produce", 400)
        producer.send(topic, b"2")
        committing = ending_of(producer, "commit")
        await asyncio.sleep(0.1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(producer.abort_transaction(), 0.05)
        for commit in (committing, producer.commit_transaction()):
            with pytest.raises(IllegalStateError, match="is being aborted"):
                await commit
        await producer.abort_transaction()
        with pytest.raises(IllegalStateError, match="comes first"):
            await producer.commit_transaction()
    assert read(broker, topic) == []


@pytest.mark.asyncio
async def test_an_end_that_comes_late_leaves_the_next_transaction_alone(broker):
    topic = broker.create_topic()
    async with AsyncProducer(**settings_of(broker, topic)) as producer:
        transactions = producer._need_transactions()
        async with producer.transaction():
            await producer.send(topic, b"1")
            number = transactions.close(commit=True)
        async with producer.transaction():
            producer.send(topic, b"2")
            with pytest.raises(IllegalStateError, match="was ended meanwhile"):
                await transactions.end(number, commit=True)
    assert read(broker, topic) == [b"1", b"2"]


@pytest.mark.asyncio
@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize("error", [TopicAuthorizationFailedError, ProducerFencedError])
async def test_what_fails_while_a_transaction_ends_fails_it(broker, error):
    topic = broker.create_topic()
    name = f"{topic}-{error.__name__}"
    producer = AsyncProducer(**settings_of(broker, name))
    await producer.begin_transaction()
    await producer.send(topic, b"1")
    broker.faults.fail("Produce", error)
    bad = producer.send(topic, b"2")
    with pytest.raises(error):
        await producer.commit_transaction()
    assert isinstance(bad.exception(0), error)
    with pytest.raises(error):
        producer.send(topic, b"too late")
    if error is ProducerFencedError:
        for call in (producer.commit_transaction, producer.abort_transaction):
            with pytest.raises(error):
                await call()
    else:
        await producer.abort_transaction()
        async with producer.transaction():
            producer.send(topic, b"3")
    await producer.close()
    async with AsyncProducer(**settings_of(broker, name)) as following:
        await following.init_transactions()
    assert read(broker, topic) == ([] if error is ProducerFencedError else [b"3"])


@pytest.mark.asyncio
@pytest.mark.parametrize("how", ["unknown", "late"])
async def test_a_record_that_was_taken_and_never_sent_fails_its_transaction(broker, how):
    topic = broker.create_topic()
    settings = settings_of(
        broker, topic, delivery_timeout_ms=900, request_timeout_ms=700, retry_backoff_ms=5
    )
    async with AsyncProducer(**settings) as producer:
        await producer.begin_transaction()
        await producer.send(topic, b"1")
        expected: type[Exception] = InvalidTopicError
        if how == "unknown":
            producer.send("no spaces please", b"2")
        else:
            broker.faults.fail("Produce", NotLeaderOrFollowerError, times=None)
            producer.send(topic, b"2")
            expected = ClientTimeoutError
        with pytest.raises(expected):
            await producer.commit_transaction()
        broker.faults.clear()
        await producer.abort_transaction()
        async with producer.transaction():
            await producer.send(topic, b"3")
    assert read(broker, topic) == [b"3"]


@pytest.mark.asyncio
@pytest.mark.usefixtures("generation")
async def test_offsets_that_were_taken_are_part_of_the_transaction(broker):
    topic = broker.create_topic()
    async with AsyncProducer(**settings_of(broker, topic)) as producer:
        await producer.begin_transaction()
        await producer.send_offsets_to_transaction({(topic, 0): 1}, topic)
        broker.faults.delay("TxnOffsetCommit", 300, times=2)
        offering = [
            asyncio.ensure_future(producer.send_offsets_to_transaction({(topic, 0): at}, topic))
            for at in (2, 3)
        ]
        await asyncio.sleep(0)
        await producer.commit_transaction()
        assert [each.exception() for each in offering if each.done()] == [None, None]
    with Consumer(bootstrap_servers=broker.bootstrap_servers, group_id=topic) as consumer:
        assert [each.offset for each in consumer.committed((topic, 0)).values()] == [3]


LARGE = b"x" * 400_000


@pytest.mark.parametrize("how", ["one", "many", "unknown", "assigned"])
def test_a_thread_that_waits_when_a_transaction_ends_is_refused(broker, how):
    topic, unknown = broker.create_topic(), broker.create_topic()
    settings = settings_of(broker, topic, buffer_memory=1_000_000, linger_ms=60_000)
    errors: list[Exception] = []

    def send() -> None:
        try:
            if how == "many":
                producer.send_many(topic, [LARGE])
            else:
                producer.send(topic if how == "one" else unknown, LARGE)
        except IllegalStateError as error:
            errors.append(error)

    own = (lambda *_: 0) if how == "assigned" else None
    with Producer(**settings, partitioner=own) as producer:
        producer.begin_transaction()
        producer.partitions_for(topic)
        broker.faults.delay("Produce", 500)
        broker.faults.delay("Metadata", 700)
        before = [producer.send(topic, LARGE) for _ in range(2)]
        thread = threading.Thread(target=send)
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
        producer.commit_transaction()
        with producer.transaction():
            producer.send(topic, b"2")
            thread.join(20)
        assert len(errors) == 1
        assert all(each.exception(0) is None for each in before)
    assert (read(broker, topic), read(broker, unknown)) == ([LARGE, LARGE, b"2"], [])


@pytest.mark.asyncio
async def test_a_coroutine_that_waits_when_a_transaction_ends_is_refused(broker):
    topic = broker.create_topic()
    settings = settings_of(broker, topic, buffer_memory=1_000_000, linger_ms=60_000)
    async with AsyncProducer(**settings) as producer:
        await producer.begin_transaction()
        await producer.partitions_for(topic)
        broker.faults.delay("Produce", 300)
        sending = asyncio.ensure_future(producer.send_many(topic, [LARGE] * 7))
        await asyncio.sleep(0.05)
        await producer.commit_transaction()
        async with producer.transaction():
            producer.send(topic, b"2")
            with pytest.raises(IllegalStateError):
                await sending
    assert read(broker, topic) == [LARGE, LARGE, b"2"]


@pytest.mark.asyncio
@pytest.mark.parametrize("waits", [False, True])
async def test_a_record_of_a_thread_that_was_too_late_is_in_no_transaction(broker, waits):
    """As if the thread had been let through just before the end began."""
    topic = broker.create_topic()
    async with AsyncProducer(**settings_of(broker, topic)) as producer:
        async with producer.transaction():
            producer.send(topic, b"1")
        late = producer.accumulator.append(topic, b"too late")
        assert late is not None
        if waits:
            await producer.flush(20)
            assert late.done()
        async with producer.transaction():
            producer.send(topic, b"2")
        with pytest.raises(IllegalStateError, match="ended before the record was sent"):
            late.result(0)
    assert read(broker, topic) == [b"1", b"2"]
