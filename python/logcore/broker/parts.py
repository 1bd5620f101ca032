"""`Parts`: what the broker is made of, as its handlers see it.

Invariant: made once by `server`, before the first request; handlers reach everything through it
and keep nothing of their own, so a test can put twins in.
Neighbours: `server` fills it in; `dispatch` hands it to every handler.
"""

from dataclasses import dataclass, field

from logcore.broker.authorizer import AllowAll, Authorizer
from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs
from logcore.broker.endpoints import Endpoints
from logcore.broker.fetch_session import FetchSessions
from logcore.broker.lanes import Lanes
from logcore.broker.metadata_cache import MetadataCache
from logcore.broker.producer_ids import ProducerIds
from logcore.broker.purgatory import Purgatory
from logcore.broker.quotas.quotas import Quotas, unlimited
from logcore.broker.share.share_partitions import SharePartitions
from logcore.broker.streams_topics import StreamsTopics
from logcore.broker.telemetry.telemetry import Telemetry
from logcore.broker.traffic import Traffic
from logcore.common.clock import Scheduler
from logcore.common.metrics import Metrics
from logcore.controller.controller import Controller
from logcore.coordinator.group.service import GroupCoordinator
from logcore.coordinator.share.service import ShareCoordinator
from logcore.coordinator.transaction.service import TransactionCoordinator
from logcore.replication.manager import ReplicaManager


@dataclass(slots=True)
class Parts:
    """What handlers work with.

    Attributes:
        config: The broker's own settings.
        configs: Effective settings of topics, broker and groups.
        scheduler: Time, and timers on the loop's thread.
        replicas: The partitions of this broker.
        controller: The cluster's metadata, and how it changes.
        groups: The coordinator of consumer groups.
        transactions: The coordinator of transactions.
        share_states: The coordinator of share groups' state.
        shares: The partitions that share groups read.
        purgatory: Where requests wait.
        lanes: Threads for what may block.
        endpoints: What address clients are told.
        cluster_id: The cluster's id.
        node_id: This broker's id.
        fetch_sessions: The sessions of consumers.
        producer_ids: Ids for producers.
        metrics: Counters of everything.
        telemetry: What clients push of their own counters.
        authorizer: Who may do what.
        traffic: What went through.
        quotas: How much of the broker a client may take.
        streams_topics: The internal topics of streams groups that are being created.
        metadata_cache: Encoded topics, for answers to Metadata.
        fetch_max_bytes: Most bytes of one fetch response.
    """

    config: BrokerConfig
    configs: Configs
    scheduler: Scheduler
    replicas: ReplicaManager
    controller: Controller
    groups: GroupCoordinator
    transactions: TransactionCoordinator
    share_states: ShareCoordinator
    shares: SharePartitions
    purgatory: Purgatory
    lanes: Lanes
    endpoints: Endpoints
    cluster_id: str
    node_id: int
    fetch_sessions: FetchSessions
    producer_ids: ProducerIds
    metrics: Metrics
    telemetry: Telemetry
    authorizer: Authorizer = field(default_factory=AllowAll)
    traffic: Traffic = field(default_factory=Traffic)
    quotas: Quotas = field(default_factory=unlimited)
    streams_topics: StreamsTopics = field(default_factory=StreamsTopics)
    metadata_cache: MetadataCache = field(default_factory=MetadataCache)
    fetch_max_bytes: int = 57_671_680
