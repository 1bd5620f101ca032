"""Placing records from any thread: where the thread waits for a topic or for room.

Invariants: a thread waits at most ``max.block.ms`` for one record; while it waits for room, the
sender does not linger. A record is taken in the transaction that it was sent in, or refused. What
is here holds the core, never the producer, which may be forgotten.
Neighbours: `producer` sends through here; `placing` is the same for coroutines.
"""

from collections.abc import Callable
from typing import Any

from logcore.client.loop_thread import LoopThread
from logcore.common.clock import SystemClock
from logcore.common.errors import BufferExhaustedError
from logcore.producer.async_producer import AsyncProducer
from logcore.producer.bulk import Bulk
from logcore.producer.delivery import BatchResult, Deliveries
from logcore.producer.interceptor import ProducerRecord
from logcore.producer.outgoing import Outgoing
from logcore.producer.room import room_for
from logcore.record.encoding import Delivery


class Waiting:
    """Waits for one producer.

    Args:
        runner: The loop of the core.
        core: The core.
    """

    def __init__(self, runner: LoopThread, core: AsyncProducer) -> None:
        self._runner = runner
        self._core = core
        self._accumulator = core.accumulator
        self._block_ms = core.settings.integer("max.block.ms")

    def append(self, topic: str, value: Any, key: Any, *rest: Any) -> Delivery:  # noqa: ANN401 - of `send`
        """Append a record that was not taken at once.

        Raises:
            As `Producer.send`.
        """
        patience = _Patience(self._block_ms)
        size, check = room_for(value, key, rest[1]), self._core.transaction_guard()
        while True:
            self._wait(topic, size, patience)
            check()
            delivery = self._accumulator.append(topic, value, key, *rest)
            if delivery is not None:
                return delivery

    def prepared(self, outgoing: Outgoing) -> Callable[..., Delivery]:
        """Return what sends a record through the hooks of the program."""

        def append(*arguments: Any) -> Delivery:  # noqa: ANN401 - of `send`
            return outgoing.send(ProducerRecord(*arguments), place)

        def place(record: ProducerRecord) -> Delivery:
            check = self._core.transaction_guard()
            while (ready := outgoing.assigned(record)) is None:
                self._know(record.topic)
                check()
            delivery = self._accumulator.append(*ready)
            return self.append(*ready) if delivery is None else delivery

        return append

    def append_all(self, records: Bulk) -> Deliveries:
        """Append many records.

        Raises:
            As `Producer.send`.
        """
        batches: dict[BatchResult, None] = {}
        patience, sent, count = _Patience(self._block_ms), 0, len(records)
        check = self._core.transaction_guard()
        self._runner.check_process()
        while sent < count:
            taken, tickets = records.append(self._accumulator, sent)
            batches.update(dict.fromkeys(tickets))
            sent += taken
            if taken:
                patience = _Patience(self._block_ms)
            if sent < count:
                # An eighth of what is held: waking for every batch would cost more than it gives.
                room = max(self._accumulator.used_bytes // 8, records.room_at(sent))
                self._wait(records.topic, room, patience)
                check()
        return Deliveries(batches, count)

    def _wait(self, topic: str, size_bytes: int, patience: "_Patience") -> None:
        """Wait until a topic is known, and there is room.

        Raises:
            BufferExhaustedError: If there is none in time.
        """
        if not self._core.placing.is_known(topic):
            self._know(topic)
            return
        self._runner.check()
        with self._core.hurried():
            has_room = self._accumulator.wait_for_room(size_bytes, patience.left_s())
        if not has_room and not patience.left_s():
            raise BufferExhaustedError(
                "the producer holds buffer.memory bytes that no broker took within "
                "max.block.ms: is one reachable, and as fast as you send?"
            )

    def _know(self, topic: str) -> None:
        self._runner.run(self._core.placing.know(topic))


class _Patience:
    """How much of a wait is left."""

    def __init__(self, timeout_ms: int) -> None:
        self._now_ms = SystemClock().monotonic_ms
        self._until_ms = self._now_ms() + timeout_ms

    def left_s(self) -> float:
        return max(self._until_ms - self._now_ms(), 0) / 1000
