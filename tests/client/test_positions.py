"""Partitions are named by plain tuples that print as Kafka writes them."""

import pytest

from logcore.client.positions import OffsetAndMetadata, TopicPartition, check_offset, with_metadata


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


@pytest.mark.parametrize("offset", [-1, OffsetAndMetadata(-1, "why"), -(2**63)])
def test_a_negative_offset_is_refused(offset: int | OffsetAndMetadata) -> None:
    with pytest.raises(ValueError, match=r"a-1: offset -\d+ is negative"):
        with_metadata({("a", 0): 7, ("a", 1): offset})


def test_zero_is_an_offset() -> None:
    check_offset(("a", 0), 0)
