"""Clients push what brokers ask for, when they ask for it; what goes wrong harms nothing else."""

import asyncio
import gzip
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvloop

from logcore.broker.telemetry.otlp import read_metrics
from logcore.client.cluster import Cluster
from logcore.client.config import CLIENT_CONFIG
from logcore.client.settings import Settings
from logcore.client.telemetry.pusher import GZIP, NONE, UNASKED_S, Pusher
from logcore.common.errors import (
    ClusterAuthorizationFailedError,
    InvalidRecordError,
    KafkaError,
    TelemetryTooLargeError,
    ThrottlingQuotaExceededError,
    UnknownSubscriptionIdError,
    UnsupportedCompressionTypeError,
)
from logcore.common.uuids import ZERO_UUID
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.get_telemetry_subscriptions import (
    GetTelemetrySubscriptionsRequest,
    GetTelemetrySubscriptionsResponse,
)
from logcore.protocol.messages.metadata import MetadataResponse
from logcore.protocol.messages.push_telemetry import PushTelemetryRequest, PushTelemetryResponse
from tests.client.lying_broker import Answer, Asked, greeting, lying_broker

APIS = {"GET_TELEMETRY_SUBSCRIPTIONS": (0, 0), "PUSH_TELEMETRY": (0, 0)}
ID = b"i" * 16


class Wants:
    """A broker that wants metrics, and answers pushes with errors one after the other."""

    def __init__(self, *errors: int | type[KafkaError], **changes: Any) -> None:
        self.errors = [error if isinstance(error, int) else error.code for error in errors]
        self.changes = changes
        self.asked: list[GetTelemetrySubscriptionsRequest] = []
        self.pushes: list[PushTelemetryRequest] = []
        self.apis = APIS

    async def __call__(self, asked: Asked) -> Answer:
        if asked.api is ApiKey.API_VERSIONS:
            return asked.answer(greeting(**self.apis))
        body = memoryview(asked.frame)
        if asked.api is ApiKey.GET_TELEMETRY_SUBSCRIPTIONS:
            request = GetTelemetrySubscriptionsRequest.decode(body, asked.version, asked.position)
            self.asked.append(request)
            told: dict[str, Any] = {
                "client_instance_id": ID,
                "subscription_id": len(self.asked),
                "accepted_compression_types": [4, GZIP],
                "push_interval_ms": 10,
                "telemetry_max_bytes": 100_000,
                "delta_temporality": True,
                "requested_metrics": ["org.apache.kafka.client."],
            }
            return asked.answer(GetTelemetrySubscriptionsResponse(**told | self.changes))
        if asked.api is ApiKey.PUSH_TELEMETRY:
            push = PushTelemetryRequest.decode(body, asked.version, asked.position)
            push.metrics = memoryview(bytes(push.metrics))
            self.pushes.append(push)
            error = self.errors.pop(0) if self.errors else 0
            return asked.answer(PushTelemetryResponse(error_code=error))
        return asked.answer(MetadataResponse())

    def points(self, at: int = -1) -> dict[str, float]:
        """Return what was pushed, by name, without what tells brokers apart."""
        push = self.pushes[at]
        data = bytes(push.metrics)
        opened = gzip.decompress(data) if push.compression_type == GZIP else data
        return {point.name: point.value for point in read_metrics(opened)}


def pushing(
    broker: Wants, body: Callable[[Cluster, Pusher], Awaitable[None]], **settings: Any
) -> None:
    """Run a body while a client pushes to a broker, which it is connected to."""

    async def main() -> None:
        async with lying_broker(broker) as port:
            told = {"bootstrap.servers": f"127.0.0.1:{port}", "enable.metrics.push": False}
            cluster = Cluster(Settings(CLIENT_CONFIG, told | settings))
            await cluster.refresh()
            await cluster.connection(-1)
            pusher = Pusher(cluster, lambda: {"group_id": "g"})
            try:
                async with asyncio.timeout(10):
                    await body(cluster, pusher)
            finally:
                pusher.stop()
                cluster.close()
                await asyncio.sleep(0)

    uvloop.run(main())


async def until(is_so: Callable[[], bool]) -> None:
    for _ in range(2000):
        if is_so():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it does not become so")


def test_what_is_wanted_is_pushed_in_increments_and_at_the_end() -> None:
    broker = Wants()

    async def body(_: Cluster, pusher: Pusher) -> None:
        await until(lambda: len(broker.pushes) >= 3)
        await pusher.end()
        count = len(broker.pushes)
        await asyncio.sleep(0.05)
        assert len(broker.pushes) == count == pusher.pushes
        await pusher.end()  # twice is no error, and no push that brokers would refuse

    pushing(broker, body)
    assert [request.client_instance_id for request in broker.asked] == [ZERO_UUID]
    assert {push.client_instance_id for push in broker.pushes} == {ID}
    assert {push.subscription_id for push in broker.pushes} == {1}
    assert [push.terminating for push in broker.pushes] == [False] * (len(broker.pushes) - 1) + [
        True
    ]
    assert {push.compression_type for push in broker.pushes} == {GZIP}
    name = "org.apache.kafka.client.connection.creation.total"
    assert [broker.points(at)[name] for at in range(3)] == [1, 0, 0]
    data = gzip.decompress(broker.pushes[0].metrics)
    assert ("group_id", "g") in read_metrics(data)[0].attributes


def test_totals_where_no_increments_are_wanted() -> None:
    broker = Wants(delta_temporality=False, accepted_compression_types=[3])

    async def body(_: Cluster, __: Pusher) -> None:
        await until(lambda: len(broker.pushes) >= 2)

    pushing(broker, body)
    assert {push.compression_type for push in broker.pushes} == {NONE}
    name = "org.apache.kafka.client.connection.creation.total"
    assert [broker.points(at)[name] for at in range(2)] == [1, 1]


def test_a_broker_that_wants_nothing_is_asked_again_and_gets_nothing() -> None:
    broker = Wants(requested_metrics=[])

    async def body(_: Cluster, pusher: Pusher) -> None:
        await until(lambda: len(broker.asked) >= 3)
        await pusher.end()

    pushing(broker, body)
    assert broker.pushes == []
    assert broker.asked[-1].client_instance_id == ID


class Soonest(random.Random):
    """Chance that always says the least."""

    def uniform(self, a: float, b: float) -> float:
        return min(a, b)


def test_who_is_wanted_nothing_of_asks_no_sooner_than_the_interval() -> None:
    """Brokers refuse whoever asks sooner."""
    broker = Wants(requested_metrics=[], push_interval_ms=60_000)

    async def body(cluster: Cluster, pusher: Pusher) -> None:
        cluster.chance = Soonest()
        pusher.stop()
        assert [await pusher._turn() for _ in range(2)] == [60, 60]

    pushing(broker, body)
    assert len(broker.asked) == 2


def test_only_a_first_push_is_spread_out() -> None:
    broker = Wants(0, UnknownSubscriptionIdError, push_interval_ms=60_000)

    async def body(cluster: Cluster, pusher: Pusher) -> None:
        cluster.chance = Soonest()
        pusher.stop()
        # It asks, pushes, pushes once more and hears that all has changed, asks again.
        assert [await pusher._turn() for _ in range(4)] == [30, 60, 0, 60]

    pushing(broker, body)
    assert (len(broker.asked), len(broker.pushes)) == (2, 2)


def test_a_subscription_that_changed_is_asked_for_and_nothing_is_lost() -> None:
    broker = Wants(0, UnknownSubscriptionIdError)

    async def body(cluster: Cluster, _: Pusher) -> None:
        await until(lambda: len(broker.pushes) >= 1)
        await cluster.ask(-1, GetTelemetrySubscriptionsRequest())
        await until(lambda: len(broker.pushes) >= 3)

    pushing(broker, body)
    assert broker.pushes[2].subscription_id > broker.pushes[1].subscription_id
    name = "org.apache.kafka.client.request.total"
    assert broker.points(2)[name] > broker.points(1)[name] > 0


def test_a_codec_that_is_not_known_after_all() -> None:
    broker = Wants(UnsupportedCompressionTypeError)

    async def body(_: Cluster, __: Pusher) -> None:
        await until(lambda: len(broker.pushes) >= 2)

    pushing(broker, body)
    assert [push.compression_type for push in broker.pushes[:2]] == [GZIP, NONE]


@pytest.mark.parametrize("error", [ThrottlingQuotaExceededError, TelemetryTooLargeError])
def test_what_passes_is_tried_again_later(error: type[KafkaError]) -> None:
    broker = Wants(error)

    async def body(_: Cluster, __: Pusher) -> None:
        await until(lambda: len(broker.pushes) >= 2)

    pushing(broker, body)
    assert len(broker.asked) == 1


@pytest.mark.parametrize("error", [InvalidRecordError, ClusterAuthorizationFailedError, 12_345])
def test_what_does_not_pass_ends_it(
    error: int | type[KafkaError], caplog: pytest.LogCaptureFixture
) -> None:
    broker = Wants(error)

    async def body(cluster: Cluster, pusher: Pusher) -> None:
        await asyncio.wait([pusher._task])
        await cluster.refresh()  # what else the client does goes on

    with caplog.at_level(logging.WARNING):
        pushing(broker, body)
    assert len(broker.pushes) == 1
    assert "pushed no more: pushed them, and the broker said " in caplog.text


def test_a_push_that_would_be_too_large_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    broker = Wants(telemetry_max_bytes=10)

    async def body(_: Cluster, __: Pusher) -> None:
        await until(lambda: "the broker takes 10" in caplog.text)

    with caplog.at_level(logging.WARNING):
        pushing(broker, body)
    assert broker.pushes == []


def test_a_broker_without_telemetry_is_left_alone() -> None:
    broker = Wants()
    broker.apis = {}

    async def body(_: Cluster, pusher: Pusher) -> None:
        assert await pusher._turn() == UNASKED_S
        await pusher.end()

    pushing(broker, body)
    assert broker.asked == []


def test_a_refusal_to_tell_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    broker = Wants(error_code=ClusterAuthorizationFailedError.code)

    async def body(_: Cluster, pusher: Pusher) -> None:
        await asyncio.wait([pusher._task])
        await pusher.end()

    with caplog.at_level(logging.WARNING):
        pushing(broker, body)
    assert broker.pushes == []
    assert "the broker said CLUSTER_AUTHORIZATION_FAILED" in caplog.text


def test_a_broker_that_goes_away_and_comes_back() -> None:
    broker = Wants()

    async def body(cluster: Cluster, pusher: Pusher) -> None:
        await until(lambda: pusher.pushes >= 1)
        cluster.nodes.forget_all()
        count = len(broker.pushes)
        await asyncio.sleep(0.05)
        assert len(broker.pushes) == count  # nobody connects only to push
        await pusher.end()
        assert len(broker.pushes) == count

    pushing(broker, body)
