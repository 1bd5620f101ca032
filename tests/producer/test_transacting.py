"""Transactions as blocks and calls: what begins, commits and aborts them, and what is refused."""

import pytest

from logcore.common.errors import IllegalStateError, SerializationError
from logcore.producer.async_producer import AsyncProducer
from logcore.producer.producer import Producer
from tests.producer.test_transactions import committed


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
