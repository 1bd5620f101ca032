"""`Telemetry`: answers clients that ask what to push, and takes what they push.

Invariant: no more than `INSTANCES_MAX` clients are remembered, of which those not heard of for the
longest make room; what they push is opened and read in a lane, never on the loop's thread.
Neighbours: handlers call; `configs` tells of changed subscriptions; `export` shows.
Source: Apache Kafka 4.3.1, `ClientMetricsManager`, and KIP-714.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from logcore.broker.config.configs import Configs
from logcore.broker.config.resources import CLIENT_METRICS_RESOURCE, ResourceKey
from logcore.broker.context import RequestContext
from logcore.broker.coordinators import Surroundings
from logcore.broker.lanes import SLOW_LANE, Lanes
from logcore.broker.telemetry.export import INTERVALS_KEPT, KEPT_MIN_MS, ClientMetrics
from logcore.broker.telemetry.instances import ClientInstance, too_large
from logcore.broker.telemetry.otlp import Point, TelemetryError, read_metrics
from logcore.broker.telemetry.subscriptions import ClientFacts, Subscription, wanted
from logcore.common.clock import Scheduler
from logcore.common.deferred import Deferred
from logcore.common.errors import (
    CorruptMessageError,
    InvalidRecordError,
    InvalidRequestError,
    KafkaError,
)
from logcore.common.metrics import Metrics
from logcore.common.uuids import RESERVED, ZERO_UUID, random_uuid, uuid_text
from logcore.protocol.messages.get_telemetry_subscriptions import (
    GetTelemetrySubscriptionsRequest,
    GetTelemetrySubscriptionsResponse,
)
from logcore.protocol.messages.push_telemetry import PushTelemetryRequest, PushTelemetryResponse
from logcore.record.compression import decompress

INSTANCES_MAX: Final = 16_384
OPENED_FACTOR: Final = 8
"""How many times more a push may be when it is opened: telemetry.max.bytes is of what is sent."""

_ACCEPTED_CODECS: Final = (4, 3, 1, 2)
_NONE: Final = 0


class Telemetry:
    """The telemetry of clients.

    Args:
        configs: The settings, subscriptions among them.
        scheduler: Time.
        lanes: Where pushes are read.
        max_bytes: Returns the most that a push may have (``telemetry.max.bytes``).
        metrics: Where it is shown.
        new_id: Makes ids for clients.
    """

    def __init__(
        self,
        configs: Configs,
        scheduler: Scheduler,
        lanes: Lanes,
        metrics: Metrics,
        max_bytes: int,
        new_id: Callable[[], bytes] = random_uuid,
    ) -> None:
        self._configs = configs
        self._scheduler = scheduler
        self._lanes = lanes
        self._max_bytes = max_bytes
        self._new_id = new_id
        self._subscriptions: dict[str, Subscription] = {}
        self._version = 0
        self._instances: OrderedDict[bytes, ClientInstance] = OrderedDict()
        self._exported = ClientMetrics()
        self._refused = metrics.counter(
            "logcore_telemetry_refused_total",
            "Requests of clients for telemetry that were refused, by the error",
            ("error",),
        )
        self._pushes = metrics.counter(
            "logcore_telemetry_pushes_total", "Pushes of metrics that clients made", ()
        )
        self._show(metrics)
        configs.subscribe(self.follow)

    # ------------------------------------------------------------ subscriptions

    def follow(self, changed: frozenset[ResourceKey]) -> None:
        """Take over changed subscriptions."""
        names = [name for kind, name in changed if kind == CLIENT_METRICS_RESOURCE]
        for name in names:
            settings = self._configs.client_metrics(name)
            if settings:
                self._subscriptions[name] = Subscription.of(settings)
            else:
                self._subscriptions.pop(name, None)
        if names:
            self._version += 1

    # ------------------------------------------------------------ what clients ask

    def subscription(
        self, request: GetTelemetrySubscriptionsRequest, context: RequestContext
    ) -> GetTelemetrySubscriptionsResponse:
        """Tell a client what to push."""
        instance_id = request.client_instance_id
        if instance_id == ZERO_UUID:
            instance_id = self._new_id()
        instance = self._instance(instance_id, context)
        try:
            instance.ask(self._scheduler.monotonic_ms())
        except KafkaError as error:
            self._refused.increment(type(error).kafka_name)
            return GetTelemetrySubscriptionsResponse(error_code=error.code)
        return GetTelemetrySubscriptionsResponse(
            client_instance_id=instance_id,
            subscription_id=instance.subscription_id,
            accepted_compression_types=list(_ACCEPTED_CODECS),
            push_interval_ms=instance.wanted.interval_ms,
            telemetry_max_bytes=self._max_bytes,
            delta_temporality=True,
            requested_metrics=list(instance.wanted.metrics),
        )

    def push(
        self, request: PushTelemetryRequest, context: RequestContext
    ) -> PushTelemetryResponse | Deferred[PushTelemetryResponse]:
        """Take what a client pushes."""
        if request.client_instance_id in RESERVED:
            return self._refuse(InvalidRequestError("not the id of a client's instance"))
        instance = self._instance(request.client_instance_id, context)
        now_ms = self._scheduler.monotonic_ms()
        try:
            instance.push(
                request.subscription_id,
                request.compression_type,
                now_ms,
                is_last=request.terminating,
            )
            data = memoryview(request.metrics)
            if len(data) > self._max_bytes:
                raise too_large(len(data), self._max_bytes)
        except KafkaError as error:
            instance.refuse(error)
            return self._refuse(error)
        self._pushes.increment()
        if not data:
            return PushTelemetryResponse()
        codec_id, kept, limit_bytes = request.compression_type, bytes(data), self._limit_bytes
        read = self._lanes.run(SLOW_LANE, lambda: _read(codec_id, kept, limit_bytes))
        answer: Deferred[PushTelemetryResponse] = Deferred()
        read.then(lambda done: answer.complete(self._finish(instance, done)))
        return answer

    @property
    def _limit_bytes(self) -> int:
        return self._max_bytes * OPENED_FACTOR

    def _finish(
        self, instance: ClientInstance, done: Deferred[list[Point]]
    ) -> PushTelemetryResponse:
        if done.error is not None:
            error = InvalidRecordError(str(done.error))
            instance.refuse(error)
            return self._refuse(error)
        kept_ms = max(KEPT_MIN_MS, INTERVALS_KEPT * instance.wanted.interval_ms)
        until_ms = self._scheduler.monotonic_ms() + kept_ms
        self._exported.put(instance.instance_id, instance.facts, done.value(), until_ms)
        return PushTelemetryResponse()

    def _refuse(self, error: KafkaError) -> PushTelemetryResponse:
        self._refused.increment(type(error).kafka_name)
        return PushTelemetryResponse(error_code=error.code)

    # ------------------------------------------------------------ instances

    def _instance(self, instance_id: bytes, context: RequestContext) -> ClientInstance:
        now_ms = self._scheduler.monotonic_ms()
        self._expire(now_ms)
        instance = self._instances.get(instance_id)
        if instance is None or instance.version < self._version:
            facts = facts_of(instance_id, context) if instance is None else instance.facts
            wants = wanted(self._subscriptions.values(), facts)
            instance = ClientInstance(instance_id, facts, wants, self._version)
            self._instances[instance_id] = instance
        self._instances.move_to_end(instance_id)
        instance.used_ms = now_ms
        while len(self._instances) > INSTANCES_MAX:
            self._instances.popitem(last=False)
        return instance

    def _expire(self, now_ms: int) -> None:
        """Forget clients that are not heard of any more; those heard of last stand last."""
        while self._instances:
            oldest = next(iter(self._instances.values()))
            if now_ms - oldest.used_ms < INTERVALS_KEPT * oldest.wanted.interval_ms:
                break
            self._instances.popitem(last=False)

    def _show(self, metrics: Metrics) -> None:
        metrics.observe_gauge(
            "logcore_telemetry_instances",
            "Client instances that are known",
            lambda: len(self._instances),
        )
        metrics.observe_gauge(
            "logcore_telemetry_series",
            "Series of clients that are shown",
            lambda: self._exported.series_count,
        )
        metrics.observe_counter(
            "logcore_telemetry_series_dropped_total",
            "Values of clients that were not kept because there were too many",
            lambda: self._exported.dropped_count,
        )
        metrics.observe_lines(self._lines)

    def _lines(self) -> list[str]:
        self._exported.expire(self._scheduler.monotonic_ms())
        return list(self._exported.lines())


def make_telemetry(around: Surroundings, metrics: Metrics) -> Telemetry:
    """Make the telemetry of a broker, with the subscriptions that there are."""
    telemetry = Telemetry(
        around.configs,
        around.scheduler,
        around.lanes,
        metrics,
        around.config["telemetry.max.bytes"],
    )
    telemetry.follow(frozenset(around.controller.image.configs))
    return telemetry


def _read(codec_id: int, data: bytes, limit_bytes: int) -> list[Point]:
    """Open and read a push; blocks.

    Raises:
        TelemetryError: If it is damaged, or no metrics.
    """
    try:
        opened = data if codec_id == _NONE else decompress(codec_id, data, limit_bytes)
    except CorruptMessageError as error:
        raise TelemetryError(str(error)) from None
    return read_metrics(opened)


def facts_of(instance_id: bytes, context: RequestContext) -> ClientFacts:
    """Return what is known of the client of a request."""
    connection = context.connection
    name, version = connection.software
    return ClientFacts(
        client_instance_id=uuid_text(instance_id),
        client_id=context.client_id or "",
        client_software_name=name,
        client_software_version=version,
        client_source_address=connection.peer_host,
        client_source_port=str(connection.peer_port),
    )
