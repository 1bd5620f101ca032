"""One connection to a broker: a thin transport under a `Pipeline`.

Invariant: every request that was sent gets exactly one of an answer, `ClientTimeoutError`,
`ConnectionLostError` or `ClientClosedError`. A request that timed out ends the connection, since
the answers of all behind it would come after its own. While a login is renewed, requests wait here,
and go out in their order.
Neighbours: `opening` makes these and greets, `authentication` logs in; `pipeline` knows what is in
flight.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from logcore.client.api_ranges import ApiRanges
from logcore.client.metrics.network import NodeMeter
from logcore.client.pipeline import Pending, Pipeline
from logcore.client.responses import response_of
from logcore.common.clock import SystemClock
from logcore.common.errors import ClientTimeoutError, ConnectionLostError, LogcoreError
from logcore.common.types import override
from logcore.network.at_once import plain_descriptor, write_at_once
from logcore.network.frames import FrameReader
from logcore.network.memory import ReceiveMemory
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.errors import FrameSizeError, MalformedMessageError
from logcore.protocol.schema import Message

if TYPE_CHECKING:
    from typing_extensions import Buffer

logger = logging.getLogger(__name__)

RESPONSE_BYTES_MAX: Final = 0x7FFF_FFFF
JOINED_BYTES_MAX: Final = 16 * 1024
LOGIN_KEYS: Final = frozenset({ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE})


class Held(NamedTuple):
    """A request that waits for a login to be renewed; without a future, for no answer."""

    request: Message
    version: int
    future: "asyncio.Future[Any] | None"
    deadline: float


class Connection(asyncio.BufferedProtocol):
    """A connection to one broker.

    Args:
        loop: The loop it runs on.
        address: The broker, as messages name it.
        client_id: What the client calls itself.
        memory: Where bytes are received into.
        meter: What measures the broker.

    Attributes:
        ranges: What the broker understands, once it was asked.
        is_open: Whether requests can be sent.
        last_used: When the last request or answer passed, in the loop's seconds.
        muted_until: Until when the broker asked for peace, in the loop's seconds.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        address: str,
        client_id: str,
        memory: ReceiveMemory,
        meter: NodeMeter,
    ) -> None:
        self.address = address
        self.ranges = ApiRanges({18: (0, 4)})
        self.is_open = False
        self.last_used = loop.time()
        self.muted_until = 0.0
        self.closed: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._meter = meter
        self._now_ns = SystemClock().monotonic_ns
        self._pipeline = Pipeline(client_id)
        self._frames = FrameReader(memory, RESPONSE_BYTES_MAX)
        self._transport: asyncio.Transport | None = None
        self._descriptor: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._renew_at = inf
        self._renew: Callable[[], Awaitable[None]] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._held: list[Held] | None = None

    @property
    def in_flight(self) -> int:
        """How many requests wait for their answers."""
        return len(self._pipeline.pending) + len(self._held or ())

    def ask(
        self, request: Message, version: int | None = None, timeout_s: float = 30.0
    ) -> "asyncio.Future[Any]":
        """Send a request, and return the future of its answer.

        Args:
            request: The request.
            version: In which version; the highest in common if None.
            timeout_s: When its answer is too late.

        Raises:
            UnsupportedVersionError: If the broker does not know the request.
            ConnectionLostError: If the connection is closed.
        """
        if version is None:
            version = self.ranges.choose(type(request))
        now = self._loop.time()
        future: asyncio.Future[Any] = self._loop.create_future()
        if (now >= self._renew_at or self._held is not None) and request.API_KEY not in LOGIN_KEYS:
            self._hold(Held(request, version, future, now + timeout_s))
        else:
            self._ask(request, version, future, now + timeout_s)
        return future

    def _ask(
        self, request: Message, version: int, future: "asyncio.Future[Any]", deadline: float
    ) -> None:
        correlation_id, buffers = self._encode(request, version)
        response = response_of(type(request))
        self._pipeline.pending.append(
            Pending(
                correlation_id, request.API_KEY, version, response, future, deadline, self._now_ns()
            )
        )
        self.last_used = self._loop.time()
        self._write(buffers)
        if self._timer is not None and self._timer.when() > deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._check_deadlines)

    def tell(self, request: Message, version: int | None = None) -> None:
        """Send a request that has no answer, as Produce with ``acks=0``."""
        if version is None:
            version = self.ranges.choose(type(request))
        now = self._loop.time()
        if now >= self._renew_at or self._held is not None:
            self._hold(Held(request, version, None, inf))
        else:
            self._tell(request, version)

    def _tell(self, request: Message, version: int) -> None:
        _, buffers = self._encode(request, version)
        self.last_used = self._loop.time()
        self._write(buffers)

    def close(self, error: Exception | None = None) -> None:
        """Close, and tell whoever waits.

        Args:
            error: Why; what requests in flight fail with.
        """
        if self._transport is not None:
            transport, self._transport = self._transport, None
            transport.abort()
        self._ended(error or ConnectionLostError(f"the connection to {self.address} was closed"))

    def _encode(self, request: Message, version: int) -> "tuple[int, list[Buffer]]":
        if self._transport is None:
            raise ConnectionLostError(f"there is no connection to {self.address} any more")
        return self._pipeline.encode(request, version)

    def _write(self, buffers: "list[Buffer]") -> None:
        assert self._transport is not None, "checked when it was encoded"
        size = sum(memoryview(buffer).nbytes for buffer in buffers)
        self._meter.sent.record(size)
        if size <= JOINED_BYTES_MAX:
            write_at_once(self._transport, self._descriptor, b"".join(buffers))
        else:
            self._transport.writelines(buffers)  # type: ignore[arg-type]  # any buffer will do

    # ------------------------------------------------------------ logging in again

    def renew_after(self, wait_s: float, renew: Callable[[], Awaitable[None]]) -> None:
        """Have a login renewed before the first request after a while.

        Args:
            wait_s: How long the login is good without.
            renew: Renews it; what it asks goes out at once, what others ask waits.
        """
        self._renew_at = self._loop.time() + wait_s
        self._renew = renew

    def _hold(self, held: Held) -> None:
        if self._transport is None:
            raise ConnectionLostError(f"there is no connection to {self.address} any more")
        if self._held is None:
            self._held = []
            self._renew_at = inf
            self._renewing = self._loop.create_task(self._renew_login())
        self._held.append(held)

    async def _renew_login(self) -> None:
        assert self._renew is not None, "it became due"
        try:
            await self._renew()
        except Exception as error:  # noqa: BLE001 - whatever it is, what waits must learn of it
            logger.warning("logging in to %s again failed: %s", self.address, error)
            self.close(ConnectionLostError(f"{self.address}: logging in again failed: {error}"))
            return
        held, self._held = self._held or [], None
        for each in held:
            self._release(each)

    def _release(self, held: Held) -> None:
        """Send what waited, unless nobody waits for it any more."""
        try:
            if held.future is None:
                self._tell(held.request, held.version)
            elif held.deadline <= self._loop.time():
                late = f"{self.address} was not asked in time: logging in again took too long"
                self._fail(held.future, ClientTimeoutError(late))
            elif not held.future.done():
                self._ask(held.request, held.version, held.future, held.deadline)
        except LogcoreError as error:  # the connection ended over one before this
            self._fail(held.future, error)

    # ------------------------------------------------------------ what the transport calls

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = transport  # type: ignore[assignment]  # uvloop's is not derived
        assert self._transport is not None, "just set"
        self._descriptor = plain_descriptor(self._transport)
        self.is_open = True

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._transport = None
        reason = f": {exc}" if exc else ""
        self._ended(ConnectionLostError(f"{self.address} closed the connection{reason}"))

    @override
    def get_buffer(self, sizehint: int) -> bytearray | memoryview:  # noqa: ARG002 - a protocol
        """Return where the next bytes go."""
        return self._frames.writable()

    @override
    def buffer_updated(self, nbytes: int) -> None:
        """Hand out the answers that are complete."""
        self._meter.received.record(nbytes)
        self._frames.received(nbytes)
        now_ns = self._now_ns()
        try:
            while (frame := self._frames.next_frame()) is not None:
                pending, message = self._pipeline.answer(frame)
                del frame
                self._meter.answered.record((now_ns - pending.sent_ns) / 1e6)
                if not pending.future.done():
                    pending.future.set_result(message)
        except (MalformedMessageError, FrameSizeError) as error:
            logger.warning("%s does not speak Kafka's protocol: %s", self.address, error)
            self.close(ConnectionLostError(f"{self.address} does not speak as a broker: {error}"))
            return
        self.last_used = self._loop.time()
        self._frames.settle()

    @override
    def eof_received(self) -> bool:
        """The broker is done, so this is too."""
        return False

    def _ended(self, error: Exception) -> None:
        self.is_open = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._frames.release()
        held, self._held = self._held or [], None
        if self._renewing is not None and self._renewing is not asyncio.current_task(self._loop):
            self._renewing.cancel()
        futures = [pending.future for pending in self._pipeline.abandon()]
        for future in (*futures, *(each.future for each in held)):
            self._fail(future, error)
        if not self.closed.done():
            self.closed.set_result(None)

    def _fail(self, future: "asyncio.Future[Any] | None", error: Exception) -> None:
        if future is not None and not future.done():
            future.set_exception(error)
            future.exception()  # whoever asked may be gone: no word of it then

    def _check_deadlines(self) -> None:
        self._timer = None
        pending = self._pipeline.pending
        if not pending:
            return
        now = self._loop.time()
        first = min(each.deadline for each in pending)
        if first > now:
            self._timer = self._loop.call_at(first, self._check_deadlines)
            return
        late = next(each for each in pending if each.deadline <= now)
        name = late.response.__name__.removesuffix("Response")
        error = ClientTimeoutError(
            f"{self.address} did not answer {name} in time; request.timeout.ms bounds the wait"
        )
        if not late.future.done():
            late.future.set_exception(error)
            late.future.exception()
        self.close(ConnectionLostError(f"{self.address} was given up: {error}"))
