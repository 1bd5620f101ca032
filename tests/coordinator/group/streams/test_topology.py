"""Topologies: what members tell, what is written, what is described."""

import pytest

from logcore.common.errors import StreamsInvalidTopologyError
from logcore.coordinator.group.streams.topology import (
    Topology,
    copartition_groups,
    described,
    source_topics,
    topology_of,
)
from logcore.protocol.internal.streams_group import StreamsGroupTopologyValue, Subtopology
from tests.coordinator.group.streams.streaming import part, topology

TOLD = topology(
    part("1", repartitions=["rep", ("fixed", 3)], changelogs=["log"], groups=[([], [0, 1])]),
    part("0", sources=["in", "other"], sinks=["rep"], groups=[([0, 1], [])]),
    epoch=2,
)


def test_what_it_reads_and_needs():
    made = topology_of(TOLD)
    assert made.epoch == 2
    assert list(made.subtopologies) == ["0", "1"]
    assert {topic: each.subtopology_id for topic, each in made.by_source_topic.items()} == {
        "in": "0", "other": "0", "rep": "1", "fixed": "1",
    }  # fmt: skip
    assert made.required_topics == {"in", "other", "rep", "fixed", "log"}
    assert source_topics(made.subtopologies["1"]) == ["rep", "fixed"]
    assert copartition_groups(made.subtopologies["1"]) == [{"rep", "fixed"}]
    assert copartition_groups(made.subtopologies["0"]) == [{"in", "other"}]


def test_it_is_the_same_whatever_the_order_and_after_being_written():
    made = topology_of(TOLD)
    turned = topology_of(topology(*reversed(TOLD.subtopologies), epoch=2))
    assert made.is_same_as(turned)
    written = StreamsGroupTopologyValue.decode(made.value.encode_bytes(0), 0)
    assert made.is_same_as(Topology(written))
    assert not made.is_same_as(topology_of(topology(*TOLD.subtopologies, epoch=3)))
    assert not made.is_same_as(topology_of(topology(TOLD.subtopologies[0], epoch=2)))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([part("0"), part("0")], "more than once"),
        ([part("0", sources=["in"], groups=[([1], [])])], "names a topic that it does not have"),
        ([part("0", sources=["in"], groups=[([-1], [])])], "names a topic that it does not have"),
        ([part("0", sources=["in"], groups=[([], [0])])], "names a topic that it does not have"),
        ([part("0", sources=["in"]), part("1", sources=["in"])], "0 and 1 both read topic in"),
        ([part("0", sources=["in"]), part("1", repartitions=["in"])], "both read topic in"),
        ([part("1", repartitions=["in"]), part("0", repartitions=["in"])], "both read topic in"),
    ],
)
def test_it_must_not_contradict_itself(parts, message):
    with pytest.raises(StreamsInvalidTopologyError, match=message):
        topology_of(topology(*parts))


def test_one_subtopology_may_name_a_source_twice():
    assert topology_of(topology(part("0", sources=["in", "in"]))).required_topics == {"in"}


def test_what_was_written_down_is_read_even_if_topics_are_shared():
    written = StreamsGroupTopologyValue(
        subtopologies=[Subtopology(subtopology_id=name, source_topics=["in"]) for name in "01"]
    )
    assert list(Topology(written).subtopologies) == ["0", "1"]


def test_its_epoch_counts_from_0():
    with pytest.raises(StreamsInvalidTopologyError, match="non-negative"):
        topology_of(topology(epoch=-1))


def test_it_is_told_in_order_with_the_partitions_that_are_known():
    told = described(topology_of(TOLD), {"rep": 4, "log": 4})
    zero, one = told.subtopologies or []
    assert (zero.subtopology_id, zero.source_topics) == ("0", ["in", "other"])
    assert zero.repartition_sink_topics == ["rep"]
    assert [(each.name, each.partitions) for each in one.repartition_source_topics] == [
        ("fixed", 3),
        ("rep", 4),
    ]
    assert [(each.name, each.partitions) for each in one.state_changelog_topics] == [("log", 4)]
