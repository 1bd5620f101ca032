"""Names are spread over partitions as Kafka spreads them."""

import pytest

from logcore.coordinator.hashing import java_string_hash, partition_for


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("a", 97),
        ("hello", 99162322),
        ("polygenelubricants", -(2**31)),
        ("\u00e9t\u00e9", 233 * 961 + 116 * 31 + 233),
        ("\U0001f600", 0xD83D * 31 + 0xDE00),
    ],
)
def test_hashes_as_java_does(text, expected):
    assert java_string_hash(text) == expected


def test_the_one_hash_without_an_absolute_value_goes_to_partition_0():
    assert partition_for("polygenelubricants", 50) == 0


def test_a_negative_hash_goes_where_its_absolute_value_goes():
    name = next(
        name for name in (f"team-{n}-readers" for n in range(99)) if java_string_hash(name) < 0
    )
    assert partition_for(name, 50) == -java_string_hash(name) % 50
