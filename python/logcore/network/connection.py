"""One connection of a listener: frames in, in order; answers out, in the same order.

A request is handed to the handler as soon as its last byte is there, on the loop's thread. What is
answered at once is written at the end of the turn, all of it together; what is not gets a slot in
the outbox. No task is made.
Invariant: nothing is handed over while the peer does not read its answers, while too many requests
are unanswered or hold too much memory, or once the connection is closed.
Neighbours: `frames` cuts the bytes; `outbox` keeps answers in order; `listener` makes connections.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from logcore.common.deferred import Deferred
from logcore.common.principal import ANONYMOUS
from logcore.common.types import override
from logcore.network.frames import FrameReader
from logcore.network.outbox import Outbox, Slot
from logcore.network.service import NetworkService
from logcore.protocol.errors import FrameSizeError

if TYPE_CHECKING:
    from typing_extensions import Buffer

    Answer = list[Buffer] | None

logger = logging.getLogger(__name__)

SLOTS_MAX: Final = 64
UNKNOWN_SOFTWARE: Final = ("unknown", "unknown")
FRAMES_PER_TURN_MAX: Final = 128


# Why a connection does not read; several may hold at once.
_SLOTS: Final = 1
_WRITING: Final = 2
_THROTTLED: Final = 4
_TURN: Final = 8
_DRAINING: Final = 16
_MEMORY: Final = 32
_CLOSED: Final = 64
_LENT: Final = 128


class RequestHandler(Protocol):
    """Whoever answers requests."""

    def handle(self, connection: "Connection", frame: memoryview) -> "Answer | Deferred[Answer]":
        """Answer a frame: buffers, a Deferred of them, or None for no answer at all."""


class Borrower(Protocol):
    """Whoever serves the sockets of connections for a while, in the place of their handler."""

    def give_back(self, descriptor: int) -> None:
        """Have the connection take a socket back at once."""


class ConnectionOwner(Protocol):
    """What a connection needs to know of its listener."""

    name: str
    service: NetworkService
    handler: RequestHandler
    is_tls: bool
    opened: Callable[["Connection"], object] | None

    def closed(self, connection: "Connection") -> None:
        """Strike off a connection that is gone; more than once is no error."""


class Connection(asyncio.BufferedProtocol):
    """A connection that a listener accepted.

    Attributes:
        id: A number that no other connection of this broker has.
        listener_name: The listener that it came in by.
        peer_host: The other side's address.
        peer_port: The other side's port.
        local_host: The address of ours that the other side connected to.
        is_tls: Whether its bytes are encrypted.
        is_closed: Whether it is closed, or about to be.
        principal: Who is on the other side, as far as its listener has found out.
        software: Name and version of its software, as it says.
        in_a_row: How many requests in a row its handler has served alike; the handler's count.
    """

    def __init__(self, owner: ConnectionOwner, peer: tuple[str, int], local_host: str) -> None:
        service = owner.service
        self.id = service.next_connection_id()
        self.listener_name = owner.name
        self.peer_host, self.peer_port = peer
        self.local_host = local_host
        self.is_tls = owner.is_tls
        self.is_closed = False
        self.principal = ANONYMOUS
        self.software = UNKNOWN_SOFTWARE
        self.in_a_row = 0
        self.is_active = True  # since the listener looked last
        self.idle_since_ms = service.scheduler.monotonic_ms()
        self._owner = owner
        self._service = service
        self._handle = owner.handler.handle
        self._served = service.busy_poll.served
        self._stats = service.stats
        self._frames = FrameReader(service.memory, service.settings.request_max_bytes)
        self._outbox = Outbox(service.stats, service.budget)
        self._held_bytes = 0  # by what is being received
        self._is_in_turn = False
        self._muted = 0
        self._throttled_until_ms: float = 0
        self._on_close: dict[Callable[[], object], None] = {}
        self._lent_to: tuple[Borrower, int] | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def peer(self) -> str:
        """The other side, as log lines name it."""
        host = f"[{self.peer_host}]" if ":" in self.peer_host else self.peer_host
        return f"{host}:{self.peer_port}"

    @property
    def unanswered_count(self) -> int:
        """How many requests are handed over and not answered."""
        return len(self._outbox.slots)

    @property
    def is_reading(self) -> bool:
        """Whether it takes requests right now."""
        return not self._muted

    @property
    def held_bytes(self) -> int:
        """How much memory its requests hold, those included that wait for their answers."""
        return self._held_bytes + self._outbox.held_bytes

    @property
    def peer_certificate(self) -> bytes | None:
        """The certificate that the other side showed, in DER; None without one."""
        tls = self._transport and self._transport.get_extra_info("ssl_object")
        return tls.getpeercert(binary_form=True) if tls else None

    def serve_by(self, handler: RequestHandler) -> None:
        """Hand requests to another handler; only before the first of them."""
        self._handle = handler.handle

    def limit_frames(self, least_bytes: int, most_bytes: int, key: str) -> None:
        """Accept frames of other sizes from now on, as a setting wants it."""
        frames = self._frames
        frames.least, frames.limit, frames.limit_key = least_bytes, most_bytes, key

    def on_close(self, callback: Callable[[], object]) -> None:
        """Call back once when the connection is closed, by whichever side; at once if it is."""
        if self.is_closed:
            callback()
        else:
            self._on_close[callback] = None

    def forget(self, callback: Callable[[], object]) -> None:
        """Do not call this back any more."""
        self._on_close.pop(callback, None)

    def close(self, reason: str) -> None:
        """Close because of what the peer did; answers that are ready still leave.

        Args:
            reason: Continues a sentence that begins with the peer's address.
        """
        if self.is_closed:
            return
        logger.warning("%s %s; closing the connection", self.peer, reason)
        self._stats.closed_for_cause += 1
        self.shut()

    def shut(self) -> None:
        """Close without a word; answers that are ready still leave."""
        if self.is_closed:
            return
        self._finish()
        self._outbox.close()

    def abort(self) -> None:
        """Close at once, whatever is still unsent."""
        self._finish()
        self._outbox.forget()
        if self._transport is not None:
            self._transport.abort()
        else:
            self._owner.closed(self)

    def drain(self) -> None:
        """Take no more requests, and close once those that are here have been answered."""
        self._mute(_DRAINING)
        if not self._outbox.slots and not self._is_in_turn:
            self.shut()

    def throttle(self, delay_ms: float) -> None:
        """Read no more requests for a while; what is answered meanwhile still leaves."""
        until_ms = self._service.scheduler.monotonic_ms() + delay_ms
        if delay_ms <= 0 or self._muted & _CLOSED or until_ms <= self._throttled_until_ms:
            return
        self._throttled_until_ms = until_ms
        if not self._muted & _THROTTLED:
            self._mute(_THROTTLED)
            self._service.scheduler.call_later(delay_ms, self._go_on_unthrottled)

    def _go_on_unthrottled(self) -> None:
        """Read again, unless the wait has grown meanwhile."""
        left_ms = self._throttled_until_ms - self._service.scheduler.monotonic_ms()
        if left_ms > 0 and not self.is_closed:
            self._service.scheduler.call_later(left_ms, self._go_on_unthrottled)
        else:
            self._unmute(_THROTTLED)

    def lend(self, borrower: Borrower, handler: RequestHandler) -> int | None:
        """Let another serve the socket for a while, who does as a handler would.

        Args:
            borrower: Who serves it, until it calls `take_back`.
            handler: In whose place.

        Returns:
            The socket's descriptor. None if it is not to be had: while anything is unread,
            unanswered or unsent, where bytes are encrypted, or where another handler is asked.
        """
        is_busy = self._muted or self._outbox.slots or self._frames.pending_bytes
        descriptor = self._outbox.descriptor
        if is_busy or descriptor is None or self._handle != handler.handle:
            return None
        self._mute(_LENT)
        self._lent_to = borrower, descriptor
        return descriptor

    def take_back(self, received: bytes = b"", unsent: bytes = b"") -> None:
        """Serve the socket again that was lent.

        Args:
            received: What was received meanwhile and is to be served first.
            unsent: What is to be sent before anything else.
        """
        self._lent_to = None
        self._muted &= ~_LENT
        if self.is_closed or self._transport is None:
            return
        if unsent:
            self._transport.write(unsent)
        if not self._muted:
            self._transport.resume_reading()
        if received:
            self.get_buffer(len(received))[: len(received)] = received
            self.buffer_updated(len(received))

    def recall(self) -> None:
        """Have the socket back, if it is lent."""
        if self._lent_to is not None:
            borrower, descriptor = self._lent_to
            borrower.give_back(descriptor)

    @property
    def is_stuck(self) -> bool:
        """Whether only the peer can make progress here: it owes us bytes, or must take ours."""
        return self._outbox.is_blocked or not self._outbox.slots or self.is_closed

    # ------------------------------------------------------------ what the transport calls

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "writelines")
        self._transport = transport  # type: ignore[assignment]  # uvloop's is not derived
        assert self._transport is not None, "just set"
        self._outbox.connect(self._transport, is_tls=self.is_tls)
        if self.is_closed:
            self._transport.abort()
        elif self._owner.opened is not None:
            self._owner.opened(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything."""
        if exc is not None and not self.is_closed:
            logger.debug("%s is gone: %s", self.peer, exc)
        self._finish()
        self._outbox.forget()
        self._transport = None
        self._owner.closed(self)

    @override
    def get_buffer(self, sizehint: int) -> bytearray | memoryview:  # noqa: ARG002 - a protocol
        """Return where the next bytes go."""
        return self._frames.writable()

    @override
    def buffer_updated(self, nbytes: int) -> None:
        """Serve what has arrived."""
        self.is_active = True
        self._stats.received_bytes += nbytes
        frames = self._frames
        frames.received(nbytes)
        if self._muted:
            self._hold(frames.settle())
        elif self._outbox.slots or (frame := frames.sole_frame()) is None:
            self._serve()
        else:
            self._serve_sole(frame)

    @override
    def eof_received(self) -> bool:
        """The peer is done, so this is too: Kafka answers nobody who closed."""
        self.shut()
        return False

    @override
    def pause_writing(self) -> None:
        """Hand over nothing while the peer does not read."""
        self._outbox.pause()
        self._mute(_WRITING)

    @override
    def resume_writing(self) -> None:
        """Go on."""
        self.is_active = True
        if self._outbox.resume():
            self._unmute(_WRITING)
            self._flush()

    # ------------------------------------------------------------ a turn

    def _serve(self) -> None:
        """Hand over the frames that are there."""
        self._is_in_turn = True
        served_count = 0
        try:
            served_count = self._hand_over()
        except FrameSizeError as error:
            self.close(str(error))
        except Exception:
            logger.exception("%s: a request was not handled; closing the connection", self.peer)
            self.shut()
        self._is_in_turn = False
        self._flush()
        if served_count:
            self._served()
        if self.is_closed:
            self._frames.release()
        else:
            held_bytes = self._frames.settle()
            if held_bytes != self._held_bytes:
                self._hold(held_bytes)

    def _serve_sole(self, frame: memoryview) -> None:
        """Hand over a frame that came alone, as most do: nothing is to be gathered or settled."""
        self._is_in_turn = True
        is_sent = False
        try:
            answer = self._handle(self, frame)
            if isinstance(answer, list) and not self._muted:
                self._outbox.send(answer)
                is_sent = True
            else:
                self._take(answer, len(frame))
        except Exception:
            logger.exception("%s: a request was not handled; closing the connection", self.peer)
            self.shut()
        self._is_in_turn = False
        if not is_sent:
            self._flush()
        self._served()

    def _hand_over(self) -> int:
        """Hand over what is there; return how many requests that was."""
        next_frame, handle = self._frames.next_frame, self._handle
        put, slots = self._outbox.put, self._outbox.slots
        for count in range(FRAMES_PER_TURN_MAX):
            frame = next_frame()
            if frame is None:
                return count
            answer = handle(self, frame)
            if isinstance(answer, list) and not slots:
                put(answer)
            else:
                self._take(answer, len(frame))
            if len(slots) >= SLOTS_MAX:
                self._mute(_SLOTS)
            if self._muted:
                return count + 1
        self._mute(_TURN)
        self._service.scheduler.call_soon(self._go_on)
        return FRAMES_PER_TURN_MAX

    def _take(self, answer: "Answer | Deferred[Answer]", size: int) -> None:
        """Give the answer of a request its place, or the request itself until it is answered."""
        if isinstance(answer, Deferred):
            if not answer.is_done:
                answer.then(partial(self._answered, self._outbox.reserve(None, size)))
                return
            answer = answer.value()
        if answer is None:
            return
        if self._outbox.slots:
            self._outbox.reserve(answer, 0)
        else:
            self._outbox.put(answer)

    def _answered(self, slot: Slot, done: "Deferred[Answer]") -> None:
        """Take an answer that came later."""
        if self.is_closed:
            return
        if done.error is not None:
            logger.error(
                "%s: a request failed; closing the connection", self.peer, exc_info=done.error
            )
            self.shut()
            return
        self.is_active = True
        self._outbox.fill(slot, done.value())
        if not self._is_in_turn:
            self._flush()

    def _flush(self) -> None:
        """Write what is answered, and see whether more requests may come."""
        try:
            self._outbox.flush()
        except Exception:
            logger.exception("%s: an answer was not written; closing the connection", self.peer)
            self.abort()
        unanswered_count = len(self._outbox.slots)
        if self._muted & _SLOTS and unanswered_count <= SLOTS_MAX // 2:
            self._unmute(_SLOTS)
        if self._muted & _DRAINING and not unanswered_count:
            self.shut()

    # ------------------------------------------------------------ reading or not

    def go_on(self) -> None:
        """There is memory again to receive into."""
        self._unmute(_MEMORY)

    def _hold(self, held_bytes: int) -> None:
        """Account for the memory that is received into, and stop if that is too much."""
        budget = self._service.budget
        grown_bytes = held_bytes - self._held_bytes
        self._held_bytes = held_bytes
        budget.add(grown_bytes)
        if not held_bytes:
            budget.leave(self)
        elif grown_bytes > 0 and not budget.may_receive(self):
            self._mute(_MEMORY)

    def _mute(self, why: int) -> None:
        self.recall()
        if not self._muted and self._transport is not None:
            self._transport.pause_reading()
        self._muted |= why

    def _unmute(self, why: int) -> None:
        if not self._muted & why:
            return
        self._muted &= ~why
        if not self._muted:
            # Not at once: this may run inside somebody's handler, which must return first.
            self._muted = _TURN
            self._service.scheduler.call_soon(self._go_on)

    def _go_on(self) -> None:
        """Serve what had arrived before reading stopped, then read again."""
        self._muted &= ~_TURN
        if self._muted:
            return
        self._serve()
        if not self._muted and self._transport is not None:
            self._transport.resume_reading()

    def _finish(self) -> None:
        if self.is_closed:
            return
        self.is_closed = True
        self._mute(_CLOSED)
        self._service.budget.add(-self._held_bytes)
        self._service.budget.leave(self)
        self._held_bytes = 0
        if not self._is_in_turn:
            self._frames.release()
        callbacks, self._on_close = self._on_close, {}
        for callback in callbacks:
            callback()
