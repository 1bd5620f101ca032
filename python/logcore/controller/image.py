"""The metadata of the cluster at one offset of its log: values that never change.

Invariant: an image is a pure function of the records up to `offset`; a later image shares with an
earlier one whatever did not change. Nobody changes what an image holds, dictionaries included.
Neighbours: `replay` makes images out of records; `controller` hands them out, with a
`MetadataDelta` that says what a step changed.
Source: Apache Kafka 4.3.1, `org.apache.kafka.image` for what belongs into it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from logcore.common.scram import ScramCredential
from logcore.controller.acls import Acl
from logcore.controller.client_quotas import Quotas
from logcore.controller.delegation_tokens import DelegationToken

NO_LEADER: Final = -1
"""The leader of a partition that has none."""

INTERNAL_TOPICS: Final = frozenset(
    {"__consumer_offsets", "__transaction_state", "__share_group_state"}
)
"""Topics that the broker keeps for itself and marks so in Metadata."""

RESOURCE_TOPIC: Final = 2
RESOURCE_BROKER: Final = 4
RESOURCE_CLIENT_METRICS: Final = 16
RESOURCE_GROUP: Final = 32

METADATA_VERSION: Final = "metadata.version"

ConfigKey = tuple[int, str]
"""Resource type and name; the empty name of a broker stands for all of them."""


@dataclass(frozen=True, slots=True)
class PartitionImage:
    """A partition of a topic.

    Attributes:
        partition_id: Its number in the topic.
        replicas: The brokers that hold it; the first is the preferred leader.
        isr: Those in sync.
        leader: The broker that leads it, `NO_LEADER` for none.
        leader_epoch: Rises with every new leader.
        partition_epoch: Rises with every change.
        directories: The log directory of each replica, as raw ids.
        adding_replicas: Replicas that a reassignment adds.
        removing_replicas: Replicas that a reassignment removes.
        leader_recovery_state: 1 after an unclean election until the leader has recovered, else 0.
        eligible_leader_replicas: Out of sync, but safe to elect.
        last_known_elr: Those eligible when the last leader was lost.
    """

    partition_id: int
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    leader: int
    leader_epoch: int = 0
    partition_epoch: int = 0
    directories: tuple[bytes, ...] = ()
    adding_replicas: tuple[int, ...] = ()
    removing_replicas: tuple[int, ...] = ()
    leader_recovery_state: int = 0
    eligible_leader_replicas: tuple[int, ...] = ()
    last_known_elr: tuple[int, ...] = ()

    @property
    def is_reassigning(self) -> bool:
        """Whether a reassignment of it is under way."""
        return bool(self.adding_replicas or self.removing_replicas)


@dataclass(frozen=True, slots=True)
class TopicImage:
    """A topic and its partitions.

    Attributes:
        name: Its name.
        topic_id: Its id, 16 bytes; a topic deleted and made again has another.
        partitions: Its partitions; the number of each is its place.
    """

    name: str
    topic_id: bytes
    partitions: tuple[PartitionImage, ...] = ()

    @property
    def is_internal(self) -> bool:
        """Whether the broker keeps it for itself."""
        return self.name in INTERNAL_TOPICS


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a broker listens.

    Attributes:
        name: The listener.
        host: Its advertised host.
        port: Its advertised port.
        security_protocol: 0 plaintext, 1 TLS, 2 SASL, 3 SASL over TLS.
    """

    name: str
    host: str
    port: int
    security_protocol: int = 0


@dataclass(frozen=True, slots=True)
class BrokerImage:
    """A broker that registered.

    Attributes:
        broker_id: Its number.
        epoch: The offset of its registration.
        incarnation_id: A new id with every start of its process, 16 bytes.
        endpoints: Where it listens.
        features: Supported range of levels by feature.
        rack: Where it stands, if it says.
        is_fenced: Whether it may not lead yet.
        in_controlled_shutdown: Whether it is on its way out.
        log_dirs: Ids of its log directories.
        cordoned_log_dirs: Those that take no new partitions; None if it never said.
    """

    broker_id: int
    epoch: int
    incarnation_id: bytes
    endpoints: tuple[Endpoint, ...] = ()
    features: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    rack: str | None = None
    is_fenced: bool = True
    in_controlled_shutdown: bool = False
    log_dirs: tuple[bytes, ...] = ()
    cordoned_log_dirs: tuple[bytes, ...] | None = None


@dataclass(frozen=True, slots=True)
class MetadataImage:
    """All metadata at one offset.

    Attributes:
        offset: The last record it contains; -1 before the first. Rises with every change, so that
            caches may take it for an epoch.
        epoch: The epoch of that record's leader.
        topics_by_name: The topics.
        topics_by_id: The same topics by their ids.
        configs: What was set of each resource; a resource without settings is absent.
        features: Finalized level by feature; one at level 0 is absent.
        brokers: The registered brokers.
        next_producer_id: The first producer id that no broker was given.
        client_quotas: What was set of users, client ids and addresses.
        scram: SCRAM credentials by user and mechanism.
        delegation_tokens: Delegation tokens by their ids.
        acls: Access rules by their ids; another object exactly if one was made or removed.
    """

    offset: int = -1
    epoch: int = 0
    topics_by_name: Mapping[str, TopicImage] = field(default_factory=dict)
    topics_by_id: Mapping[bytes, TopicImage] = field(default_factory=dict)
    configs: Mapping[ConfigKey, Mapping[str, str]] = field(default_factory=dict)
    features: Mapping[str, int] = field(default_factory=dict)
    brokers: Mapping[int, BrokerImage] = field(default_factory=dict)
    next_producer_id: int = 0
    client_quotas: Quotas = field(default_factory=dict)
    scram: Mapping[tuple[str, int], ScramCredential] = field(default_factory=dict)
    delegation_tokens: Mapping[str, DelegationToken] = field(default_factory=dict)
    acls: Mapping[bytes, Acl] = field(default_factory=dict)

    def topic_configs(self, topic: str) -> Mapping[str, str]:
        """Return what was set of a topic."""
        return self.configs.get((RESOURCE_TOPIC, topic), {})


EMPTY: Final = MetadataImage()
"""The image before the first record."""


@dataclass(frozen=True, slots=True)
class MetadataDelta:
    """What one step changed.

    Attributes:
        old: The image before.
        new: The image after.
        created_topics: Topics that are new, as they are now.
        changed_topics: Topics whose partitions changed, as they are now.
        deleted_topics: Topics that are gone, as they were. A name may be here and in
            `created_topics` at once, with different ids.
        changed_configs: Resources whose settings changed.
        changed_features: Features whose finalized level changed.
        changed_brokers: Brokers whose registration changed or went.
        changed_acls: Ids of access rules that were made or removed.
    """

    old: MetadataImage
    new: MetadataImage
    created_topics: tuple[TopicImage, ...] = ()
    changed_topics: tuple[TopicImage, ...] = ()
    deleted_topics: tuple[TopicImage, ...] = ()
    changed_configs: frozenset[ConfigKey] = frozenset()
    changed_features: frozenset[str] = frozenset()
    changed_brokers: frozenset[int] = frozenset()
    changed_acls: frozenset[bytes] = frozenset()
