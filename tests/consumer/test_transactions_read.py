"""Reading only what is committed, while transactions are open, and around their markers."""

from logcore.client.positions import TopicPartition
from logcore.consumer.consumer import Consumer
from logcore.producer.producer import Producer


def test_readers_of_committed_records_wait_for_the_end_of_a_transaction(cluster):
    topic = cluster.topic()
    told = {"bootstrap_servers": cluster.bootstrap, "auto_offset_reset": "earliest"}
    with (
        Producer(bootstrap_servers=cluster.bootstrap, transactional_id=topic) as producer,
        Consumer(**told, isolation_level="read_committed") as careful,
        Consumer(**told) as careless,
    ):
        for consumer in (careful, careless):
            consumer.assign([(topic, 0)])
        producer.begin_transaction()
        producer.send(topic, b"1").result(20)
        assert [record.value for record in careless.records(timeout=1)] == [b"1"]
        assert list(careful.records(timeout=1)) == []
        assert careful.end_offsets() == {(topic, 0): 0}
        assert careless.end_offsets() == {(topic, 0): 1}
        producer.commit_transaction()
        assert [record.value for record in careful.records(timeout=2)] == [b"1"]


def test_positions_pass_over_markers_and_what_was_aborted(cluster):
    topic, group = cluster.topic(), cluster.group()
    told = {"bootstrap_servers": cluster.bootstrap, "auto_offset_reset": "earliest"}
    with Producer(bootstrap_servers=cluster.bootstrap, transactional_id=topic) as producer:
        for number in range(6):
            producer.begin_transaction()
            producer.send_many(topic, [b"%d" % number] * 2).result(20)
            if number % 2:
                producer.abort_transaction()
            else:
                producer.commit_transaction()
    settings = {**told, "group_id": group, "isolation_level": "read_committed"}
    with Consumer(topic, **settings) as consumer:
        values = [record.value for record in consumer.records(timeout=6)]
        assert values == [b"0", b"0", b"2", b"2", b"4", b"4"]
        consumer.commit()
        assert consumer.lag() == {(topic, 0): 0}
        assert consumer.committed()[TopicPartition(topic, 0)].offset == 18
