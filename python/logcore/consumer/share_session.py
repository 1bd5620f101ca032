"""The share session with one broker: what it remembers, and what is to be acknowledged in it.

A member names its partitions once, then only what changes (KIP-932), as in a fetch session; unlike
there, what was acquired belongs to the session, and goes back to others when it ends.
Invariants: the epoch moves by one with each request that was answered; what is put into a session
that has ended is completed at once, with the reason.
Neighbours: `share_broker` sends what is made here.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from logcore.client.positions import TopicPartition
from logcore.common.errors import LogcoreError
from logcore.consumer.acknowledgements import Acknowledgement

INITIAL_EPOCH: Final = 0
FINAL_EPOCH: Final = -1
EPOCH_MAX: Final = 0x7FFF_FFFF


class SharePartition(NamedTuple):
    """A partition as requests of share groups name it."""

    topic_id: bytes
    partition: int


Places = Mapping[SharePartition, TopicPartition]


class Change(NamedTuple):
    """What a fetch says of partitions.

    Attributes:
        fresh: What is wanted from now on.
        forgotten: What is not wanted any more.
    """

    fresh: list[SharePartition]
    forgotten: list[SharePartition]


class ShareSession:
    """A session with one broker.

    Args:
        on_done: Called with each acknowledgement that is completed.
        on_put: Called, from any thread, when there is something to acknowledge.

    Attributes:
        epoch: Of the next request: 0 begins a session.
        places: The partitions that the broker remembers.
        error: Why it ended; None while it goes on.
    """

    def __init__(
        self, on_done: Callable[[Acknowledgement], object], on_put: Callable[[], object]
    ) -> None:
        self.epoch = INITIAL_EPOCH
        self.places: dict[SharePartition, TopicPartition] = {}
        self.error: LogcoreError | None = None
        self._on_done = on_done
        self._on_put = on_put
        self._lock = threading.Lock()  # one thread processes records, another sends
        self._waiting: list[Acknowledgement] = []
        self._sent: dict[Acknowledgement, None] = {}

    # ------------------------------------------------------------ partitions

    def change(self, wanted: Places, acknowledged: Iterable[SharePartition]) -> Change:
        """Return what a fetch has to say, so that the broker sends of what is wanted.

        Args:
            wanted: All that is wanted.
            acknowledged: Of what the fetch acknowledges: that has to be named in any case.
        """
        known = self.places if self.epoch != INITIAL_EPOCH else {}
        named = set(acknowledged)
        fresh = [each for each in wanted if each not in known or each in named]
        forgotten = [each for each in known if each not in wanted]
        self.places = dict(wanted)
        return Change(fresh, forgotten)

    def answered(self) -> None:
        """Take note of an answer without an error."""
        self.epoch = 1 if self.epoch == EPOCH_MAX else self.epoch + 1

    # ------------------------------------------------------------ acknowledgements

    def put(self, acknowledgement: Acknowledgement) -> Acknowledgement:
        """Have something acknowledged; from any thread.

        Returns:
            What will be completed: this, or what waits already, with this added.
        """
        with self._lock:
            error = self.error
            if error is None:
                if self._waiting and _joins(self._waiting[-1], acknowledgement):
                    acknowledgement = self._waiting[-1]
                else:
                    self._waiting.append(acknowledgement)
        if error is None:
            self._on_put()
        else:
            self.complete(acknowledgement, error)
        return acknowledgement

    def due(self, now_ms: int) -> list[Acknowledgement]:
        """Return what can be acknowledged now, and leave it where it is."""
        with self._lock:
            return [each for each in self._waiting if each.not_before_ms <= now_ms]

    def next_at_ms(self) -> int | None:
        """Return when the first of what waits may be acknowledged; None if nothing waits."""
        with self._lock:
            return min((each.not_before_ms for each in self._waiting), default=None)

    def take(self, now_ms: int) -> list[Acknowledgement]:
        """Return what can be acknowledged now; the caller sends it, and completes it or retries."""
        with self._lock:
            taken = [each for each in self._waiting if each.not_before_ms <= now_ms]
            self._waiting = [each for each in self._waiting if each.not_before_ms > now_ms]
            self._sent |= dict.fromkeys(taken)
        return taken

    def retry(self, acknowledgement: Acknowledgement, not_before_ms: int) -> None:
        """Acknowledge again what was sent, from a time on."""
        acknowledgement.not_before_ms = not_before_ms
        with self._lock:
            self._sent.pop(acknowledgement, None)
            self._waiting.append(acknowledgement)

    def outstanding(self) -> list[Acknowledgement]:
        """Return what was put and is not completed."""
        with self._lock:
            return [*self._sent, *self._waiting]

    def complete(self, acknowledgement: Acknowledgement, error: LogcoreError | None) -> None:
        """Take note of what became of an acknowledgement."""
        with self._lock:
            self._sent.pop(acknowledgement, None)
        acknowledgement.error = error
        acknowledgement.is_done = True
        self._on_done(acknowledgement)

    def end(self, error: LogcoreError) -> None:
        """End the session: what was not acknowledged in it is not any more."""
        with self._lock:
            self.error = error
            left, self._waiting, self._sent = [*self._sent, *self._waiting], [], {}
        for each in left:
            self.complete(each, error)


def _joins(before: Acknowledgement, later: Acknowledgement) -> bool:
    """Add what is said later to what waits, if both are of one acquisition, without renewals."""
    if (
        before.acquisition is not later.acquisition
        or before.renewed
        or later.renewed
        or before.not_before_ms
    ):
        return False
    before.types |= later.types
    before.gaps += later.gaps
    return True
