"""Images, rules and storages for tests of the controller.

Invariant: what is made here is as small as a test allows; ids are readable bytes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from logcore.common.clock import ManualClock
from logcore.common.deferred import Deferred
from logcore.common.errors import InvalidConfigError, LogIoError
from logcore.controller.image import EMPTY, BrokerImage, MetadataImage, PartitionImage, TopicImage
from logcore.controller.metadata_log import SingleNodeLog
from logcore.controller.replay import ImageBuilder
from logcore.log.manager import LogManager
from logcore.protocol.messages.create_topics import CreatableTopicConfigs

T = TypeVar("T")

NODE = 1
DIRECTORY = b"directory-1-----"


def broker(number: int = NODE, **changes: Any) -> BrokerImage:
    facts: dict[str, Any] = {
        "broker_id": number,
        "epoch": 10 + number,
        "incarnation_id": b"incarnation-%03d-" % number,
        "is_fenced": False,
        "log_dirs": (DIRECTORY,),
    }
    return BrokerImage(**(facts | changes))


def topic_id(number: int) -> bytes:
    return b"topic-%010d" % number


def topic(name: str, partitions: int = 1, number: int = 1, node: int = NODE) -> TopicImage:
    return TopicImage(
        name,
        topic_id(number),
        tuple(
            PartitionImage(each, (node,), (node,), node, directories=(DIRECTORY,))
            for each in range(partitions)
        ),
    )


def image(
    topics: Iterable[TopicImage] = (),
    brokers: Iterable[BrokerImage] = (broker(),),
    configs: Mapping[tuple[int, str], Mapping[str, str]] | None = None,
    **facts: Any,
) -> MetadataImage:
    listed = list(topics)
    return MetadataImage(
        topics_by_name={each.name: each for each in listed},
        topics_by_id={each.topic_id: each for each in listed},
        brokers={each.broker_id: each for each in brokers},
        configs=dict(configs or {}),
        **({"features": {"metadata.version": 30, "group.version": 1}} | facts),
    )


def replayed(records: Iterable[Any], start: MetadataImage = EMPTY) -> MetadataImage:
    """Return the image that records make; offset and epoch are those of the start."""
    builder = ImageBuilder(start)
    for record in records:
        builder.replay(record)
    return builder.finish(start.offset, start.epoch).new


def names_of(records: Iterable[Any]) -> list[str]:
    return [type(record).__name__ for record in records]


class Rules:
    """Rules for tests: a few keys, of which one is a list."""

    keys: Mapping[str, str] = {
        "retention.ms": "604800000",
        "cleanup.policy": "delete",
        "segment.bytes": "1073741824",
    }

    def check(
        self,
        resource_type: int,  # noqa: ARG002 - the protocol's whole form
        resource_name: str,  # noqa: ARG002
        configs: Mapping[str, str],
    ) -> None:
        for key, value in configs.items():
            if key not in self.keys:
                raise InvalidConfigError(f"unknown setting {key}")
            if key != "cleanup.policy" and not value.lstrip("-").isdigit():
                raise InvalidConfigError(f"{key} is not a number: {value}")

    def is_list(self, resource_type: int, key: str) -> bool:  # noqa: ARG002
        return key == "cleanup.policy"

    def default(self, resource_type: int, key: str) -> str | None:  # noqa: ARG002
        return self.keys.get(key)

    def topic_entries(self, configs: Mapping[str, str]) -> list[CreatableTopicConfigs]:
        return [
            CreatableTopicConfigs(name=key, value=configs.get(key, default), config_source=5)
            for key, default in self.keys.items()
        ]


class InlineWorker:
    """Runs at once, on the same thread."""

    def run(self, function: Callable[[], T]) -> Deferred[T]:
        try:
            return Deferred.of(function())
        except Exception as error:  # noqa: BLE001 - handed on, as a worker does
            return Deferred.failed(error)


class HeldWorker:
    """Runs when it is told to, so that a test sees what happens meanwhile."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Any], Deferred[Any]]] = []

    def run(self, function: Callable[[], T]) -> Deferred[T]:
        deferred: Deferred[T] = Deferred()
        self.waiting.append((function, deferred))
        return deferred

    def step(self) -> None:
        """Run what waits longest."""
        function, deferred = self.waiting.pop(0)
        try:
            value = function()
        except Exception as error:  # noqa: BLE001
            deferred.fail(error)
        else:
            deferred.complete(value)


class FailingStorage:
    """A partition's log whose next fsync fails once it is told so."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self.is_broken = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def append_records(
        self, records: Sequence[tuple[bytes | None, bytes | None]], epoch: int, timestamp_ms: int
    ) -> tuple[int, int]:
        result: tuple[int, int] = self._log.append_records(records, epoch, timestamp_ms)
        return result

    def flush(self) -> int:
        if self.is_broken:
            raise LogIoError("the disk is gone")
        return int(self._log.flush())


class Disk:
    """A log directory with the metadata log in it, opened as often as a test likes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.directory = path / "__cluster_metadata-0"
        self.clock = ManualClock()
        self._manager: LogManager | None = None

    def open(self, worker: Any = None) -> SingleNodeLog:
        self.close()
        self._manager = LogManager([self.path], cluster_id="c" * 22, node_id=NODE)
        log = self._manager.get_or_create("__cluster_metadata", 0, bytes(15) + b"\1", is_new=False)
        self.storage = FailingStorage(log)
        return SingleNodeLog(self.storage, self.directory, worker or InlineWorker(), self.clock)

    def close(self) -> None:
        if self._manager is not None:
            self._manager.close()
            self._manager = None
