"""Creates the internal topics of streams groups, and remembers for a while what could not be.

Every heartbeat of a group asks again until its topics are there.
Invariant: a topic's creation is asked for once at a time; one that failed is not tried again before
its time, and in between members are told why.
Neighbours: the handler of StreamsGroupHeartbeat asks; the controller creates.
Source: Apache Kafka 4.3.1, `AutoTopicCreationManager.createStreamsInternalTopics`.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from logcore.common.deferred import Deferred
from logcore.controller.controller import Controller
from logcore.protocol.messages.create_topics import (
    CreatableTopic,
    CreateTopicsRequest,
    CreateTopicsResponse,
)

logger = logging.getLogger(__name__)

FAILURES_MAX: Final = 1_000
"""How many failures are remembered."""
TOLD_MAX: Final = 3
"""How many failures a member is told of."""

TOPIC_EXISTS: Final = 36


class _Failure(NamedTuple):
    detail: str
    until_ms: int


class StreamsTopics:
    """The internal topics that are being created, or could not be."""

    def __init__(self) -> None:
        self._under_way: set[str] = set()
        self._failures: dict[str, _Failure] = {}

    def create(
        self,
        controller: Controller,
        topics: Mapping[str, CreatableTopic],
        now_ms: int,
        *,
        retry_ms: int,
    ) -> None:
        """Begin to create topics, those that are not under way or have failed a moment ago.

        Args:
            controller: Who creates.
            topics: What is to be there.
            now_ms: What time it is, by a clock that never goes back.
            retry_ms: How long one that fails is not tried again.
        """
        self._failures = {
            name: failure for name, failure in self._failures.items() if failure.until_ms > now_ms
        }
        wanted = [
            topic
            for name, topic in topics.items()
            if name not in self._under_way and name not in self._failures
        ]
        if not wanted:
            return
        names = [topic.name for topic in wanted]
        self._under_way.update(names)
        logger.info("creating internal topics %s", ", ".join(names))
        created = controller.create_topics(CreateTopicsRequest(topics=wanted, timeout_ms=retry_ms))
        created.then(lambda done: self._finish(names, done, now_ms + retry_ms))

    def failures(self, names: Iterable[str]) -> str:
        """Tell why topics could not be created a moment ago; empty if none of them failed."""
        failed = [name for name in names if name in self._failures]
        told = ", ".join(f"{name} ({self._failures[name].detail})" for name in failed[:TOLD_MAX])
        left = len(failed) - TOLD_MAX
        return f"{told} and {left} more" if left > 0 else told

    def _finish(
        self, names: list[str], done: Deferred[CreateTopicsResponse], until_ms: int
    ) -> None:
        self._under_way.difference_update(names)
        if done.error is not None:
            for name in names:
                self._note_failure(name, str(done.error), until_ms)
            return
        for topic in done.value().topics:
            if topic.error_code not in (0, TOPIC_EXISTS):
                detail = topic.error_message or f"error {topic.error_code}"
                self._note_failure(topic.name, detail, until_ms)

    def _note_failure(self, name: str, detail: str, until_ms: int) -> None:
        logger.warning("internal topic %s could not be created: %s", name, detail)
        if len(self._failures) < FAILURES_MAX:
            self._failures[name] = _Failure(detail, until_ms)
