"""Topics that are there: made, and known to the broker that is going to be asked about them.

Apache Kafka's controller answers once a topic is recorded; its broker learns of it a moment later,
and what the broker leads, a moment after that.
"""

from logcore.admin.admin import Admin
from logcore.admin.topics import NewTopic
from tests.eventually import eventually


def make_topics(admin: Admin, *topics: NewTopic | str) -> None:
    """Create topics, and wait until the broker answers for each of their partitions."""
    admin.topics.create(*topics).raise_for_errors()
    for topic in topics:
        name = topic if isinstance(topic, str) else topic.name
        eventually(lambda name=name: is_led(admin, name))  # type: ignore[misc] # one topic each


def is_led(admin: Admin, topic: str) -> bool:
    """Return whether the broker knows a topic and leads all of its partitions."""
    if admin.topics.describe(topic).errors:
        return False
    return not admin.offsets.bounds(admin.offsets.partitions(topic)).errors
