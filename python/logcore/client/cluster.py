"""A client's way to a cluster: whom to ask, asking, and the view of topics kept fresh.

Invariant: a broker is asked on the loop's thread only, in a version that it understands. The view
is asked for by one request at a time, however many wait for it; with no broker left that answers,
the bootstrap servers are asked again (KIP-899), as when a broker says so (KIP-1102).
Neighbours: `nodes` has the connections; `cluster_view` merges answers; `coordinators` finds those
of groups and transactions; `retrying` tries again.
"""

import asyncio
import logging
import os
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from logcore.client.addresses import Address, parse_addresses
from logcore.client.backoff import Backoff
from logcore.client.cluster_view import ClusterView, TopicView
from logcore.client.connection import Connection
from logcore.client.metrics.network import NetworkMeter
from logcore.client.metrics.registry import Registry
from logcore.client.metrics.sampled import Window
from logcore.client.nodes import Channel, Nodes
from logcore.client.opening import Opener
from logcore.client.settings import Settings
from logcore.common.clock import SystemClock
from logcore.common.errors import (
    BrokerUnreachableError,
    ClientError,
    ClientTimeoutError,
    ForkedClientError,
    IllegalStateError,
    KafkaError,
    RebootstrapRequiredError,
    WrongThreadError,
    error_for_code,
)
from logcore.protocol.messages.metadata import (
    MetadataRequest,
    MetadataRequestTopic,
    MetadataResponse,
)
from logcore.protocol.schema import Message

if TYPE_CHECKING:
    import ssl

    from logcore.client.authentication import Authenticator
    from logcore.client.telemetry.pusher import Pusher

logger = logging.getLogger(__name__)

T = TypeVar("T")

KINDS: Final = {"admin": "admin-client", "share consumer": "consumer"}
FIRST_PUSH_S: Final = 1.0
BOOTSTRAP_FROM: Final = -1
"""Ids of bootstrap servers go down from here, as they have none of their own yet."""


class Cluster:
    """What every client has: connections, and a view of topics. It lives on one event loop.

    Args:
        settings: The client's settings.
        creates_topics: Whether asking for a topic may create it, if the broker allows that.

    Attributes:
        settings: The settings.
        view: What is known now; replaced, never changed.
        nodes: The connections.
        backoff: How long to wait before trying again.
        chance: Where jitter comes from.
        metrics: What it tells of itself.
        labels: Returns what tells it from other clients, for metrics that are pushed.
    """

    def __init__(self, settings: Settings, *, creates_topics: bool = True) -> None:
        self.settings = settings
        self.view = ClusterView()
        self.chance = random.Random()  # noqa: S311 - spreads load, guards nothing
        self.backoff = self._backoff("retry.backoff")
        self.loop = _running_loop()
        self._pid = os.getpid()
        self.metrics = _registry(settings)
        network = NetworkMeter(self.metrics, lambda: len(self.nodes.open_connections()))
        self.nodes = Nodes(
            Opener(
                settings,
                _tls_context(settings),
                _authenticator(settings, self.chance, network),
                network,
            ),
            self._backoff("reconnect.backoff"),
            self._backoff("socket.connection.setup.timeout"),
            settings.integer("connections.max.idle.ms") / 1000,
        )
        self._bootstrap = parse_addresses(settings.texts("bootstrap.servers"))
        self._begins_again = settings.text("metadata.recovery.strategy").lower() == "rebootstrap"
        self._creates_topics = creates_topics
        self._topics: set[str] = set()
        self._wants_all = False
        self._watchers: list[Callable[[ClusterView], object]] = []
        self._refreshing: asyncio.Task[None] | None = None
        self._refusal: Exception | None = None  # why there is no fresh view, if it does not pass
        self._failure: Exception | None = None  # of the last attempt at a fresh view
        self._failing_since: float | None = None
        self.labels: Callable[[], Mapping[str, str]] = dict
        self._fresh_since = self.loop.time()
        self.metrics.gauge(
            "metadata-age",
            "Seconds since brokers told of topics",
            lambda: self.loop.time() - self._fresh_since,
        )
        self._wanted = False
        self._age_timer: asyncio.TimerHandle | None = None
        self._pusher: Pusher | None = None
        self._push_timer: asyncio.TimerHandle | None = None
        if settings.flag("enable.metrics.push"):
            wait_s = FIRST_PUSH_S * self.chance.uniform(0.5, 1.5)
            self._push_timer = self.loop.call_later(wait_s, self._start_pushing)
        self._request_timeout_s = settings.integer("request.timeout.ms") / 1000

    def _backoff(self, prefix: str) -> Backoff:
        first_ms = self.settings.integer(f"{prefix}.ms")
        return Backoff(first_ms, self.settings.integer(f"{prefix}.max.ms"), self.chance)

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self.nodes.is_closed

    def check_loop(self) -> None:
        """Refuse use from another thread or loop, and in the child of a fork.

        Raises:
            WrongThreadError: If it is one.
            ForkedClientError: In the child.
        """
        if os.getpid() != self._pid:
            raise ForkedClientError("the client was made before a fork: make one in the child")
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is not self.loop:
            raise WrongThreadError(
                "an asynchronous client is for the event loop on which it was made; "
                "from threads use the synchronous one"
            )

    def close(self) -> None:
        """Close all connections."""
        for timer in (self._age_timer, self._push_timer, self._refreshing):
            if timer is not None:
                timer.cancel()
        if self._pusher is not None:
            self._pusher.stop()
        self.nodes.close()

    async def push_last(self) -> None:
        """Push metrics for the last time, before `close`, if brokers want them (KIP-714)."""
        if self._push_timer is not None:
            self._push_timer.cancel()
        if self._pusher is not None:
            await self._pusher.end()

    def _start_pushing(self) -> None:
        """Begin to push metrics; what ends sooner than this is called asks for nothing."""
        from logcore.client.telemetry.pusher import Pusher  # noqa: PLC0415 - not for short ones

        self._pusher = Pusher(self, self.labels)

    # ------------------------------------------------------------ asking

    def address_of(self, node_id: int) -> Address:
        """Return where a broker is.

        Raises:
            BrokerUnreachableError: If it is not in the cluster.
        """
        if node_id <= BOOTSTRAP_FROM:
            return self._bootstrap[BOOTSTRAP_FROM - node_id]
        known = self.view.brokers.get(node_id)
        if known is None:
            raise BrokerUnreachableError(f"broker {node_id} is not known in the cluster")
        return known.address

    async def connection(self, node_id: int, channel: Channel = Channel.DATA) -> Connection:
        """Return the connection to a broker, opening it if need be.

        Raises:
            BrokerUnreachableError: If it cannot be opened.
        """
        return await self.nodes.connection(node_id, self.address_of(node_id), channel)

    async def ask(
        self,
        node_id: int,
        request: Message,
        *,
        channel: Channel = Channel.DATA,
        at_most: int | None = None,
        timeout_s: float | None = None,
    ) -> Any:  # noqa: ANN401 - the response of the request's API
        """Ask one broker, once.

        Args:
            node_id: The broker.
            request: The request.
            channel: On which of its connections.
            at_most: The highest version that may be used.
            timeout_s: How long the answer may take; ``request.timeout.ms`` if None.

        Raises:
            BrokerUnreachableError, ConnectionLostError, ClientTimeoutError: If it does not answer.
            UnsupportedVersionError: If it does not know the request.
        """
        connection = await self.connection(node_id, channel)
        wait_s = connection.muted_until - self.loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        version = connection.ranges.choose(type(request), at_most)
        timeout_s = self._request_timeout_s if timeout_s is None else timeout_s
        response = await connection.ask(request, version, timeout_s)
        self.heed(connection, response)
        return response

    def heed(self, connection: Connection, response: Message) -> None:
        """Leave a broker in peace for as long as it asks for (KIP-219)."""
        throttle_ms = getattr(response, "throttle_time_ms", 0)
        if throttle_ms > 0:
            connection.muted_until = self.loop.time() + throttle_ms / 1000

    async def ask_any(self, request: Message, *, timeout_s: float | None = None) -> Any:  # noqa: ANN401 - the response of the request's API
        """Ask any broker, the next one where one does not answer.

        Raises:
            BrokerUnreachableError: If none does; it lists what was tried.
        """
        return await self._any(lambda node_id: self.ask(node_id, request, timeout_s=timeout_s))

    async def reach(self) -> None:
        """Have a connection to any broker.

        Raises:
            BrokerUnreachableError: If none can be had; it lists what was tried.
        """
        await self._any(self.connection)

    async def _any(self, attempt: Callable[[int], Awaitable[T]]) -> T:
        attempts: dict[str, str] = {}
        for node_id in self._candidates():
            try:
                return await attempt(node_id)
            except ClientError as error:
                if self.is_closed or not error.retriable:
                    raise
                known = getattr(error, "attempts", None)
                attempts |= known or {str(self.address_of(node_id)): str(error)}
        listed = "; ".join(f"{address}: {reason}" for address, reason in attempts.items())
        raise BrokerUnreachableError(
            f"no broker can be reached ({listed}): check bootstrap.servers, and that the broker "
            "advertises an address that is good from here",
            attempts=attempts,
        )

    def _candidates(self) -> Iterable[int]:
        """Return whom to ask, the best first."""
        best = self.nodes.least_busy()
        if best is not None:
            yield best
        known = [node_id for node_id in self.view.brokers if node_id != best]
        self.chance.shuffle(known)
        yield from sorted(known, key=self.nodes.is_waiting)
        if self.view.brokers and not self._begins_again:
            return
        servers = [BOOTSTRAP_FROM - at for at in range(len(self._bootstrap))]
        self.chance.shuffle(servers)
        yield from (node_id for node_id in servers if node_id != best)

    # ------------------------------------------------------------ the view

    def watch(self, callback: Callable[[ClusterView], object]) -> None:
        """Call back with each new view."""
        self._watchers.append(callback)

    def track(self, topics: Iterable[str]) -> None:
        """Keep the view of some topics fresh."""
        fresh = set(topics) - self._topics
        self._topics |= fresh
        if fresh - self.view.topics.keys():
            self.request_refresh()

    def untrack(self, topics: Iterable[str]) -> None:
        """Forget topics at the next refresh."""
        self._topics.difference_update(topics)

    def track_all(self, wanted: bool = True) -> None:
        """Keep the view of all topics fresh."""
        self._wants_all = wanted

    def learn(self, view: ClusterView) -> None:
        """Take over a newer view."""
        if view is self.view:
            return
        self.view = view
        for callback in self._watchers:
            callback(view)

    def request_refresh(self) -> "asyncio.Task[None]":
        """Ask for the view anew, soon; the task ends when that is done, well or not."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = self.loop.create_task(self._refresh())
        else:
            self._wanted = True
        return self._refreshing

    async def refresh(self) -> ClusterView:
        """Ask for the view anew, once.

        Raises:
            BrokerUnreachableError: If no broker answers.
        """
        await self._ask_metadata()
        return self.view

    async def _refresh(self) -> None:
        failures = 0
        while True:
            self._wanted = False
            self._refusal = None
            try:
                await self._ask_metadata()
                self._failure = self._failing_since = None
            except (ClientError, KafkaError) as error:
                self._failure = error
                self._begin_again_late()
                if self.is_closed or not error.retriable:
                    self._refusal = error
                    wait_ms = self._shorter("reconnect.backoff.max.ms", "metadata.max.age.ms")
                    self._schedule_refresh(max(wait_ms, self.backoff.wait_ms(failures)))
                    return
                logger.debug("no fresh metadata: %s", error)
                await asyncio.sleep(self.backoff.wait_ms(failures) / 1000)
                failures += 1
                continue
            if not self._wanted:
                return
            await asyncio.sleep(self.backoff.wait_ms(failures) / 1000)

    def _begin_again_late(self) -> None:
        """Begin at the bootstrap servers when nobody told anything for too long (KIP-1102)."""
        now = self.loop.time()
        if self._failing_since is None:
            self._failing_since = now
        trigger_ms = self.settings.integer("metadata.recovery.rebootstrap.trigger.ms")
        is_late = (now - self._failing_since) * 1000 >= trigger_ms
        if is_late and self._begins_again:
            self._failing_since = now
            self._begin_again()

    def _begin_again(self) -> None:
        self.learn(ClusterView({}, self.view.topics, self.view.cluster_id))
        self.nodes.forget_all()

    async def _ask_metadata(self) -> None:
        topics = None
        if not self._wants_all:
            topics = [MetadataRequestTopic(name=name) for name in sorted(self._topics)]
        request = MetadataRequest(
            topics=topics, allow_auto_topic_creation=self._creates_topics and not self._wants_all
        )
        response: MetadataResponse = await self.ask_any(request)
        if response.error_code == RebootstrapRequiredError.code and self._begins_again:
            logger.info("a broker asks to begin at the bootstrap servers again")
            self._begin_again()
            response = await self.ask_any(request)
        if response.error_code == RebootstrapRequiredError.code:
            # Of the brokers' errors it is one that no retry heals; but later others may answer.
            raise BrokerUnreachableError(
                "brokers ask to begin at the bootstrap servers again: they are part of another "
                "cluster now, or metadata.recovery.strategy is none"
            )
        if response.error_code:
            raise error_for_code(response.error_code)("metadata cannot be had")
        self.learn(self.view.merged(response, None if self._wants_all else self._topics))
        for gone in self.nodes.known() - self.view.brokers.keys():
            if gone > BOOTSTRAP_FROM or (self.view.brokers and not self.nodes.is_busy(gone)):
                self.nodes.forget(gone)
        self._fresh_since = self.loop.time()
        self._schedule_refresh(self.settings.integer("metadata.max.age.ms"))

    def _shorter(self, *keys: str) -> int:
        return min(map(self.settings.integer, keys))

    def _schedule_refresh(self, wait_ms: float) -> None:
        """Ask for the view anew after a while, unless the client is closed by then."""
        if self._age_timer is not None:
            self._age_timer.cancel()
        if self.is_closed:
            return
        self._age_timer = self.loop.call_later(wait_ms / 1000, self.request_refresh)

    async def topic(self, name: str, timeout_s: float) -> TopicView:
        """Return a topic, waiting until it is known.

        Raises:
            KafkaError: If it cannot be had: it is forbidden, or its name is impossible.
            UnknownTopicOrPartitionError: If there is still no such topic when the time is over.
            ClientTimeoutError: If no broker told in time.
        """
        deadline = self.loop.time() + timeout_s
        self.track([name])
        failures = 0
        while True:
            known = self.view.topics.get(name)
            if known is not None and not known.error_code and known.partitions:
                return known
            problem = error_for_code(known.error_code) if known and known.error_code else None
            if problem is not None and not problem.retriable:
                raise problem(f"topic {name} cannot be used: {problem.kafka_name}")
            left_s = deadline - self.loop.time()
            if left_s <= 0:
                if problem is not None:
                    raise problem(
                        f"there is no topic {name}, after {timeout_s:g} s: create it first"
                    )
                reason = f": {self._failure}" if self._failure else ""
                raise ClientTimeoutError(
                    f"no broker told about topic {name} in {timeout_s:g} s "
                    f"(bootstrap.servers: {', '.join(map(str, self._bootstrap))}){reason}"
                ) from self._failure
            if known is not None:
                wait_s = min(self.backoff.wait_ms(failures) / 1000, left_s)
                failures += 1
                await asyncio.sleep(wait_s)
            refreshing = self.request_refresh()
            await asyncio.wait([refreshing], timeout=max(deadline - self.loop.time(), 0))
            if self._refusal is not None and refreshing.done():
                raise self._refusal


def _running_loop() -> asyncio.AbstractEventLoop:
    """Return the loop that a client is to live on.

    Raises:
        IllegalStateError: If there is none.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise IllegalStateError(
            "make an asynchronous client in a coroutine, or use its synchronous twin"
        ) from None


def _tls_context(settings: Settings) -> "ssl.SSLContext | None":
    """Return the context of connections with TLS; None if they are to be plain."""
    if not settings.text("security.protocol").endswith("SSL"):
        return None
    from logcore.client.tls import client_context  # noqa: PLC0415 - plain ones do not pay for it

    return client_context(settings)


def _authenticator(
    settings: Settings, chance: random.Random, network: NetworkMeter
) -> "Authenticator | None":
    """Return what logs connections in; None if nobody is to log in."""
    if not settings.text("security.protocol").startswith("SASL"):
        return None
    from logcore.client.authentication import Authenticator  # noqa: PLC0415 - where it is used
    from logcore.client.logins import make_login  # noqa: PLC0415

    return Authenticator(make_login(settings, chance), chance, network)


def _registry(settings: Settings) -> Registry:
    """Make the registry of a client's metrics, which Java's clients call by these kinds."""
    subject = settings.definition.subject
    samples = settings.integer("metrics.num.samples")
    sample_ms = settings.integer("metrics.sample.window.ms")
    window = Window(samples, sample_ms, SystemClock().monotonic_ms)
    return Registry(KINDS.get(subject, subject), settings.text("client.id"), window)
