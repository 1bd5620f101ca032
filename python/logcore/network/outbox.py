"""The answers of one connection: each in its place, written as soon as it is its turn.

A request that is answered later has a slot in the queue; what is answered meanwhile waits behind
it. What may leave is gathered, small buffers are joined, and the socket gets all of it at once.
Invariant: answers leave in the order of their requests, and none is begun while the peer does not
take what was written before. `held_bytes` is what unanswered requests hold of the budget.
Neighbours: `connection` puts answers in; `responses` joins buffers; `paced` writes TLS.
"""

import asyncio
from collections import deque
from typing import Any, Final

from logcore.network.at_once import plain_descriptor, write_at_once
from logcore.network.budget import ReceiveBudget
from logcore.network.paced import PacedWriter
from logcore.network.responses import JOINED_BYTES_MAX, assemble
from logcore.network.service import NetworkStats
from logcore.protocol.frame import LENGTH, LENGTH_BYTES

WRITTEN_TOGETHER_BYTES: Final = 256 * 1024
WRITE_HIGH_BYTES: Final = 256 * 1024
WRITE_LOW_BYTES: Final = 64 * 1024
_pack_length = LENGTH.pack


class Slot:
    """A request that waits for its answer, or whose answer waits for its turn.

    Attributes:
        answer: The answer; None as long as there is none, and if there will be none.
        is_answered: Whether it has been decided.
        size: How many bytes the request holds until then.
    """

    __slots__ = ("answer", "is_answered", "size")

    def __init__(self, answer: list[Any] | None, size: int) -> None:
        self.answer = answer
        self.is_answered = answer is not None
        self.size = size


class Outbox:
    """Orders and writes answers.

    Args:
        stats: Where written bytes are counted.
        budget: Where the memory of unanswered requests is.

    Attributes:
        slots: Requests whose answers have not been written, in order.
        is_blocked: Whether the peer does not take what has been written.
    """

    __slots__ = (
        "_budget", "_descriptor", "_gathered", "_gathered_bytes", "_paced", "_stats",
        "_transport", "is_blocked", "slots",
    )  # fmt: skip

    def __init__(self, stats: NetworkStats, budget: ReceiveBudget) -> None:
        self.slots: deque[Slot] = deque()
        self.is_blocked = False
        self._stats = stats
        self._budget = budget
        self._gathered: list[Any] = []
        self._gathered_bytes = 0
        self._transport: asyncio.Transport | None = None
        self._paced: PacedWriter | None = None
        self._descriptor: int | None = None

    @property
    def held_bytes(self) -> int:
        """How much memory unanswered requests hold."""
        return sum(slot.size for slot in self.slots)

    @property
    def descriptor(self) -> int | None:
        """The socket, if what is written to it now comes next: None while something is unsent."""
        transport = self._transport
        if transport is None or self._gathered or transport.get_write_buffer_size():
            return None
        return self._descriptor

    def connect(self, transport: asyncio.Transport, *, is_tls: bool) -> None:
        """Write to this transport from now on."""
        transport.set_write_buffer_limits(WRITE_HIGH_BYTES, WRITE_LOW_BYTES)
        self._transport = transport
        self._paced = PacedWriter(transport) if is_tls else None
        self._descriptor = plain_descriptor(transport)

    def put(self, answer: list[Any]) -> None:
        """Take the answer of a request that has nobody before it; `flush` writes it.

        Args:
            answer: Buffers of bytes.
        """
        size = sum(map(len, answer))
        self._gathered.append(_pack_length(size))
        self._gathered += answer
        self._gathered_bytes += size + LENGTH_BYTES
        if self._gathered_bytes >= WRITTEN_TOGETHER_BYTES:
            self._write()

    def send(self, answer: list[Any]) -> None:
        """Take the answer of the only request that there is, and write it.

        Args:
            answer: Buffers of bytes.
        """
        size = sum(map(len, answer))
        transport, descriptor = self._transport, self._descriptor
        if descriptor is None or transport is None or size > JOINED_BYTES_MAX:
            self.put(answer)
            self.flush()
            return
        self._stats.sent_bytes += size + LENGTH_BYTES
        write_at_once(transport, descriptor, b"".join((_pack_length(size), *answer)))

    def reserve(self, answer: list[Any] | None, size: int) -> Slot:
        """Give a request its place.

        Args:
            answer: Its answer, if that is there already.
            size: How many bytes it holds until it is answered.
        """
        slot = Slot(answer, size)
        self._budget.add(size)
        self.slots.append(slot)
        return slot

    def fill(self, slot: Slot, answer: list[Any] | None) -> None:
        """Take the answer of a request that has a place; None if it gets none."""
        slot.answer = answer
        slot.is_answered = True
        slot.size, size = 0, slot.size
        self._budget.add(-size)

    def flush(self) -> None:
        """Write what is answered from the head on, unless the peer does not take it."""
        slots = self.slots
        while slots and slots[0].is_answered and not self.is_blocked:
            answer = slots.popleft().answer
            if answer is not None:
                self.put(answer)
        if self._gathered:
            self._write()

    def pause(self) -> None:
        """The transport has enough for now."""
        self.is_blocked = True
        if self._paced is not None:
            self._paced.is_paused = True

    def resume(self) -> bool:
        """The transport takes more; return whether there is nothing of before left."""
        if self._paced is None or self._paced.resume():
            self.is_blocked = False
        return not self.is_blocked

    def close(self) -> None:
        """Write what is gathered, forget what is not answered, and close when all has left."""
        if self._gathered:
            self._write()
        self.forget()
        closing = self._paced or self._transport
        if closing is not None:
            closing.close()

    def forget(self) -> None:
        """Drop everything that has not been written, and write nothing more past the transport."""
        self._descriptor = None
        self._budget.add(-self.held_bytes)
        self.slots.clear()
        self._gathered.clear()
        self._gathered_bytes = 0

    def _write(self) -> None:
        gathered, self._gathered = self._gathered, []
        self._stats.sent_bytes += self._gathered_bytes
        self._gathered_bytes = 0
        transport = self._transport
        assert transport is not None, "requests come from a transport"
        ready = assemble(gathered)
        if self._paced is not None:
            self._paced.writelines(ready)
        elif len(ready) > 1:
            transport.writelines(ready)
        else:
            write_at_once(transport, self._descriptor, ready[0])
