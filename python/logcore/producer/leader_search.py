"""Finding the leaders of partitions that have none: at once, then after longer and longer waits.

Invariant: one search is on its way at a time, however many partitions are without a leader.
Neighbours: `sender` searches when it has something for such a partition.
"""

import asyncio
from collections.abc import Callable, Collection

from logcore.client.cluster import Cluster


class LeaderSearch:
    """The search of one producer.

    Args:
        cluster: Where leaders are learned of.
        found: Called when there is an answer.
    """

    def __init__(self, cluster: Cluster, found: Callable[[], object]) -> None:
        self._cluster = cluster
        self._found = found
        self._searches = 0
        self._is_searching = False

    def look(self, topics: Collection[str]) -> None:
        """Search for the leaders of topics; without topics, be patient no more the next time."""
        if not topics:
            self._searches = 0
        elif not self._is_searching:
            self._is_searching = True
            self._cluster.track(topics)
            wait_ms = self._cluster.backoff.wait_ms(self._searches - 1) if self._searches else 0
            self._searches += 1
            self._cluster.loop.call_later(wait_ms / 1000, self._refresh)

    def _refresh(self) -> None:
        def done(_: "asyncio.Task[None]") -> None:
            self._is_searching = False
            self._found()

        if not self._cluster.is_closed:
            self._cluster.request_refresh().add_done_callback(done)
