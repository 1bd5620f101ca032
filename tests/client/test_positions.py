"""Partitions are named by plain tuples that print as Kafka writes them."""

from logcore.client.positions import TopicPartition


def test_it_is_a_tuple_and_prints_well() -> None:
    partition = TopicPartition("orders", 3)
    assert partition == ("orders", 3)
    assert str(partition) == "orders-3"
    assert min([partition, TopicPartition("b", 0)]).topic == "b"
