"""`Quotas` in a running broker: set over the wire, told in answers, enforced on connections."""

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from logcore.broker.quotas.quotas import Quotas, Windows, unlimited
from logcore.common.clock import ManualClock
from logcore.common.deferred import Deferred
from logcore.common.metrics import Metrics
from logcore.common.rates import Window
from logcore.controller.client_quotas import CLIENT_ID, IP, USER, entity_of
from logcore.controller.image import MetadataDelta, MetadataImage
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.alter_client_quotas import (
    AlterClientQuotasRequest,
    EntityData,
    OpData,
    RequestEntryData,
)
from logcore.protocol.messages.create_partitions import (
    CreatePartitionsRequest,
    CreatePartitionsTopic,
)
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from logcore.protocol.messages.metadata import MetadataRequest, MetadataRequestTopic
from tests.broker.batches import batch
from tests.broker.handlers.asking import fetch_request, produce, produce_request
from tests.broker.running import NAMES, Running, running_broker

THROTTLED = 89


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A broker that measures over two seconds, so that nobody waits for long."""
    with running_broker(tmp_path_factory.mktemp("broker"), quota_window_num="2") as running:
        yield running


def fresh_client() -> str:
    return f"client-{next(NAMES)}"


def limit(broker: Running, client_id: str, **values: float | None) -> None:
    """Set quotas of a client id."""
    limit_entity(broker, {CLIENT_ID: client_id}, **values)


def limit_entity(broker: Running, parts: dict[str, str | None], **values: float | None) -> None:
    """Set quotas of an entity."""
    changes = [
        OpData(key=key, value=value or 0.0, remove=value is None) for key, value in values.items()
    ]
    entity = [EntityData(entity_type=kind, entity_name=name) for kind, name in parts.items()]
    request = AlterClientQuotasRequest(entries=[RequestEntryData(entity=entity, ops=changes)])
    assert broker.wire().ask(request, 1).entries[0].error_code == 0


def test_nobody_has_quotas_at_first():
    quotas = unlimited()
    assert (quotas.produce, quotas.fetch, quotas.request, quotas.mutations) == (None,) * 4
    assert not quotas.is_active
    charge = quotas.mutation_charge(SimpleNamespace(version=7), 6)  # type: ignore[arg-type]
    charge(10**9)
    assert charge.wait_ms == 0


def test_a_quota_is_there_as_long_as_somebody_has_it():
    quotas = Quotas(ManualClock(), Metrics(), Windows(Window(3, 1000), Window(3, 1000)))
    user = entity_of([(USER, "u")])
    old = MetadataImage()
    new = MetadataImage(client_quotas={user: {"consumer_byte_rate": 5.0}})
    quotas.follow(MetadataDelta(old=old, new=new))
    held = quotas.fetch
    assert held is not None
    assert held.charge("u", "", 1000) > 0
    assert not quotas.is_active, "a fetch is charged by its handler"
    newer = MetadataImage(
        client_quotas={user: {"consumer_byte_rate": 6.0, "request_percentage": 1.0}}
    )
    quotas.follow(MetadataDelta(old=new, new=newer))
    assert (quotas.fetch is held, quotas.is_active) == (True, True)
    assert held.charge("u", "", 0) > 0, "what was counted stays counted"
    quotas.follow(MetadataDelta(old=newer, new=newer))
    quotas.apply({})
    assert (quotas.fetch, quotas.is_active) == (None, False)


def test_rates_of_addresses_are_told_by_address_and_names_when_they_are_known():
    class Lanes:
        def run(self, _key, work):
            done: Deferred[object] = Deferred()
            self.finish = lambda: done.complete(work())
            return done

    lanes = Lanes()
    told: list[Any] = []
    quotas = Quotas(ManualClock(), Metrics(), lanes=lanes)  # type: ignore[arg-type]
    quotas.tell_address_rates(told.append)
    key = "connection_creation_rate"
    quotas.apply(
        {
            entity_of([(IP, "::ffff:10.0.0.1")]): {key: 5.0},
            entity_of([(IP, None)]): {key: 9.0},
            entity_of([(IP, "localhost")]): {key: 7.0},
        }
    )
    assert told == [{}, {"10.0.0.1": 5.0, None: 9.0}]
    lanes.finish()
    assert told[-1]["10.0.0.1"] == 5.0
    assert 7.0 in (told[-1].get("127.0.0.1"), told[-1].get("::1"))


@pytest.mark.parametrize("acks", [-1, 0])
def test_a_producer_over_its_bytes_is_told_and_has_to_wait(broker: Running, acks: int):
    topic, client_id = broker.topic(), fresh_client()
    limit(broker, client_id, producer_byte_rate=80_000.0)
    wire = broker.wire(client_id)
    records = batch([b"v" * 104_000])
    if acks:
        response = wire.ask(produce_request(topic, records, acks=acks), 9)
        assert response.responses[0].partition_responses[0].error_code == 0
        assert 200 <= response.throttle_time_ms <= 1500
    else:
        wire.send(produce_request(topic, records, acks=acks), 9)
    began = time.monotonic()
    assert wire.ask(MetadataRequest(topics=[]), 9).throttle_time_ms == 0
    assert time.monotonic() - began > 0.15
    limit(broker, client_id, producer_byte_rate=None)
    assert broker.call(lambda: broker.broker.parts.quotas.produce) is None
    assert wire.ask(produce_request(topic, records), 9).throttle_time_ms == 0


@pytest.mark.parametrize(
    "parts",
    [
        {USER: "ANONYMOUS"},
        {USER: None},
        {USER: "ANONYMOUS", CLIENT_ID: None},
        {USER: None, CLIENT_ID: "held"},
        {CLIENT_ID: None},
    ],
)
def test_quotas_of_users_and_defaults_hold(broker: Running, parts: dict[str, str | None]):
    topic = broker.topic()
    limit_entity(broker, parts, producer_byte_rate=1_000.0)
    answer = broker.wire("held").ask(produce_request(topic, batch([b"v" * 1500])), 9)
    limit_entity(broker, parts, producer_byte_rate=None)
    assert answer.throttle_time_ms > 100


def test_a_consumer_over_its_bytes_gets_nothing_and_has_to_wait(broker: Running):
    topic, client_id = broker.topic(), fresh_client()
    for _ in range(4):
        produce(broker.wire(), topic, batch([b"v" * 75_000]))
    limit(broker, client_id, consumer_byte_rate=150_000.0)
    wire = broker.wire(client_id)
    first = wire.ask(fetch_request(topic, 0), 12)
    data = first.responses[0].partitions[0]
    assert 75_000 < len(data.records) <= 150_200, "no more than the window allows at once"
    assert first.throttle_time_ms == 0
    second = wire.ask(fetch_request(topic, 2), 12)
    assert (second.responses, second.session_id, second.error_code) == ([], 0, 0)
    assert second.throttle_time_ms > 100
    limit(broker, client_id, consumer_byte_rate=None)
    began = time.monotonic()
    wire.ask(MetadataRequest(topics=[]), 9)
    assert time.monotonic() - began > 0.09, "who waits already goes on waiting"
    assert wire.ask(fetch_request(topic, 2), 12).responses[0].partitions[0].records


def test_a_client_over_its_time_has_to_wait(broker: Running):
    client_id = fresh_client()
    limit(broker, client_id, request_percentage=1e-6)
    wire = broker.wire(client_id)
    told_ms = [wire.ask(MetadataRequest(topics=None), 9).throttle_time_ms for _ in range(2)]
    assert max(told_ms) > 50
    assert max(told_ms) <= 1000, "no longer than a sample"
    limit(broker, client_id, request_percentage=None)


def create(name: str, partitions: int) -> CreateTopicsRequest:
    topic = CreatableTopic(name=name, num_partitions=partitions, replication_factor=1)
    return CreateTopicsRequest(topics=[topic], timeout_ms=5000)


def test_changes_over_the_quota_are_refused_in_new_versions(tmp_path):
    with running_broker(tmp_path, controller_quota_window_num="2") as broker:
        limit(broker, "test", controller_mutation_rate=2.0)
        wire = broker.wire()
        made = wire.ask(create("one", 6), 6)
        assert (made.topics[0].error_code, made.throttle_time_ms) == (0, 0)
        refused = wire.ask(create("two", 1), 6)
        assert refused.topics[0].error_code == THROTTLED
        assert 0 < refused.throttle_time_ms <= 1000
        more = [CreatePartitionsTopic(name="one", count=9, assignments=None)]
        answers = [
            broker.wire().ask(CreatePartitionsRequest(topics=more, timeout_ms=5000), version)
            for version in (3, 2)
        ]
        codes = [answer.results[0].error_code for answer in answers]
        assert codes in ([THROTTLED, 0], [0, 37]) or codes == [0, 0]
        deleted = broker.wire().ask(
            DeleteTopicsRequest(topics=[DeleteTopicState(name="one")], timeout_ms=5000), 6
        )
        assert deleted.responses[0].error_code == THROTTLED
        assert deleted.throttle_time_ms > 0


@pytest.mark.parametrize(("key", "version"), [(ApiKey.CREATE_TOPICS, 5), (ApiKey.DELETE_TOPICS, 4)])
def test_changes_over_the_quota_wait_in_old_versions(tmp_path, key, version):
    with running_broker(tmp_path, controller_quota_window_num="1") as broker:
        if key is ApiKey.DELETE_TOPICS:
            broker.wire("other").ask(create("one", 3), 6)
        limit(broker, "test", controller_mutation_rate=2.0)
        wire = broker.wire()
        if key is ApiKey.DELETE_TOPICS:
            request = DeleteTopicsRequest(topic_names=["one"], timeout_ms=5000)
            answer = wire.ask(request, version)
            assert answer.responses[0].error_code == 0
        else:
            answer = wire.ask(create("two", 3), version)
            assert answer.topics[0].error_code == 0
        assert 0 < answer.throttle_time_ms <= 600
        began = time.monotonic()
        wire.ask(MetadataRequest(topics=[]), 9)
        assert time.monotonic() - began > 0.1


def test_topics_made_by_their_first_use_are_charged(tmp_path):
    settings = {"controller_quota_window_num": "1", "num_partitions": "4"}
    with running_broker(tmp_path, **settings) as broker:
        limit(broker, "test", controller_mutation_rate=4.0)
        wire = broker.wire()

        def first_use(name: str) -> int:
            request = MetadataRequest(
                topics=[MetadataRequestTopic(name=name)], allow_auto_topic_creation=True
            )
            code: int = wire.ask(request, 9).topics[0].error_code
            return code

        assert first_use("one") == 0
        assert first_use("two") == 0, "the bucket was just empty, not overdrawn"
        assert first_use("three") == 5, "LEADER_NOT_AVAILABLE, by which clients ask again"
        began = time.monotonic()
        assert first_use("three") == 0, "after a wait"
        assert time.monotonic() - began > 0.5


def test_quotas_outlive_a_restart(tmp_path):
    with running_broker(tmp_path) as broker:
        limit(broker, "c", producer_byte_rate=123.0)
    with running_broker(tmp_path) as broker:
        produce_quota = broker.broker.parts.quotas.produce
        assert produce_quota is not None
        assert produce_quota.most_at_once("anybody", "c") == 1230
