"""Partitions are named by plain tuples that print as Kafka writes them."""

from logcore.client.positions import OffsetAndMetadata, TopicPartition, with_metadata


def test_it_is_a_tuple_and_prints_well() -> None:
    partition = TopicPartition("orders", 3)
    assert partition == ("orders", 3)
    assert str(partition) == "orders-3"
    assert min([partition, TopicPartition("b", 0)]).topic == "b"


def test_offsets_may_have_metadata_or_not() -> None:
    given: dict[tuple[str, int], int | OffsetAndMetadata]
    given = {("a", 0): 7, ("a", 1): OffsetAndMetadata(8, "why")}
    assert with_metadata(given) == {
        TopicPartition("a", 0): OffsetAndMetadata(7),
        TopicPartition("a", 1): OffsetAndMetadata(8, "why"),
    }
