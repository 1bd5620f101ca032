"""The one sentence about what was found."""

from logcore.broker.takeover.summary import Takeover


def test_counts_are_told_in_words():
    takeover = Takeover("c" * 22, 7, 3, 30, {"topics": 1, "record offsets": 1_234_567})
    assert takeover.text == (
        "taking over the data of an Apache Kafka node that was stopped in order (cluster "
        "cccccccccccccccccccccc, node 7, metadata.version 30): 1 topic, 1,234,567 record offsets"
    )


def test_an_empty_node():
    assert Takeover("c", 1, 3, 30, {}).text.endswith(": nothing in it")
