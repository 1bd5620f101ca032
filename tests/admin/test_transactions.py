"""Transactions are listed, described, aborted and fenced."""

from collections.abc import Iterator
from datetime import timedelta

import confluent_kafka
import pytest

from logcore.admin.admin import Admin
from logcore.admin.topics import NewTopic
from logcore.client.positions import TopicPartition
from logcore.common.errors import TransactionalIdNotFoundError
from logcore.testing.topics import fresh_name
from tests.admin.made import make_topics


@pytest.fixture
def open_transaction(admin: Admin) -> Iterator[tuple[str, TopicPartition]]:
    """A transaction with one record: its id, and where the record is."""
    name, topic = fresh_name("transaction"), fresh_name()
    make_topics(admin, NewTopic(topic, 1))
    broker = admin.cluster.describe().brokers[0]
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": f"{broker.host}:{broker.port}", "transactional.id": name}
    )
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b"x")
    producer.flush(10)
    yield name, TopicPartition(topic, 0)
    producer.purge()


def test_an_open_transaction(admin: Admin, open_transaction: tuple[str, TopicPartition]) -> None:
    name, partition = open_transaction
    (listed,) = (one for one in admin.transactions.list() if one.transactional_id == name)
    assert listed.state == "Ongoing"
    described = admin.transactions.describe(name)[name]
    assert described.partitions == (partition,)
    assert described.started_ms is not None
    (producer,) = admin.transactions.producers([partition])[partition]
    assert producer.producer_id == described.producer_id
    assert producer.transaction_start_offset == 0
    admin.transactions.abort(partition, start_offset=0)
    (producer,) = admin.transactions.producers([partition])[partition]
    assert producer.transaction_start_offset is None


def test_finding_what_hangs(admin: Admin, open_transaction: tuple[str, TopicPartition]) -> None:
    name, partition = open_transaction
    pattern = name.replace("-", ".") + "$"
    (listed,) = admin.transactions.list(id_pattern=pattern)
    assert listed.transactional_id == name
    assert admin.transactions.hanging([partition]) == ()
    now = timedelta(0)
    assert admin.transactions.hanging([partition], open_for=now) == (), "its coordinator knows it"
    (producer,) = admin.transactions.producers([partition], node_id=1)[partition]
    assert producer.producer_id == listed.producer_id


def test_fencing_aborts_what_is_open(
    admin: Admin, open_transaction: tuple[str, TopicPartition]
) -> None:
    name, _ = open_transaction
    before = admin.transactions.describe(name)[name]
    assert admin.transactions.fence(name)[name] >= 0
    after = admin.transactions.describe(name)[name]
    assert (after.producer_id, after.producer_epoch) != (before.producer_id, before.producer_epoch)


def test_what_is_not_there(admin: Admin) -> None:
    nobody, topic = fresh_name("transaction"), fresh_name()
    errors = admin.transactions.describe(nobody).errors
    assert isinstance(errors[nobody], TransactionalIdNotFoundError)
    make_topics(admin, NewTopic(topic, 1))
    with pytest.raises(TransactionalIdNotFoundError, match="offset 3"):
        admin.transactions.abort(TopicPartition(topic, 0), start_offset=3)
