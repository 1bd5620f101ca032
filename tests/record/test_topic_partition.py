"""A partition's name is a tuple that prints as Kafka writes it."""

from logcore.record.topic_partition import TopicPartition


def test_it_is_a_tuple_and_prints_well() -> None:
    partition = TopicPartition("orders", 3)
    assert partition == ("orders", 3)
    assert str(partition) == "orders-3"
    assert min([partition, TopicPartition("b", 0)]).topic == "b"
