"""Making the share partitions of a broker, over its parts.

Neighbours: `server` calls this; `share_partitions` is what it makes.
"""

from logcore.broker.coordinators import Surroundings
from logcore.broker.share.coordinator_persister import CoordinatorPersister
from logcore.broker.share.live import ShareWorld
from logcore.broker.share.sessions import ShareSessions
from logcore.broker.share.settings import ShareSettings
from logcore.broker.share.share_partitions import SHARE_VERSION, SharePartitions
from logcore.common.metrics import Metrics
from logcore.controller.image import MetadataDelta
from logcore.coordinator.share.service import ShareCoordinator


def make_shares(
    around: Surroundings, states: ShareCoordinator, metrics: Metrics
) -> SharePartitions:
    """Make the share partitions, and let them follow the metadata.

    Args:
        around: What they are made over.
        states: Where their state is kept.
        metrics: Where they are counted.
    """
    world = ShareWorld(
        persister=CoordinatorPersister(states),
        purgatory=around.purgatory,
        scheduler=around.scheduler,
        settings=lambda group_id: ShareSettings.of(around.configs.group_values(group_id)),
    )
    sessions = ShareSessions(around.config["group.share.max.share.sessions"])
    shares = SharePartitions(world, around.replicas, sessions)

    def follow(delta: MetadataDelta) -> None:
        shares.forget_topics(topic.topic_id for topic in delta.deleted_topics)
        if not delta.new.features.get(SHARE_VERSION, 0) and SHARE_VERSION in delta.changed_features:
            shares.close()

    around.controller.subscribe(follow)
    metrics.observe_gauge(
        "logcore_share_sessions", "Sessions of members of share groups", lambda: len(sessions)
    )
    metrics.observe_gauge(
        "logcore_share_partitions", "Partitions in use by share groups", lambda: len(shares)
    )
    metrics.observe_gauge(
        "logcore_share_records_in_flight",
        "Records that share groups have begun and not done with",
        lambda: shares.in_flight,
    )
    return shares
