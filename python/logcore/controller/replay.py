"""From metadata records to the next image: the only code that changes what the metadata says.

Invariant: loading after a start and deciding at run time replay the same records through here, so
they cannot come to different images. An image handed in is not changed; what is not touched is
shared with it. A record that makes no sense (a partition of an unknown topic) is a `ReplayError`,
never skipped, because whatever follows would be built on sand.
Neighbours: `image` holds the results; `metadata_log` reads the records; `records` goes the other
way, from an image to records.
Source: Apache Kafka 4.3.1, the deltas in `org.apache.kafka.image`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final, TypeVar

from logcore.common.errors import LogcoreError
from logcore.common.scram import ScramCredential
from logcore.controller.acls import Acl
from logcore.controller.brokers import changed, registered, set_fenced
from logcore.controller.client_quotas import Entity, replayed
from logcore.controller.delegation_tokens import DelegationToken, token_in
from logcore.controller.image import (
    BrokerImage,
    ConfigKey,
    MetadataDelta,
    MetadataImage,
    PartitionImage,
    TopicImage,
)
from logcore.controller.partition_change import changed_partition
from logcore.controller.scram import ScramKey, credential_in
from logcore.protocol.internal import metadata as record_types

K = TypeVar("K")
V = TypeVar("V")


class ReplayError(LogcoreError):
    """A metadata record contradicts those before it, or is of a kind this release does not know."""


@dataclass(slots=True)
class _TopicDraft:
    """A topic while its records are replayed."""

    name: str
    topic_id: bytes
    partitions: dict[int, PartitionImage] = field(default_factory=dict)

    def finish(self) -> TopicImage:
        ordered = tuple(self.partitions.get(number) for number in range(len(self.partitions)))
        if None in ordered:
            raise ReplayError(f"the partitions of topic {self.name} have a gap in their numbers")
        return TopicImage(self.name, self.topic_id, ordered)  # type: ignore[arg-type]  # no None


class ImageBuilder:
    """Replays records onto an image.

    Args:
        image: Where to begin.

    Example:
        >>> from logcore.controller.image import EMPTY
        >>> from logcore.protocol.internal.metadata import FeatureLevelRecord
        >>> builder = ImageBuilder(EMPTY)
        >>> builder.replay(FeatureLevelRecord(name="group.version", feature_level=1))
        >>> builder.finish(offset=0, epoch=1).new.features
        {'group.version': 1}
    """

    def __init__(self, image: MetadataImage) -> None:
        self._old = image
        self._by_name: Mapping[str, TopicImage] = image.topics_by_name
        self._by_id: Mapping[bytes, TopicImage] = image.topics_by_id
        self._drafts: dict[bytes, _TopicDraft] = {}
        self._ids: dict[str, bytes] = {}
        self._deleted: dict[bytes, TopicImage] = {}
        self._configs: dict[ConfigKey, dict[str, str]] = {}
        self._features: dict[str, int] = {}
        self._brokers: dict[int, BrokerImage | None] = {}
        self._next_producer_id = image.next_producer_id
        self._client_quotas: dict[Entity, dict[str, float]] = {}
        self._scram: dict[ScramKey, ScramCredential | None] = {}
        self._tokens: dict[str, DelegationToken | None] = {}
        self._acls: dict[bytes, Acl | None] = {}
        self._transaction: list[Any] | None = None

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction began and has not ended, so that `finish` must wait."""
        return self._transaction is not None

    def replay(self, record: Any) -> None:  # noqa: ANN401 - one of the record classes
        """Apply one record; those of a transaction when it ends.

        Raises:
            ReplayError: If the record contradicts those before it, or its kind is unknown.
        """
        kind = type(record)
        if kind in _TRANSACTION_ENDS:
            self._end_transaction(is_commit=kind is record_types.EndTransactionRecord)
        elif kind is record_types.BeginTransactionRecord:
            if self._transaction is not None:
                raise ReplayError("a metadata transaction began within another")
            self._transaction = []
        elif self._transaction is not None:
            self._transaction.append(record)
        else:
            self._apply(record)

    def _apply(self, record: Any) -> None:  # noqa: ANN401
        apply = self._APPLY.get(type(record))
        if apply is None:
            name = type(record).__name__
            raise ReplayError(f"metadata record {name} is not supported by this release")
        apply(self, record)

    def _end_transaction(self, *, is_commit: bool) -> None:
        records, self._transaction = self._transaction, None
        if records is None:
            raise ReplayError("a metadata transaction ended that had not begun")
        for record in records if is_commit else ():
            self._apply(record)

    def finish(self, offset: int, epoch: int) -> MetadataDelta:
        """Return what changed.

        Args:
            offset: The offset of the last record.
            epoch: The epoch of its leader.

        Raises:
            ReplayError: If a topic lacks one of its partitions.
        """
        assert not self.is_in_transaction, "half a transaction is no image"
        topics = [draft.finish() for draft in self._drafts.values()]
        old = self._old
        known = old.topics_by_id
        new = MetadataImage(
            offset=offset,
            epoch=epoch,
            topics_by_name=self._names_after(topics),
            topics_by_id=self._topics_by_id_after(topics),
            configs=_merge(old.configs, self._configs),
            features=_merge(old.features, self._features),
            brokers=_merge(old.brokers, self._brokers),
            next_producer_id=self._next_producer_id,
            client_quotas=_merge(old.client_quotas, self._client_quotas),
            scram=_merge(old.scram, self._scram),
            delegation_tokens=_merge(old.delegation_tokens, self._tokens),
            acls=_merge(old.acls, self._acls),
        )
        return MetadataDelta(
            old=old,
            new=new,
            created_topics=tuple(topic for topic in topics if topic.topic_id not in known),
            changed_topics=tuple(topic for topic in topics if topic.topic_id in known),
            deleted_topics=tuple(self._deleted.values()),
            changed_configs=frozenset(self._configs),
            changed_features=frozenset(self._features),
            changed_brokers=frozenset(self._brokers),
            changed_acls=frozenset(self._acls),
        )

    def _names_after(self, topics: list[TopicImage]) -> Mapping[str, TopicImage]:
        if not topics and not self._deleted:
            return self._by_name
        names = dict(self._by_name)
        for topic in self._deleted.values():
            names.pop(topic.name, None)
        names.update((topic.name, topic) for topic in topics)
        return names

    def _topics_by_id_after(self, topics: list[TopicImage]) -> Mapping[bytes, TopicImage]:
        if not topics and not self._deleted:
            return self._by_id
        ids = dict(self._by_id)
        for topic_id in self._deleted:
            del ids[topic_id]
        ids.update((topic.topic_id, topic) for topic in topics)
        return ids

    # ---- topics

    def _draft(self, topic_id: bytes) -> _TopicDraft:
        draft = self._drafts.get(topic_id)
        if draft is None:
            topic = self._by_id.get(topic_id)
            if topic is None or topic_id in self._deleted:
                raise ReplayError(f"a record speaks of the unknown topic id {topic_id.hex()}")
            partitions = {each.partition_id: each for each in topic.partitions}
            draft = self._drafts[topic_id] = _TopicDraft(topic.name, topic_id, partitions)
        return draft

    def _id_of(self, name: str) -> bytes | None:
        if name in self._ids:
            return self._ids[name]
        topic = self._by_name.get(name)
        return None if topic is None or topic.topic_id in self._deleted else topic.topic_id

    def _topic(self, record: record_types.TopicRecord) -> None:
        if self._id_of(record.name) is not None:
            raise ReplayError(f"topic {record.name} was created twice")
        self._drafts[record.topic_id] = _TopicDraft(record.name, record.topic_id)
        self._ids[record.name] = record.topic_id

    def _remove_topic(self, record: record_types.RemoveTopicRecord) -> None:
        draft = self._draft(record.topic_id)
        del self._drafts[record.topic_id]
        self._ids.pop(draft.name, None)
        topic = self._by_id.get(record.topic_id)
        if topic is not None:
            self._deleted[record.topic_id] = topic
        key = (2, draft.name)
        if key in self._old.configs or key in self._configs:
            self._configs[key] = {}

    def _partition(self, record: record_types.PartitionRecord) -> None:
        self._draft(record.topic_id).partitions[record.partition_id] = PartitionImage(
            partition_id=record.partition_id,
            replicas=tuple(record.replicas),
            isr=tuple(record.isr),
            leader=record.leader,
            leader_epoch=record.leader_epoch,
            partition_epoch=record.partition_epoch,
            directories=tuple(record.directories),
            adding_replicas=tuple(record.adding_replicas),
            removing_replicas=tuple(record.removing_replicas),
            leader_recovery_state=record.leader_recovery_state,
            eligible_leader_replicas=tuple(record.eligible_leader_replicas or ()),
            last_known_elr=tuple(record.last_known_elr or ()),
        )

    def _partition_change(self, record: record_types.PartitionChangeRecord) -> None:
        draft = self._draft(record.topic_id)
        partition = draft.partitions.get(record.partition_id)
        if partition is None:
            raise ReplayError(f"{draft.name}-{record.partition_id} changed and does not exist")
        draft.partitions[record.partition_id] = changed_partition(partition, record)

    # ---- everything else

    def _config(self, record: record_types.ConfigRecord) -> None:
        key = (record.resource_type, record.resource_name)
        configs = self._configs.get(key)
        if configs is None:
            configs = self._configs[key] = dict(self._old.configs.get(key, {}))
        if record.value is None:
            configs.pop(record.name, None)
        else:
            configs[record.name] = record.value

    def _feature_level(self, record: record_types.FeatureLevelRecord) -> None:
        self._features[record.name] = record.feature_level

    def _producer_ids(self, record: record_types.ProducerIdsRecord) -> None:
        self._next_producer_id = record.next_producer_id

    def _credential(self, record: record_types.UserScramCredentialRecord) -> None:
        self._scram[record.name, record.mechanism] = credential_in(record)

    def _remove_credential(self, record: record_types.RemoveUserScramCredentialRecord) -> None:
        key = record.name, record.mechanism
        if self._scram.get(key, self._old.scram.get(key)) is None:
            raise ReplayError(f"a credential was removed that {record.name} did not have")
        self._scram[key] = None

    def _token(self, record: record_types.DelegationTokenRecord) -> None:
        self._tokens[record.token_id] = token_in(record)

    def _remove_token(self, record: record_types.RemoveDelegationTokenRecord) -> None:
        self._tokens[record.token_id] = None

    def _acl(self, record: record_types.AccessControlEntryRecord) -> None:
        self._acls[record.id] = Acl.of(record)

    def _remove_acl(self, record: record_types.RemoveAccessControlEntryRecord) -> None:
        if self._acls.get(record.id, self._old.acls.get(record.id)) is None:
            raise ReplayError(f"an access rule was removed that was not there: {record.id.hex()}")
        self._acls[record.id] = None

    def _client_quota(self, record: record_types.ClientQuotaRecord) -> None:
        replayed(record, self._client_quotas, self._old.client_quotas)

    def _no_op(self, record: Any) -> None:  # noqa: ANN401
        """Nothing: such a record only moves the offset, or speaks of controllers, not of data."""

    def _clear_elr(self, record: record_types.ClearElrRecord) -> None:
        """Forget which replicas out of sync were safe to elect, of one topic or of all."""
        named: Iterable[bytes | None] = (
            [self._id_of(record.topic_name)]
            if record.topic_name
            else (self._by_id.keys() | self._drafts.keys()) - self._deleted.keys()
        )
        for topic_id in named:
            if topic_id is None:
                raise ReplayError(f"a record speaks of the unknown topic {record.topic_name}")
            draft = self._draft(topic_id)
            for number, partition in draft.partitions.items():
                draft.partitions[number] = replace(
                    partition, eligible_leader_replicas=(), last_known_elr=()
                )

    def _register_broker(self, record: record_types.RegisterBrokerRecord) -> None:
        self._brokers[record.broker_id] = registered(record)

    def _unregister_broker(self, record: record_types.UnregisterBrokerRecord) -> None:
        self._broker(record.broker_id, record.broker_epoch)
        self._brokers[record.broker_id] = None

    def _change_broker(self, record: record_types.BrokerRegistrationChangeRecord) -> None:
        broker = self._broker(record.broker_id, record.broker_epoch)
        self._brokers[record.broker_id] = changed(broker, record)

    def _fence_broker(self, record: record_types.FenceBrokerRecord) -> None:
        self._brokers[record.id] = set_fenced(self._broker(record.id, record.epoch), fenced=True)

    def _unfence_broker(self, record: record_types.UnfenceBrokerRecord) -> None:
        self._brokers[record.id] = set_fenced(self._broker(record.id, record.epoch), fenced=False)

    def _broker(self, broker_id: int, epoch: int) -> BrokerImage:
        broker = self._brokers.get(broker_id, self._old.brokers.get(broker_id))
        if broker is None:
            raise ReplayError(f"a record speaks of broker {broker_id}, which never registered")
        if broker.epoch != epoch:
            raise ReplayError(
                f"a record speaks of broker {broker_id} in epoch {epoch}, not {broker.epoch}"
            )
        return broker

    _APPLY: ClassVar[dict[type, Callable[["ImageBuilder", Any], None]]] = {
        record_types.TopicRecord: _topic,
        record_types.RemoveTopicRecord: _remove_topic,
        record_types.PartitionRecord: _partition,
        record_types.PartitionChangeRecord: _partition_change,
        record_types.ConfigRecord: _config,
        record_types.FeatureLevelRecord: _feature_level,
        record_types.ProducerIdsRecord: _producer_ids,
        record_types.UserScramCredentialRecord: _credential,
        record_types.RemoveUserScramCredentialRecord: _remove_credential,
        record_types.DelegationTokenRecord: _token,
        record_types.RemoveDelegationTokenRecord: _remove_token,
        record_types.AccessControlEntryRecord: _acl,
        record_types.RemoveAccessControlEntryRecord: _remove_acl,
        record_types.ClientQuotaRecord: _client_quota,
        record_types.NoOpRecord: _no_op,
        record_types.RegisterControllerRecord: _no_op,
        record_types.ZkMigrationStateRecord: _no_op,
        record_types.ClearElrRecord: _clear_elr,
        record_types.RegisterBrokerRecord: _register_broker,
        record_types.UnregisterBrokerRecord: _unregister_broker,
        record_types.BrokerRegistrationChangeRecord: _change_broker,
        record_types.FenceBrokerRecord: _fence_broker,
        record_types.UnfenceBrokerRecord: _unfence_broker,
    }


def _merge(old: Mapping[K, V], changes: Mapping[K, V | None]) -> Mapping[K, V]:
    """Return a mapping with changes in it; a key whose value is empty, 0 or None is taken out."""
    if not changes:
        return old
    merged = dict(old)
    for key, value in changes.items():
        if value:
            merged[key] = value
        else:
            merged.pop(key, None)
    return merged


_TRANSACTION_ENDS: Final = (
    record_types.EndTransactionRecord,
    record_types.AbortTransactionRecord,
)
