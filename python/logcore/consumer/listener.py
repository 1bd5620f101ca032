"""Who is told when partitions come and go.

Invariant: a listener is called inside of a call of the user's: `poll`, an iteration, `close`.
Neighbours: `async_consumer` and `consumer` take listeners; `telling` calls them.
"""

from collections.abc import Awaitable

from logcore.client.positions import TopicPartition


class RebalanceListener:
    """Is told of partitions; derive from it, and override what matters.

    For an `AsyncConsumer` methods may be coroutines; one goes on where who polls is cancelled, and
    the next poll waits for it. What a method raises passes to who polls, once; the partitions come
    or go all the same.

    Example:
        >>> class Show(RebalanceListener):
        ...     def on_assigned(self, partitions):
        ...         print("now reading", partitions)
    """

    def on_assigned(self, partitions: list[TopicPartition]) -> Awaitable[None] | None:
        """Partitions were assigned; nothing of them was handed out yet, so this may seek."""

    def on_revoked(self, partitions: list[TopicPartition]) -> Awaitable[None] | None:
        """Partitions are about to be given up; this may still commit."""

    def on_lost(self, partitions: list[TopicPartition]) -> Awaitable[None] | None:
        """Partitions are gone already, to others perhaps: too late to commit."""
        return self.on_revoked(partitions)
