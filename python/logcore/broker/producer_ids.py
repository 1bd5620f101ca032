"""Producer ids, one after the other, out of blocks that the controller gives.

Invariant: an id is handed out once; a block is on disk before its first id leaves, so a restart
skips the rest of a block and never repeats one.
Neighbours: `controller` allocates blocks; `handlers.init_producer_id` asks for ids.
"""

from collections import deque
from collections.abc import Callable

from logcore.common.deferred import Deferred


class ProducerIds:
    """Hands out producer ids.

    Args:
        allocate: Gets the next block, as a range of ids.
    """

    def __init__(self, allocate: Callable[[], Deferred[range]]) -> None:
        self._allocate = allocate
        self._block: deque[int] = deque()
        self._waiting: list[Deferred[int]] = []

    def next(self) -> Deferred[int]:
        """Return the next id, once there is one."""
        if self._block:
            return Deferred.of(self._block.popleft())
        asked: Deferred[int] = Deferred()
        self._waiting.append(asked)
        if len(self._waiting) == 1:
            self._allocate().then(self._refill)
        return asked

    def _refill(self, block: Deferred[range]) -> None:
        waiting, self._waiting = self._waiting, []
        if block.error is not None:
            for asked in waiting:
                asked.fail(block.error)
            return
        self._block.extend(block.value())
        count = min(len(waiting), len(self._block))
        given = [self._block.popleft() for _ in range(count)]
        self._waiting = waiting[count:]
        must_allocate = bool(self._waiting)  # who asks meanwhile looks after itself
        for asked, producer_id in zip(waiting, given, strict=False):
            asked.complete(producer_id)
        if must_allocate:
            self._allocate().then(self._refill)
