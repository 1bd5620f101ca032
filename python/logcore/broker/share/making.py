"""Making the share partitions of a broker, over its parts.

Neighbours: `server` calls this; `share_partitions` is what it makes.
"""

from logcore.broker.coordinators import Surroundings
from logcore.broker.share.coordinator_persister import CoordinatorPersister
from logcore.broker.share.live import ShareWorld
from logcore.broker.share.sessions import ShareSessions
from logcore.broker.share.settings import ShareSettings
from logcore.broker.share.share_partitions import SharePartitions
from logcore.controller.image import MetadataDelta
from logcore.coordinator.share.service import ShareCoordinator


def make_shares(around: Surroundings, states: ShareCoordinator) -> SharePartitions:
    """Make the share partitions, and let them follow the metadata."""
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

    around.controller.subscribe(follow)
    return shares
