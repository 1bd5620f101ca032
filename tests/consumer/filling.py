"""Topics with something in them to read."""

from typing import Any

from logcore.producer.producer import Producer
from tests.contestants import Cluster


def filled(cluster: Cluster, partitions: int = 1, count: int = 100, **settings: Any) -> str:
    """Create a topic with numbers as values, dealt over its partitions by turns."""
    topic = cluster.topic(partitions)
    add(cluster, topic, partitions, count, **settings)
    return topic


def add(
    cluster: Cluster, topic: str, partitions: int = 1, count: int = 100, **settings: Any
) -> None:
    """Add numbers from 0 on to a topic."""
    with Producer(bootstrap_servers=cluster.bootstrap, **settings) as producer:
        for number in range(count):
            producer.send(
                topic,
                b"%d" % number,
                b"k%d" % (number % 5),
                partition=number % partitions,
                timestamp=1000 + number,
            )
