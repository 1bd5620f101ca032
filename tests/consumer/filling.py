"""Topics with something in them to read."""

from logcore.producer.producer import Producer


def filled(cluster, partitions: int = 1, count: int = 100, **settings: object) -> str:
    """Create a topic with numbers as values, dealt over its partitions by turns."""
    topic = cluster.topic(partitions)
    add(cluster, topic, partitions, count, **settings)
    return topic


def add(cluster, topic: str, partitions: int = 1, count: int = 100, **settings: object) -> None:
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
