"""A world of topics, groups and transactions, which only its maker may see."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from logcore.protocol.api_keys import ApiKey
from tests.broker.authorization.building import request_of
from tests.broker.wire import Wire

SECRET = "secret-topic"
OTHER = "other-topic"
GROUP = "secret-group"
CONSUMERS = "secret-consumers"
SHARERS = "secret-sharers"
STREAMS = "secret-streams"
MEMBER = "c29tZSBtZW1iZXIuLi4uLg"
TRANSACTION = "secret-transaction"
ABSENT = "absent-name"
DEADLINE_S = 60


@dataclass
class World:
    """What is there, which only its maker may see."""

    topic_id: bytes
    producer_id: int
    producer_epoch: int


def asked(wire: Wire, key: ApiKey, version: int, **body: Any) -> Any:
    return wire.ask(request_of(key, body), version)


def until(ask: Callable[[], Any], is_good: Callable[[Any], bool]) -> Any:
    """Ask until the answer is good: coordinators take a while to be there."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        answer = ask()
        if is_good(answer):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)


def make_world(wire: Wire) -> World:
    """Make it all, as one who may do everything."""
    topics = [
        {"name": name, "num_partitions": 1, "replication_factor": 1} for name in (SECRET, OTHER)
    ]
    made = asked(wire, ApiKey.CREATE_TOPICS, 7, topics=topics, timeout_ms=10_000)
    assert {topic.error_code for topic in made.topics} == {0}
    topic_id = next(topic.topic_id for topic in made.topics if topic.name == SECRET)
    find_coordinator(wire, 0, GROUP)
    find_coordinator(wire, 1, TRANSACTION)
    for version, group in ((8, GROUP), (8, CONSUMERS)):
        commit(wire, version, group)
    join(wire, ApiKey.CONSUMER_GROUP_HEARTBEAT, CONSUMERS, topic_partitions=[])
    until(
        lambda: join(wire, ApiKey.SHARE_GROUP_HEARTBEAT, SHARERS),
        lambda joined: joined.assignment is not None and joined.assignment.topic_partitions,
    )
    until(
        lambda: asked(wire, ApiKey.STREAMS_GROUP_HEARTBEAT, 0, **topology([SECRET])),
        lambda joined: joined.error_code == 0,
    )
    producer = until(
        lambda: asked(
            wire,
            ApiKey.INIT_PRODUCER_ID,
            4,
            transactional_id=TRANSACTION,
            transaction_timeout_ms=600_000,
            producer_id=-1,
            producer_epoch=-1,
        ),
        lambda given: given.error_code == 0,
    )
    world = World(topic_id, producer.producer_id, producer.producer_epoch)
    until(
        lambda: asked(wire, ApiKey.ADD_PARTITIONS_TO_TXN, 3, **addition(world)),
        lambda added: (
            added.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code == 0
        ),
    )
    return world


def find_coordinator(wire: Wire, kind: int, key: str) -> None:
    until(
        lambda: asked(wire, ApiKey.FIND_COORDINATOR, 4, key_type=kind, coordinator_keys=[key]),
        lambda found: found.coordinators[0].error_code == 0,
    )


def commit(wire: Wire, version: int, group: str) -> None:
    until(
        lambda: asked(wire, ApiKey.OFFSET_COMMIT, version, **commitment(group)),
        lambda done: done.topics[0].partitions[0].error_code == 0,
    )


def join(wire: Wire, key: ApiKey, group: str, **rest: Any) -> Any:
    """Let a member that is never seen again join a group, with a topic to itself."""
    if key is ApiKey.CONSUMER_GROUP_HEARTBEAT:
        rest["rebalance_timeout_ms"] = 300_000
    body = {"member_id": MEMBER, "member_epoch": 0, "subscribed_topic_names": [SECRET]}
    return until(
        lambda: asked(wire, key, 1, group_id=group, **body, **rest),
        lambda joined: joined.error_code == 0,
    )


def topology(sources: list[str], changelog_name: str = "secret-changelog") -> dict[str, Any]:
    """Return what a member sends who joins with a topology that has a changelog."""
    changelog = {"name": changelog_name, "partitions": 0, "replication_factor": 1}
    part = {
        "subtopology_id": "0",
        "source_topics": sources,
        "state_changelog_topics": [changelog],
    }
    return {
        "group_id": STREAMS,
        "member_id": MEMBER,
        "member_epoch": 0,
        "rebalance_timeout_ms": 300_000,
        "topology": {"epoch": 0, "subtopologies": [part]},
        "active_tasks": [],
        "standby_tasks": [],
        "warmup_tasks": [],
        "process_id": "p",
        "client_tags": [],
    }


def commitment(group: str) -> dict[str, Any]:
    return {
        "group_id": group,
        "generation_id_or_member_epoch": -1,
        "member_id": "",
        "topics": [
            {
                "name": SECRET,
                "partitions": [
                    {"partition_index": 0, "committed_offset": 0, "committed_leader_epoch": -1}
                ],
            }
        ],
    }


def addition(world: World) -> dict[str, Any]:
    return {
        "v3_and_below_transactional_id": TRANSACTION,
        "v3_and_below_producer_id": world.producer_id,
        "v3_and_below_producer_epoch": world.producer_epoch,
        "v3_and_below_topics": [{"name": SECRET, "partitions": [0]}],
    }
