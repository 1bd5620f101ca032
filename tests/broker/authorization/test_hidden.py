"""What may not be seen is not told, and who calls itself a broker is none: by rules, over the wire.

Classes of Apache Kafka's vulnerabilities that have to do with authorization, each by its name.
"""

from collections.abc import Iterator

import pytest

from logcore.broker.apis import APIS
from logcore.broker.authorizer import CLUSTER_NAME, ResourceType
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.fetch import ReplicaState
from tests.broker.authorization.building import codes_of, texts
from tests.broker.authorization.ruling import Rule, allow, authorized, connect_from, create_acls
from tests.broker.authorization.samples import samples
from tests.broker.authorization.world import (
    OTHER,
    SECRET,
    TRANSACTION,
    World,
    asked,
    make_world,
    until,
)
from tests.broker.handlers.asking import fetch_request
from tests.broker.running import Running, running_broker
from tests.broker.wire import Wire

ALL, READ, WRITE, DESCRIBE, CLUSTER_ACTION = 2, 3, 4, 8, 9
TOPIC_FORBIDDEN, CLUSTER_FORBIDDEN, NOT_LEADER = 29, 31, 6
MAKER, STRANGER, GUEST, REPLICA, READER = (f"127.0.0.{number}" for number in range(1, 6))
"""Addresses, each with rules of its own."""

RULES = [
    *(allow(kind, "*", ALL, host=MAKER) for kind in ResourceType if kind != ResourceType.CLUSTER),
    allow(ResourceType.CLUSTER, CLUSTER_NAME, ALL, host=MAKER),
    allow(ResourceType.TOPIC, OTHER, DESCRIBE, host=GUEST),
    allow(ResourceType.GROUP, "*", ALL, host=GUEST),
    allow(ResourceType.TRANSACTIONAL_ID, "*", ALL, host=GUEST),
    allow(ResourceType.CLUSTER, CLUSTER_NAME, CLUSTER_ACTION, host=REPLICA),
    allow(ResourceType.TOPIC, "*", READ, host=READER),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    path = tmp_path_factory.mktemp("hidden")
    with running_broker(path, **authorized(everybody=True)) as running:
        assert set(create_acls(running.wire(), *RULES)) == {0}
        yield running


@pytest.fixture(scope="module")
def world(running: Running) -> World:
    return make_world(running.wire())


def connect(running: Running, address: str) -> Wire:
    return connect_from(address, running.port)


@pytest.mark.parametrize("address", [STRANGER, GUEST])
def test_a_topic_is_not_named_to_one_who_may_not_see_it(
    running: Running, world: World, address: str
):
    """Whatever is asked for: nothing is told that the request did not say itself."""
    for sample in samples(world):
        if sample.key not in APIS:
            continue
        with connect(running, address) as wire:
            for each in sample.before:
                wire.ask(each.request, each.version)
            response = wire.ask(sample.request, sample.version)
        assert texts(response) & {SECRET, world.topic_id} <= texts(sample.request), sample


def test_what_may_be_seen_is_listed_all_the_same(running: Running, world: World):
    del world
    with connect(running, GUEST) as wire:
        topics = asked(wire, ApiKey.METADATA, 12, topics=None).topics
        assert [topic.name for topic in topics] == [OTHER]
        listed = asked(wire, ApiKey.DESCRIBE_TOPIC_PARTITIONS, 0).topics
        assert [topic.name for topic in listed] == [OTHER]
        (transaction,) = asked(
            wire, ApiKey.DESCRIBE_TRANSACTIONS, 0, transactional_ids=[TRANSACTION]
        ).transaction_states
        assert (transaction.error_code, transaction.topics) == (0, [])


def test_an_expression_finds_only_what_its_member_may_see(running: Running, world: World):
    joining = {
        "group_id": "expressions",
        "member_id": "member",
        "rebalance_timeout_ms": 10_000,
        "subscribed_topic_regex": ".*",
        "topic_partitions": [],
    }
    with connect(running, GUEST) as wire:
        joined = until(
            lambda: asked(wire, ApiKey.CONSUMER_GROUP_HEARTBEAT, 1, member_epoch=0, **joining),
            lambda joined: joined.error_code == 0 and joined.assignment.topic_partitions,
        )
        (visible,) = asked(wire, ApiKey.METADATA, 12, topics=[{"name": OTHER}]).topics
    ids = [each.topic_id for each in joined.assignment.topic_partitions]
    assert ids == [visible.topic_id]
    assert world.topic_id not in ids


@pytest.mark.parametrize("version", range(4, 19))
def test_cve_2018_1288_who_fetches_as_a_replica_must_be_one(
    running: Running, world: World, version: int
):
    """A reader that calls itself a replica could move high watermarks, and so lose data."""
    named = world.topic_id if version >= 13 else SECRET
    request = fetch_request(named, 0)
    if version >= 15:
        request.replica_state = ReplicaState(replica_id=1)
    else:
        request.replica_id = 1
    codes = {}
    for address in (STRANGER, READER, REPLICA):
        with connect(running, address) as wire:
            (topic,) = wire.ask(request, version).responses
            codes[address] = topic.partitions[0].error_code
    assert codes == {
        STRANGER: TOPIC_FORBIDDEN,
        READER: TOPIC_FORBIDDEN,
        REPLICA: NOT_LEADER,
    }


BETWEEN_BROKERS = {
    ApiKey.ADD_PARTITIONS_TO_TXN,
    ApiKey.WRITE_TXN_MARKERS,
    ApiKey.INITIALIZE_SHARE_GROUP_STATE,
    ApiKey.READ_SHARE_GROUP_STATE,
    ApiKey.WRITE_SHARE_GROUP_STATE,
    ApiKey.DELETE_SHARE_GROUP_STATE,
    ApiKey.READ_SHARE_GROUP_STATE_SUMMARY,
}


def test_cve_2018_1288_requests_between_brokers_are_for_brokers(running: Running, world: World):
    for sample in samples(world):
        is_for_clients = sample.key is ApiKey.ADD_PARTITIONS_TO_TXN and sample.version < 4
        if sample.key not in BETWEEN_BROKERS or is_for_clients:
            continue
        for address in (GUEST, READER):
            with connect(running, address) as wire:
                response = wire.ask(sample.request, sample.version)
            assert codes_of(response) == {CLUSTER_FORBIDDEN}, sample
        with connect(running, REPLICA) as wire:
            response = wire.ask(sample.request, sample.version)
        assert CLUSTER_FORBIDDEN not in codes_of(response), sample


def test_a_rule_denies_whatever_else_allows(running: Running, world: World):
    del world
    denied = Rule(ResourceType.TOPIC, OTHER, READ, 2, host=READER)
    with connect(running, READER) as wire:
        assert wire.ask(fetch_request(OTHER, 0), 12).responses[0].partitions[0].error_code == 0
        assert create_acls(running.wire(), denied) == [0]
        answer = wire.ask(fetch_request(OTHER, 0), 12)
        assert answer.responses[0].partitions[0].error_code == TOPIC_FORBIDDEN
