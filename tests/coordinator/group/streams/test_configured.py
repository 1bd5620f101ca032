"""What a topology needs of the cluster: numbers of partitions, and topics that are missing."""

import pytest

from logcore.common.errors import StreamsInvalidTopologyError
from logcore.coordinator.group.streams.configured import StatusCode, configure, creatable, summary
from logcore.coordinator.group.streams.topology import topology_of
from logcore.protocol.internal.streams_group import TopicConfig, TopicInfo
from tests.coordinator.group.consumers import ConsumerCluster
from tests.coordinator.group.streams.streaming import part, topology


def made(topics, *parts):
    return configure(topology_of(topology(*parts)), ConsumerCluster(topics).topics)


def test_everything_is_there():
    found = made({"in": 3, "log": 3}, part(sources=["in"], changelogs=["log"]))
    assert found.is_ready
    assert found.is_stateful("0")
    assert (found.task_counts, found.counts, found.missing) == ({"0": 3}, {"log": 3}, {})


def test_the_widest_source_decides_how_many_tasks_there_are():
    found = made({"in": 3, "wide": 5}, part(sources=["in", "wide"], changelogs=["log"]))
    assert found.task_counts == {"0": 5}
    assert found.missing["log"].num_partitions == 5
    assert found.problem == (
        StatusCode.MISSING_INTERNAL_TOPICS,
        "Internal topics are missing: log",
    )


def test_missing_sources_are_named_up_to_three():
    found = made({}, part(sources=["b", "a", "e", "d"]))
    assert found.problem == (
        StatusCode.MISSING_SOURCE_TOPICS,
        "Source topics a, b, d and 1 additional topics are missing.",
    )
    assert found.task_counts is None
    assert not found.missing


def test_partitions_flow_from_sources_downward():
    found = made(
        {"in": 4},
        part("2", repartitions=["second"], changelogs=["log"]),
        part("1", repartitions=["first"], sinks=["second"]),
        part("0", sources=["in"], sinks=["first"]),
    )
    assert found.counts == {"first": 4, "second": 4, "log": 4}
    assert found.task_counts == {"0": 4, "1": 4, "2": 4}


def test_a_number_of_its_own_wins():
    found = made(
        {"in": 4}, part("0", sources=["in"], sinks=["rep"]), part("1", repartitions=[("rep", 2)])
    )
    assert found.counts == {"rep": 2}
    assert found.task_counts == {"0": 4, "1": 2}


def test_a_long_chain_against_the_order_takes_no_long_time():
    """Rounds over all would be 20,000 times 20,000 turns."""
    count = 20_000
    first = part(f"{count:05}", sources=["in"], sinks=[f"r{count}"])
    others = [
        part(f"{at:05}", repartitions=[f"r{at + 1}"], sinks=[f"r{at}"]) for at in range(count)
    ]
    last = part("x", repartitions=["r0"])
    found = made({"in": 2}, first, *others, last)
    assert set(found.counts.values()) == {2}
    assert len(found.counts) == count + 1


def test_what_several_write_is_as_wide_as_the_first_that_knows():
    found = made(
        {"in": 4, "wide": 6},
        part("0", repartitions=["b"], sinks=["a", "c"]),
        part("1", sources=["in"], sinks=["b"]),
        part("2", sources=["wide"], sinks=["a", "a"]),
        part("3", repartitions=["a", "c"]),
    )
    assert found.counts == {"a": 6, "b": 4, "c": 4}


def test_topics_that_cannot_be_counted():
    loop = [
        part("0", sources=["in"]),
        part("1", repartitions=["a"], sinks=["b"]),
        part("2", repartitions=["b"], sinks=["a"]),
    ]
    with pytest.raises(StreamsInvalidTopologyError, match="loops"):
        made({"in": 1}, *loop)
    with pytest.raises(StreamsInvalidTopologyError, match="never used as a sink"):
        made({"in": 1}, part("0", sources=["in"]), part("1", repartitions=["a"]))
    with pytest.raises(StreamsInvalidTopologyError, match="No source topics"):
        made({}, part("0", changelogs=["log"]))
    with pytest.raises(StreamsInvalidTopologyError, match="at least 1"):
        made({"in": 1}, part("0", sources=["in"], repartitions=[("a", -3)]))


def joined(*repartitions, sources=("in",)):
    """Return a part that joins everything it reads."""
    count = len(repartitions)
    groups = [(list(range(len(sources))), list(range(count)))]
    sinks = [each if isinstance(each, str) else each[0] for each in repartitions]
    return [
        part("0", sources=["up"], sinks=sinks),
        part("1", sources=list(sources), repartitions=repartitions, groups=groups),
    ]


def test_topics_that_are_joined_get_the_sources_width():
    found = made({"up": 2, "wide": 6}, *joined("rep", sources=["wide"]))
    assert found.counts == {"rep": 6}


def test_topics_between_that_are_joined_get_the_widest():
    parts = [
        part("0", sources=["in"], sinks=["a"]),
        part("1", sources=["wide"], sinks=["b"]),
        part("2", repartitions=["a", "b"], groups=[([], [0, 1])]),
    ]
    assert made({"in": 2, "wide": 6}, *parts).counts == {"a": 6, "b": 6}


def test_a_fixed_number_decides_among_topics_between():
    found = made({"up": 2}, *joined(("a", 5), "b", sources=[]))
    assert found.counts == {"a": 5, "b": 5}


@pytest.mark.parametrize(
    ("topics", "parts", "detail"),
    [
        (
            {"up": 2, "in": 2, "other": 3},
            joined(sources=["in", "other"]),
            "Following topics do not have the same number of partitions: [{in=2, other=3}]",
        ),
        (
            {"up": 2},
            joined(("a", 5), ("b", 4), sources=[]),
            "Following topics do not have the same number of partitions: [{a=5, b=4}]",
        ),
        (
            {"up": 2, "in": 2},
            joined(("a", 5)),
            "Number of partitions [5] of repartition topic [a] doesn't match number of "
            "partitions [2] of the source topic.",
        ),
        (
            {"in": 2, "log": 3},
            [part(sources=["in"], changelogs=["log"])],
            "Existing topic log has different number of partitions: expected 2, found 3",
        ),
    ],
)
def test_wrongly_partitioned(topics, parts, detail):
    found = made(topics, *parts)
    assert found.problem == (StatusCode.INCORRECTLY_PARTITIONED_TOPICS, detail)
    assert not found.is_ready


def test_how_a_topic_is_created():
    info = TopicInfo(name="t", topic_configs=[TopicConfig(key="k", value="v")])
    topic = creatable(info, 3)
    assert (topic.name, topic.num_partitions, topic.replication_factor) == ("t", 3, -1)
    assert [(each.name, each.value) for each in topic.configs] == [("k", "v")]
    assert creatable(TopicInfo(name="t", replication_factor=2), 1).replication_factor == 2


def test_summary():
    assert summary(["b", "a"]) == "a, b"
    assert summary("fedcba") == "a, b, c and 3 additional topics"
