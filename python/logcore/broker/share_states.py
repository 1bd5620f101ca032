"""The share coordinator as groups see it: on this broker, in a topic made when it is needed.

Invariant: a state is begun only once the topic it is kept in is there; whoever only looks or
forgets makes no topic.
Neighbours: `coordinators` gives one to the coordinator of groups; `coordinator.share` does it all.
"""

from collections.abc import Callable

from logcore.broker.auto_creation import SHARE_STATE, Creating, ensure_topic
from logcore.common.deferred import Deferred
from logcore.common.errors import CoordinatorNotAvailableError
from logcore.controller.image import TopicImage
from logcore.coordinator.share.service import ShareCoordinator
from logcore.coordinator.share.state import ShareKey, ShareState
from logcore.replication.manager import ReplicaManager


class LocalShareStates:
    """The share coordinator of this broker.

    Args:
        coordinator: The share coordinator.
        creating: What its topic is made with.
        replicas: The partitions of this broker.

    Attributes:
        on_replaced: Told of each key whose state was begun anew, or forgotten: whoever works by the
            old one has to read it again.
    """

    def __init__(
        self, coordinator: ShareCoordinator, creating: Creating, replicas: ReplicaManager
    ) -> None:
        self._coordinator = coordinator
        self._creating = creating
        self._replicas = replicas
        self.on_replaced: Callable[[ShareKey], object] = _nobody

    def initialise(self, key: ShareKey, state_epoch: int, start_offset: int) -> Deferred[None]:
        """Begin a state, or begin it anew; the topic is made first if it is not there."""
        answer: Deferred[None] = Deferred()

        def begin(topic: Deferred[TopicImage]) -> None:
            if topic.error is not None:
                reason = f"{SHARE_STATE} cannot be created: {topic.error}"
                answer.fail(CoordinatorNotAvailableError(reason))
                return
            self._coordinator.initialise_one(key, state_epoch, start_offset).then(finish)

        def finish(done: Deferred[None]) -> None:
            if done.error is not None:
                answer.fail(done.error)
            else:
                self.on_replaced(key)
                answer.complete(None)

        ensure_topic(self._creating, SHARE_STATE).then(begin)
        return answer

    def delete(self, key: ShareKey) -> Deferred[None]:
        """Forget a state; one that is not there is no error."""

        def finish(done: Deferred[None]) -> None:
            if done.error is None:
                self.on_replaced(key)

        deleted = self._coordinator.delete_one(key)
        deleted.then(finish)
        return deleted

    def summary(self, key: ShareKey) -> Deferred[ShareState | None]:
        """Return a state; None if it was not begun."""
        return self._coordinator.read_summary_one(key)

    def end_offset(self, topic: str, partition: int) -> int:
        """Return the high watermark of a partition.

        Raises:
            KafkaError: If this broker does not lead it.
        """
        return self._replicas.get(topic, partition).log.high_watermark


def _nobody(_: ShareKey) -> None:
    """Stand for whoever wants to be told."""
