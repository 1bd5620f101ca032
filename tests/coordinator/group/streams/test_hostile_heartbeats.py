"""Heartbeats that make no sense: each is answered with an error of its own, and nothing breaks."""

from hypothesis import given, settings
from hypothesis import strategies as st

from logcore.protocol.messages.streams_group_heartbeat import (
    CopartitionGroup,
    Endpoint,
    KeyValue,
    StreamsGroupHeartbeatRequest,
    Subtopology,
    TaskIds,
    TaskOffset,
    TopicInfo,
    Topology,
)
from tests.coordinator.group.actors import GROUP
from tests.coordinator.group.streams.streaming import StreamsCluster

UNKNOWN_SERVER_ERROR = -1

names = st.sampled_from(["in", "rep", "log", "", "x"])
parts = st.sampled_from(["0", "1", ""])
numbers = st.sampled_from([-(2**31), -1, 0, 1, 2, 5, 2**31 - 1])
epochs = st.sampled_from([-3, -2, -1, 0, 0, 0, 1, 2, 3, 2**31 - 1])
tasks = st.none() | st.lists(
    st.builds(TaskIds, subtopology_id=parts, partitions=st.lists(numbers, max_size=2)), max_size=2
)
pairs = st.builds(KeyValue, key=names, value=names)
infos = st.builds(
    TopicInfo,
    name=names,
    partitions=numbers,
    replication_factor=st.sampled_from([-1, 0, 1, 99]),
    topic_configs=st.lists(pairs, max_size=2),
)
indexes = st.lists(st.integers(-2, 2), max_size=2)
subtopologies = st.builds(
    Subtopology,
    subtopology_id=parts,
    source_topics=st.lists(names, max_size=2),
    source_topic_regex=st.lists(names, max_size=1),
    state_changelog_topics=st.lists(infos | st.builds(TopicInfo, name=names), max_size=2),
    repartition_sink_topics=st.lists(names, max_size=2),
    repartition_source_topics=st.lists(infos, max_size=2),
    copartition_groups=st.lists(
        st.builds(CopartitionGroup, source_topics=indexes, repartition_source_topics=indexes),
        max_size=1,
    ),
)
offsets = st.none() | st.lists(st.builds(TaskOffset, subtopology_id=parts), max_size=1)
requests = st.builds(
    StreamsGroupHeartbeatRequest,
    group_id=st.sampled_from([GROUP, GROUP, GROUP, "", " "]),
    member_id=st.sampled_from(["a", "b", ""]),
    member_epoch=epochs,
    endpoint_information_epoch=numbers,
    instance_id=st.sampled_from([None, None, None, "", "i"]),
    rack_id=st.sampled_from([None, "", "r"]),
    rebalance_timeout_ms=numbers,
    topology=st.none()
    | st.builds(Topology, epoch=epochs, subtopologies=st.lists(subtopologies, max_size=2)),
    active_tasks=tasks,
    standby_tasks=tasks,
    warmup_tasks=st.sampled_from([None, []]) | tasks,
    process_id=st.none() | names,
    user_endpoint=st.none() | st.builds(Endpoint, host=names, port=st.integers(0, 65_535)),
    client_tags=st.none() | st.lists(pairs, max_size=2),
    task_offsets=st.none() | offsets,
    task_end_offsets=st.none() | offsets,
    shutdown_application=st.booleans(),
)


@given(st.lists(requests, min_size=1, max_size=8), st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_heartbeat_breaks_anything(told, has_topics):
    cluster = StreamsCluster({"in": 2, "rep": 2} if has_topics else {"in": 2}, standbys=1)
    cluster.enter("a")
    for request in told:
        encoded = StreamsGroupHeartbeatRequest.decode(request.encode_bytes(0), 0)
        response = cluster.send(encoded)
        assert response.error_code != UNKNOWN_SERVER_ERROR, response.error_message
        cluster.service.streams.describe(GROUP)
    before = {name: group.state_name for name, group in cluster.shard.state.groups.items()}
    cluster.crash()
    after = {name: group.state_name for name, group in cluster.shard.state.groups.items()}
    assert after == before
    cluster.scheduler.advance(10_000_000)


@given(st.lists(subtopologies, min_size=1, max_size=3), st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_topology_breaks_anything(parts_told, has_topics):
    for each in parts_told:
        each.source_topic_regex = []
        for topic in each.state_changelog_topics:
            topic.partitions = 0
    cluster = StreamsCluster({"in": 2, "rep": 2, "log": 2} if has_topics else {"in": 2})
    told = Topology(epoch=0, subtopologies=parts_told)
    response = cluster.enter("a", topology=told)
    assert response.error_code in (0, 130), response.error_message
    if response.error_code == 0:
        assert cluster.tell("a", response.member_epoch).error_code == 0
