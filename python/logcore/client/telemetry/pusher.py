"""Asks brokers which metrics they want, and pushes those; once more at the end.

Invariants: a push follows the one before by the interval that the broker said, but for the last
one, and a question the one before it where nothing is wanted; an error of telemetry harms nothing
else, and is logged. One that trying again will not heal ends the pushing.
Neighbours: `points` selects, `otlp` encodes; `client.cluster` asks.
Source: KIP-714; Apache Kafka 4.3.1, `ClientTelemetryReporter`.
"""

import asyncio
import gzip
import logging
import random
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from logcore.client.metrics.registry import Registry
from logcore.client.nodes import Nodes
from logcore.client.telemetry.otlp import metrics_data
from logcore.client.telemetry.points import Increments, wanted
from logcore.common.clock import SystemClock
from logcore.common.errors import (
    ClientError,
    KafkaError,
    LogcoreError,
    TelemetryTooLargeError,
    ThrottlingQuotaExceededError,
    UnknownSubscriptionIdError,
    UnsupportedCompressionTypeError,
    UnsupportedVersionError,
    error_for_code,
)
from logcore.common.uuids import ZERO_UUID
from logcore.protocol.messages.get_telemetry_subscriptions import (
    GetTelemetrySubscriptionsRequest,
    GetTelemetrySubscriptionsResponse,
)
from logcore.protocol.messages.push_telemetry import PushTelemetryRequest, PushTelemetryResponse
from logcore.protocol.schema import Message

logger = logging.getLogger(__name__)

UNASKED_S: Final = 300.0
"""How long to wait where no broker knows what it wants."""
IDLE_S: Final = 1.0
LAST_S: Final = 1.0
NONE: Final = 0
GZIP: Final = 1
_ASK_AGAIN: Final = (UnknownSubscriptionIdError, UnsupportedCompressionTypeError)
_LATER: Final = (ThrottlingQuotaExceededError, TelemetryTooLargeError)


class Brokers(Protocol):
    """What a pusher needs of its client's cluster."""

    loop: asyncio.AbstractEventLoop
    nodes: Nodes
    metrics: Registry
    chance: random.Random

    async def ask_any(self, request: Message) -> Any:  # noqa: ANN401 - the request's response
        """Ask any broker."""


class Pusher:
    """Pushes the metrics of one client.

    Args:
        cluster: The client's cluster.
        labels: Returns what tells this client from others.

    Attributes:
        instance_id: What brokers know this client as, once one has told; else zeros.
        pushes: How many pushes brokers took.
    """

    def __init__(self, cluster: Brokers, labels: Callable[[], Mapping[str, str]]) -> None:
        self._cluster = cluster
        self._labels = labels
        self._now_ms = SystemClock().now_ms
        self._started_ms = self._now_ms()
        self._pushed_ms = self._started_ms
        self._increments = Increments()
        self._subscription: GetTelemetrySubscriptionsResponse | None = None
        self._is_compressed = True
        self._pushing = asyncio.Lock()
        self.instance_id = ZERO_UUID
        self.pushes = 0
        self._task = cluster.loop.create_task(self._run())

    def stop(self) -> None:
        """Push no more."""
        self._task.cancel()

    async def end(self) -> None:
        """Push for the last time, if brokers want anything, and one is there."""
        try:
            async with asyncio.timeout(LAST_S), self._pushing:  # or an increment counts twice
                self._task.cancel()
                subscription, self._subscription = self._subscription, None
                is_there = self._cluster.nodes.least_busy() is not None
                if subscription is not None and subscription.requested_metrics and is_there:
                    await self._push(subscription, is_last=True)
        except (LogcoreError, TimeoutError) as error:
            logger.debug("the last push of metrics: %s", error)

    async def _run(self) -> None:
        wait_s = 0.0
        while wait_s >= 0:
            await asyncio.sleep(wait_s)
            if self._cluster.nodes.least_busy() is None:
                wait_s = IDLE_S
            else:
                wait_s = await self._turn()

    async def _turn(self) -> float:
        """Ask or push, and return how many seconds to wait; a negative number is for ever."""
        try:
            if self._subscription is None or not self._subscription.requested_metrics:
                self._subscription = await self._ask()
                return self._interval_s * self._jitter(self._subscription)
            async with self._pushing:
                await self._push(self._subscription)
        except UnsupportedVersionError:
            return UNASKED_S
        except _ASK_AGAIN as error:
            self._is_compressed = not isinstance(error, UnsupportedCompressionTypeError)
            self._subscription = None
            return 0
        except _LATER as error:
            logger.warning("metrics were not pushed: %s", error)
        except KafkaError as error:
            logger.warning("metrics are pushed no more: %s", error)
            return -1
        except ClientError as error:
            logger.debug("metrics were not pushed: %s", error)
        return self._interval_s

    def _jitter(self, subscription: GetTelemetrySubscriptionsResponse) -> float:
        """Return what to wait after an answer, in intervals.

        Only a first push is spread out, so that clients which start together do not push so. Who
        asks again before the interval is over, or pushes, is refused.
        """
        if self.pushes or not subscription.requested_metrics:
            return 1
        return self._cluster.chance.uniform(0.5, 1.5)

    @property
    def _interval_s(self) -> float:
        known = self._subscription
        return UNASKED_S if known is None else max(known.push_interval_ms, 1) / 1000

    async def _ask(self) -> GetTelemetrySubscriptionsResponse:
        """Ask what is wanted.

        Raises:
            KafkaError, ClientError: If no broker tells.
        """
        request = GetTelemetrySubscriptionsRequest(client_instance_id=self.instance_id)
        response: GetTelemetrySubscriptionsResponse = await self._cluster.ask_any(request)
        if response.error_code:
            raise _refusal(response.error_code, "asked for the subscription of metrics")
        self.instance_id = response.client_instance_id
        return response

    async def _push(
        self, subscription: GetTelemetrySubscriptionsResponse, *, is_last: bool = False
    ) -> None:
        """Push what is wanted.

        Raises:
            KafkaError, ClientError: If the broker does not take it.
        """
        now_ms = self._now_ms()
        is_delta = subscription.delta_temporality
        points = wanted(self._cluster.metrics.read(), subscription.requested_metrics)
        data = metrics_data(
            self._increments.since_last(points) if is_delta else points,
            self._labels(),
            start_ms=self._pushed_ms if is_delta else self._started_ms,
            now_ms=now_ms,
            is_delta=is_delta,
        )
        is_compressed = self._is_compressed and GZIP in subscription.accepted_compression_types
        sent = gzip.compress(data, 6) if is_compressed else data
        if len(sent) > subscription.telemetry_max_bytes:
            size = f"{len(sent)} bytes, and the broker takes {subscription.telemetry_max_bytes}"
            raise TelemetryTooLargeError(size)
        request = PushTelemetryRequest(
            client_instance_id=self.instance_id,
            subscription_id=subscription.subscription_id,
            terminating=is_last,
            compression_type=GZIP if is_compressed else NONE,
            metrics=memoryview(sent),
        )
        response: PushTelemetryResponse = await self._cluster.ask_any(request)
        if response.error_code:
            raise _refusal(response.error_code, "pushed them")
        self._increments.pushed(points)
        self._pushed_ms = now_ms
        self.pushes += 1


def _refusal(code: int, what: str) -> KafkaError:
    """Return the error of a code, which says what was done and what the answer was."""
    made = error_for_code(code)
    return made(f"{what}, and the broker said {made.kafka_name}")
