"""What the broker does when the metadata changes: host, configure, drop, coordinate.

Invariant: each committed change is applied once, in order, before whoever asked for it is told; the
order within a change is settings, then topics that went, then topics that came, so that a new log
opens with its own settings. Coordinators begin last of all: what they go on with reaches into the
partitions of other topics.
Neighbours: `logcore.controller` calls; `server` subscribes this and applies the first image.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Final, TypeAlias

from logcore.broker.config.configs import Configs
from logcore.broker.config.resources import BROKER_RESOURCE, TOPIC_RESOURCE, ResourceKey
from logcore.broker.purgatory import Purgatory
from logcore.broker.storage import METADATA_TOPIC
from logcore.controller.image import MetadataDelta, MetadataImage, TopicImage
from logcore.coordinator.group.service import GroupCoordinator
from logcore.coordinator.share.service import ShareCoordinator
from logcore.coordinator.transaction.service import TransactionCoordinator
from logcore.replication.manager import ReplicaManager

logger = logging.getLogger(__name__)

_STRAYS_SHOWN: Final = 10
_NEVER: Final = 2**63 - 1
"""The value of ``flush.messages`` with which no append waits for the disk."""

Coordinator: TypeAlias = GroupCoordinator | TransactionCoordinator | ShareCoordinator
"""What keeps its state in the partitions of a topic of its own."""


class MetadataFollower:
    """Keeps partitions, settings and coordinators in step with the metadata.

    Args:
        configs: The settings.
        replicas: The partitions.
        coordinators: The coordinators, by the topic of each.
        purgatory: Where requests wait that a change may answer.
    """

    def __init__(
        self,
        configs: Configs,
        replicas: ReplicaManager,
        coordinators: Mapping[str, Coordinator],
        purgatory: Purgatory,
    ) -> None:
        self._configs = configs
        self._replicas = replicas
        self._coordinators = coordinators
        self._purgatory = purgatory
        configs.subscribe(self._settings_changed)

    def begin(self, image: MetadataImage) -> None:
        """Apply what was there before the start."""
        self._configs.apply(image.configs)
        self._host(image.topics_by_name.values(), is_new=False)
        self._warn_of_strays()

    def follow(self, delta: MetadataDelta) -> None:
        """Apply a change."""
        if delta.changed_configs:
            self._configs.apply(delta.new.configs, delta.changed_configs)
        if delta.deleted_topics:
            self._drop(delta.deleted_topics)
        self._host((*delta.created_topics, *delta.changed_topics), is_new=True)

    def _host(self, topics: Collection[TopicImage], *, is_new: bool) -> None:
        self._replicas.host(topics, is_new=is_new)
        for topic in topics:
            self._configure(topic.name)
        for topic in topics:
            coordinator = self._coordinators.get(topic.name)
            if coordinator is not None:
                for partition in topic.partitions:
                    coordinator.on_elected(partition.partition_id)

    def _warn_of_strays(self) -> None:
        """Say which logs belong to no topic: nobody is served from them, and they stay."""
        strays = [
            f"{topic}-{index}"
            for topic, index in self._replicas.logs.partitions()
            if topic != METADATA_TOPIC and self._replicas.find(topic, index) is None
        ]
        if strays:
            logger.warning(
                "%d logs belong to no topic of the cluster and are left alone: %s",
                len(strays),
                ", ".join(strays[:_STRAYS_SHOWN]),
            )

    def _drop(self, topics: Collection[TopicImage]) -> None:
        for topic in topics:
            coordinator = self._coordinators.get(topic.name)
            if coordinator is not None:
                for partition in topic.partitions:
                    coordinator.on_resigned(partition.partition_id)
        for dropped in self._replicas.drop_all((each.name, each.topic_id) for each in topics):
            self._purgatory.check(dropped.key)
        for told in self._coordinators.values():
            if not isinstance(told, TransactionCoordinator):
                for topic in topics:
                    told.on_topic_deleted(topic.name, topic.topic_id)

    def _settings_changed(self, changed: frozenset[ResourceKey]) -> None:
        for topic in self._concerned(changed):
            self._configure(topic)

    def _concerned(self, changed: frozenset[ResourceKey]) -> Iterable[str]:
        """Return the topics whose settings may have changed."""
        if any(kind == BROKER_RESOURCE for kind, _ in changed):
            return {partition.topic for partition in self._replicas}
        return [name for kind, name in changed if kind == TOPIC_RESOURCE]

    def _configure(self, topic: str) -> None:
        values = self._configs.topic_values(topic)
        min_replicas, flush_messages = values["min.insync.replicas"], values["flush.messages"]
        assert isinstance(min_replicas, int), "an INT"
        assert isinstance(flush_messages, int), "a LONG"
        self._replicas.configure(
            topic, min_insync_replicas=min_replicas, waits_for_disk=flush_messages < _NEVER
        )
