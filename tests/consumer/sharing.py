"""Share groups with something to read, and members of them.

Apache Kafka takes settings over in its own time, so a group is handed out once its broker tells of
them.
"""

import itertools
from typing import Any

from logcore.admin.admin import Admin
from logcore.admin.configs import Changes, Resource
from logcore.client.positions import TopicPartition
from logcore.consumer.share_consumer import ShareConsumer
from logcore.consumer.share_record import ShareRecord
from tests.contestants import Cluster
from tests.eventually import eventually

PATIENCE_S = 60
"""Apache Kafka tries again to begin the states of a group after 30 s only, should that fail."""
NAMES = itertools.count()
QUICK = {"share.auto.offset.reset": "earliest", "share.assignment.interval.ms": "0"}


def share_group(bootstrap: str, **configs: str) -> str:
    """Return a group that nobody else has, which begins at the beginning of its topics."""
    name = f"share-{next(NAMES)}"
    group = Resource.group(name)
    told = QUICK | {key.replace("_", "."): value for key, value in configs.items()}

    def is_known() -> bool:
        known = admin.configs.describe(group)[group]
        return all(known[key].value == value for key, value in told.items())

    with Admin(bootstrap) as admin:
        admin.configs.alter({group: Changes(set=told)}).raise_for_errors()
        eventually(is_known)
    return name


def member(cluster: Cluster, group: str, *topics: str, **settings: Any) -> ShareConsumer:
    """Return a member of a share group."""
    told = {"bootstrap_servers": cluster.bootstrap, "group_id": group, **settings}
    return ShareConsumer(*topics, **told)


def explicit(cluster: Cluster, group: str, *topics: str, **settings: Any) -> ShareConsumer:
    """Return a member that says of each record what is to become of it."""
    told = {"share_acknowledgement_mode": "explicit", **settings}
    return member(cluster, group, *topics, **told)


def some(consumer: ShareConsumer, count: int | None = None) -> list[ShareRecord]:
    """Poll until there is something."""
    for _ in range(PATIENCE_S):
        records = consumer.poll(1, count)
        if records:
            return records
    raise AssertionError("there are no records")


def shown(records: list[ShareRecord]) -> list[tuple[int, int]]:
    """Return the numbers in records' values, with how often each was delivered, in order."""
    return sorted((int(record.value), record.delivery_count) for record in records)


def is_settled(bootstrap: str, group: str, topic: str, partitions: int = 1) -> bool:
    """Whether a group has had the last word on every record of a topic."""
    with Admin(bootstrap) as admin:
        offsets = admin.share_groups.offsets(group)
        return not offsets.errors and all(
            place in offsets and offsets[place].lag == 0
            for place in (TopicPartition(topic, number) for number in range(partitions))
        )
