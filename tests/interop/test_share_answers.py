"""The APIs of share groups and of their states, asked of Apache Kafka and of us alike.

Invariant: each question has the same codes, states and offsets as its answer on both. Words differ,
and so does when a member first hears of its partitions.
Neighbours: `tests/broker/handlers` tests each API by itself.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logcore.coordinator.share.state import ShareKey
from logcore.protocol.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from logcore.protocol.messages.delete_groups import DeleteGroupsRequest
from logcore.protocol.messages.delete_share_group_offsets import (
    DeleteShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsRequestTopic,
)
from logcore.protocol.messages.describe_groups import DescribeGroupsRequest
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from logcore.protocol.messages.list_groups import ListGroupsRequest
from tests.broker.handlers import share_grouping as groups
from tests.broker.handlers import share_states as states
from tests.broker.handlers.grouping import commit, join
from tests.broker.running import running_broker
from tests.broker.wire import Wire
from tests.interop.made import make_topics
from tests.peers import kafka

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools"), pytest.mark.timeout(300)]

MEMBER = "M" * 22
LATER = {14, 15, 16}
"""Codes of a coordinator that is not ready."""
WAIT_S = 30

Answers = Iterator[tuple[str, Any]]


def patient(ask: Any) -> Any:
    """Ask until the coordinator is ready."""
    until = time.monotonic() + WAIT_S
    while True:
        answer = ask()
        if answer.error_code not in LATER or time.monotonic() > until:
            return answer
        time.sleep(0.1)


def prepared(wire: Wire) -> dict[str, bytes]:
    """Make topics, and return their ids."""
    ids = make_topics(wire, t=2, u=1)
    for key in ("g", "s"):
        request = FindCoordinatorRequest(coordinator_keys=[key])
        patient(lambda request=request: wire.ask(request, 6).coordinators[0])
    return ids


def beat(wire: Wire, group: str, topics: list[str] | None, epoch: int = 0, **given: Any) -> Any:
    told = {"member_id": MEMBER} | given
    return patient(lambda: groups.beat(wire, group, topics, epoch, **told))


def members(wire: Wire) -> Answers:
    """Ask as members do."""
    refused: list[tuple[str, list[str] | None, int, dict[str, Any]]] = [
        ("g", ["t"], 0, {"member_id": ""}),
        ("g", ["t"], 0, {"member_id": "x" * 37}),
        ("g", ["t"], 0, {"member_id": " "}),
        ("", ["t"], 0, {}),
        ("g", ["t"], 0, {"rack_id": ""}),
        ("g", None, 0, {}),
        ("g", [], 0, {}),
        ("g", ["t"], -2, {}),
        ("g", ["t"], 3, {}),
        ("g", None, -1, {}),
    ]
    for group, topics, epoch, given in refused:
        asked = f"heartbeat {group!r} {topics} {epoch} {given}"
        yield asked, beat(wire, group, topics, epoch, **given).error_code
    joined = beat(wire, "g", ["t"])
    yield "join", (joined.error_code, joined.member_id, joined.heartbeat_interval_ms)
    until = time.monotonic() + WAIT_S
    while not groups.describe(wire, "g").members[0].assignment.topic_partitions:
        assert time.monotonic() < until, "nothing is assigned"
        joined = beat(wire, "g", None, joined.member_epoch)
        time.sleep(0.2)
    told = groups.describe(wire, "g", operations=True)
    (member,) = told.members
    yield "describe", (told.group_state, told.assignor_name, told.authorized_operations)
    yield "member", (member.client_id, member.client_host, member.subscribed_topic_names)
    (assigned,) = member.assignment.topic_partitions
    yield "assigned", (assigned.topic_name, sorted(assigned.partitions))
    yield "another member", beat(wire, "g", ["t"], 3, member_id="n" * 22).error_code
    yield "a later epoch", beat(wire, "g", None, 99).error_code


def deleted(wire: Wire, group: str, *topics: str) -> Any:
    asked = [DeleteShareGroupOffsetsRequestTopic(topic_name=name) for name in topics]
    request = DeleteShareGroupOffsetsRequest(group_id=group, topics=asked)
    response = wire.ask(request, 0)
    results = [(each.topic_name, each.error_code) for each in response.responses]
    return response.error_code, sorted(results)


def altered(wire: Wire, group: str, topics: dict[str, dict[int, int]]) -> Any:
    response = wire.ask(groups.alter_request(group, topics), 0)
    return response.error_code, sorted(
        (topic.topic_name, each.partition_index, each.error_code)
        for topic in response.responses
        for each in topic.partitions
    )


def administration(wire: Wire) -> Answers:
    """Ask as administrators do, of a group in use and of one that nobody uses."""
    yield "alter in use", altered(wire, "g", {"t": {0: 0}})
    yield "delete offsets in use", deleted(wire, "g", "t")
    in_use = wire.ask(DeleteGroupsRequest(groups_names=["g"]), 2).results
    yield "delete in use", [each.error_code for each in in_use]
    for version in (0, 1):
        yield f"offsets {version}", groups.offsets(wire, "g", None, version)
    yield "some offsets", groups.offsets(wire, "g", {"t": [0, 1], "nope": [0]})
    yield "offsets of nobody", groups.offsets(wire, "nobody", {"t": [0]})
    for group in ("nobody", ""):
        (told,) = wire.ask(groups.offsets_request(group), 1).groups
        yield f"all offsets of {group!r}", (told.error_code, told.topics)
        yield f"describe {group!r}", groups.describe(wire, group).error_code
    for _ in range(2):
        yield "leave", beat(wire, "g", None, -1).error_code
    request = ListGroupsRequest(types_filter=["Share"], states_filter=["empty"])
    yield (
        "list",
        [
            (each.group_id, each.protocol_type, each.group_state, each.group_type)
            for each in wire.ask(request, 5).groups
        ],
    )
    yield "alter", altered(wire, "g", {"t": {0: 0, 1: 0, 7: 1}, "nope": {0: 1}})
    yield "alter nothing", altered(wire, "g", {})
    yield "alter no group", altered(wire, "", {"t": {0: 0}})
    yield "offsets after", groups.offsets(wire, "g")
    yield "delete offsets", deleted(wire, "g", "t", "nope", "u")
    yield "delete offsets again", deleted(wire, "g", "t")
    yield "delete nothing", deleted(wire, "g")
    for group in ("nobody", ""):
        yield f"delete offsets of {group!r}", deleted(wire, group, "t")


def other_kinds(wire: Wire) -> Answers:
    """Ask of a share group what is for other kinds of groups."""
    (classic,) = wire.ask(DescribeGroupsRequest(groups=["g"]), 6).groups
    yield "as a classic group", (classic.error_code, classic.group_state)
    (consumer,) = wire.ask(ConsumerGroupDescribeRequest(group_ids=["g"]), 1).groups
    yield "as a consumer group", consumer.error_code
    yield "join", join(wire, "g", 8).error_code
    yield "commit", commit(wire, "g", {"t": {0: 1}})
    results = wire.ask(DeleteGroupsRequest(groups_names=["g", "nobody"]), 2).results
    yield "delete", sorted((each.group_id, each.error_code) for each in results)
    yield "list", wire.ask(ListGroupsRequest(), 5).groups


def state_of(answer: Any) -> Any:
    batches = [
        (each.first_offset, each.last_offset, each.delivery_state, each.delivery_count)
        for each in answer.state_batches
    ]
    return answer.error_code, answer.state_epoch, answer.start_offset, batches


def kept(wire: Wire, ids: dict[str, bytes]) -> Answers:
    """Ask the coordinator of share states as brokers do."""
    key = ShareKey("s", ids["t"], 0)
    for number, text in enumerate(("", "x", "g:t:0", key.text, f"a:b:{key.text}", f"{key.text}x")):
        request = FindCoordinatorRequest(key_type=2, coordinator_keys=[text])
        (found,) = wire.ask(request, 6).coordinators
        yield f"find {number}", found.error_code
    questions: tuple[Any, ...] = (states.read, states.write, states.delete, states.summary)
    for name, other in (
        ("not begun", key),
        ("another partition", key._replace(partition=8)),
        ("below zero", key._replace(partition=-1)),
        ("another topic", key._replace(topic_id=b"x" * 16)),
    ):
        for question in questions:
            yield f"{question.__name__} {name}", question(wire, other).error_code
    yield "begin", states.initialize(wire, key, epoch=3).error_code
    yield "begin late", states.initialize(wire, key, epoch=2).error_code
    yield "summary", str(states.summary(wire, key))
    yield "write late", states.write(wire, key, state_epoch=2).error_code
    given = {"state_epoch": 3, "leader_epoch": 2, "start_offset": 0, "delivery_complete_count": 2}
    yield "write", states.write(wire, key, (0, 9, 0, 1), (5, 6, 2, 1), **given).error_code
    yield "read", state_of(states.read(wire, key, 2))
    yield "read by an older leader", states.read(wire, key, 1).error_code
    yield "written", str(states.summary(wire, key))
    given = {"state_epoch": 4, "leader_epoch": 5, "start_offset": 2, "delivery_complete_count": 3}
    batches = ((20, 29, 0, 1), (22, 22, 2, 2), (3, 4, 4, 1))
    yield "write more", states.write(wire, key, *batches, **given).error_code
    yield "read more", state_of(states.read(wire, key, -1))
    yield "read by a newer leader", states.read(wire, key, 9).error_code
    yield "led", str(states.summary(wire, key))
    yield "delete", states.delete(wire, key).error_code
    yield "gone", str(states.summary(wire, key))


def answers(port: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with Wire(port) as wire:
        ids = prepared(wire)
        for part in (members(wire), administration(wire), other_kinds(wire), kept(wire, ids)):
            found.update({f"{len(found)} {name}": answer for name, answer in part})
    return found


def test_everything_is_answered_alike(tmp_path: Path):
    mine_path, their_path = tmp_path / "mine", tmp_path / "theirs"
    for path in (mine_path, their_path):
        path.mkdir()
    with running_broker(mine_path) as broker:
        mine = answers(broker.port)
    with kafka.running_kafka(their_path) as theirs:
        expected = answers(int(theirs.bootstrap.rpartition(":")[2]))
    assert len(mine) > 60
    assert mine == expected
