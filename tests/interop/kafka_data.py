"""Everything that a single-node Apache Kafka keeps, made by librdkafka, and looked at by it.

`fill` leaves records of every codec, compacted and trimmed topics, transactions of each outcome and
one under way, groups of both kinds and settings of each sort. `look` reads back all of it that a
client can see. Invariant: `look` changes nothing that `look` shows.
Neighbours: `test_takeover` and `examples/takeover.py` compare what it sees on Kafka and here.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from tests.peers import kafka

CODECS: Final = ("none", "gzip", "snappy", "lz4", "zstd")
CLASSIC_GROUP: Final = "classic-group"
CONSUMER_GROUP: Final = "consumer-group"
OPEN_ID: Final = "open"
SHORT_ID: Final = "short"
"""The transactional id whose transaction times out, perhaps while one looks. What shows then is no
difference: its marker lies behind the transaction that stays under way.
"""
SHORT_MS: Final = 30_000

KAFKA_SETTINGS: Final = {
    "log.segment.bytes": "1048576",
    "log.cleaner.backoff.ms": "200",
    "offsets.topic.num.partitions": "3",
    "transaction.state.log.num.partitions": "3",
    "share.coordinator.state.topic.num.partitions": "3",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
}
"""How Apache Kafka is started, so that little data makes several segments and partitions."""

LOOKING_GROUP: Final = "looking"
_WAIT_S: Final = 20
_SET: Final = frozenset({1, 2, 3, 6, 8})
"""Sources of settings that somebody set while the cluster ran."""


@dataclass
class Seen:
    """What a client sees of a cluster.

    Attributes:
        cluster_id: Its id.
        topics: By topic: the number of partitions.
        records: By partition and isolation: the first offset, the last stable offset (-1 of what
            is not committed: markers may come), the count of records, and a digest of all.
        groups: By group: kind and state, and its committed offsets.
        settings: By resource: what was set.
        transactions: By transactional id: its state; without the one that times out.
    """

    cluster_id: str
    topics: dict[str, int] = field(default_factory=dict)
    records: dict[str, tuple[int, int, int, str]] = field(default_factory=dict)
    groups: dict[str, tuple[str, str, Any]] = field(default_factory=dict)
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    transactions: dict[str, str] = field(default_factory=dict)

    def differences(self, other: "Seen") -> Iterator[str]:
        """Yield a line for each thing that is not the same."""
        mine, others = asdict(self), asdict(other)
        if self.cluster_id != other.cluster_id:
            yield f"cluster id: {self.cluster_id}, {other.cluster_id}"
        for kind in ("topics", "records", "groups", "settings", "transactions"):
            for name in sorted(mine[kind].keys() | others[kind].keys()):
                one, two = mine[kind].get(name), others[kind].get(name)
                if one != two:
                    yield f"{kind} {name}: {one}, {two}"


def base(bootstrap: str, **settings: object) -> dict[str, Any]:
    """Return settings of a client that says nothing about brokers that come and go."""
    return {"bootstrap.servers": bootstrap, "log_level": 0} | {
        name.replace("_", "."): value for name, value in settings.items()
    }


# ---------------------------------------------------------------- filling


def fill(broker: kafka.KafkaBroker) -> Producer:
    """Fill an Apache Kafka; return the producer whose transaction is still under way."""
    bootstrap = broker.bootstrap
    admin = AdminClient(base(bootstrap))
    make_topics(admin)
    for codec in CODECS:
        fill_codec(bootstrap, codec)
    fill_plain(bootstrap, admin)
    admin.delete_topics(["gone"])["gone"].result()
    fill_groups(bootstrap)
    fill_settings(broker)
    return fill_transactions(bootstrap)


def make_topics(admin: AdminClient) -> None:
    """Create the topics."""
    compacted = {
        "cleanup.policy": "compact",
        "min.cleanable.dirty.ratio": "0.01",
        "segment.ms": "500",
        "delete.retention.ms": "600000",
    }
    wanted = [
        *(NewTopic(codec, 2, 1) for codec in CODECS),
        NewTopic("compacted", 1, 1, config=compacted),
        NewTopic("stamped", 1, 1, config={"message.timestamp.type": "LogAppendTime"}),
        NewTopic("trimmed", 1, 1),
        NewTopic("payments", 2, 1),
        NewTopic("gone", 2, 1),
        NewTopic("set", 3, 1, config={"retention.ms": "77000000", "max.message.bytes": "2000000"}),
    ]
    for done in admin.create_topics(wanted).values():
        done.result()


def fill_codec(bootstrap: str, codec: str) -> None:
    """Produce records of all sizes, with headers and without values, by one codec."""
    producer = Producer(base(bootstrap, compression_type=codec, linger_ms=20))
    for number in range(2000):
        value = None if number % 50 == 0 else f"value-{number}-{'x' * (number % 1000)}"
        headers = [("number", str(number)), ("empty", None)] if number % 3 else None
        producer.produce(codec, value, f"key-{number % 7}", headers=headers)
        producer.poll(0)
    producer.flush()


def fill_plain(bootstrap: str, admin: AdminClient) -> None:
    """Fill the compacted topic over several segments, the stamped and the trimmed one."""
    producer = Producer(base(bootstrap, enable_idempotence=True))
    for turn in range(3):
        for number in range(600):
            producer.produce("compacted", f"{turn}-{number}-{'y' * 300}", f"k{number % 100}")
        producer.produce("compacted", None, f"k{turn}")
        producer.flush()
        time.sleep(0.6)  # so long a segment must live
    for number in range(500):
        producer.produce("stamped", str(number))
        producer.produce("trimmed", str(number))
    producer.flush()
    for done in admin.delete_records([TopicPartition("trimmed", 0, 200)]).values():
        done.result()


def fill_groups(bootstrap: str) -> None:
    """Have a group of each kind commit offsets."""
    classic = Consumer(base(bootstrap, group_id=CLASSIC_GROUP, auto_offset_reset="earliest"))
    commit_some(classic, ["none", "zstd"])
    consumer = Consumer(
        base(
            bootstrap,
            group_id=CONSUMER_GROUP,
            auto_offset_reset="earliest",
            group_protocol="consumer",
        )
    )
    commit_some(consumer, ["gzip", "lz4"])


def commit_some(consumer: Consumer, topics: list[str]) -> None:
    """Read some records as a member of a group, commit, and leave."""
    consumer.subscribe(topics)
    count = 0
    while count < 1000:
        count += len(consumer.consume(500, timeout=_WAIT_S))
    consumer.commit(asynchronous=False)
    consumer.close()


def fill_settings(broker: kafka.KafkaBroker) -> None:
    """Set something of each kind of resource."""
    alter = ("configs", "--alter", "--add-config")
    broker.tool(*alter, "log.retention.ms=99000000", "--entity-type", "brokers", "--entity-default")
    broker.tool(
        *alter, "consumer.session.timeout.ms=50000", "--entity-type", "groups",
        "--entity-name", CONSUMER_GROUP,
    )  # fmt: skip


def fill_transactions(bootstrap: str) -> Producer:
    """Leave transactions of each outcome, and offsets in them."""
    done = begun(bootstrap, "done")
    group = Consumer(base(bootstrap, group_id=CLASSIC_GROUP)).consumer_group_metadata()
    for turn in range(6):
        if turn:
            done.begin_transaction()
        write(done, f"turn-{turn}", 50)
        done.send_offsets_to_transaction([TopicPartition("none", 0, 100 + turn)], group)
        if turn % 2 == 0:
            done.commit_transaction()
        else:
            done.abort_transaction()
    under_way = begun(bootstrap, OPEN_ID, transaction_timeout_ms=600_000)
    write(under_way, "open", 20)
    under_way.send_offsets_to_transaction([TopicPartition("none", 1, 77)], group)
    write(begun(bootstrap, SHORT_ID, transaction_timeout_ms=SHORT_MS), "short", 10)
    return under_way


def begun(bootstrap: str, transactional_id: str, **settings: object) -> Producer:
    """Return a producer in a transaction."""
    producer = Producer(base(bootstrap, transactional_id=transactional_id, **settings))
    producer.init_transactions()
    producer.begin_transaction()
    return producer


def write(producer: Producer, name: str, count: int) -> None:
    """Write into both partitions of a topic."""
    for number in range(count):
        producer.produce("payments", f"{name}-{number}", partition=number % 2)
    producer.flush()


# ---------------------------------------------------------------- looking


def look(bootstrap: str) -> Seen:
    """Read everything that a client can see."""
    admin = AdminClient(base(bootstrap))
    listed = admin.list_topics(timeout=_WAIT_S)
    seen = Seen(listed.cluster_id)
    seen.topics = {name: len(topic.partitions) for name, topic in listed.topics.items()}
    names = sorted(name for name in seen.topics if not name.startswith("__"))
    places = [
        TopicPartition(name, number)
        for name in names
        for number in sorted(listed.topics[name].partitions)
    ]
    for isolation in ("read_uncommitted", "read_committed"):
        seen.records |= dict(records_of(bootstrap, isolation, places))
    for group in admin.list_consumer_groups().result().valid:
        if group.group_id != LOOKING_GROUP:
            offsets = offsets_of(admin, group.group_id)
            seen.groups[group.group_id] = (group.type.name, group.state.name, offsets)
    for kind, name in [
        *((ResourceType.TOPIC, name) for name in names),
        (ResourceType.BROKER, "1"),
        (ResourceType.GROUP, CONSUMER_GROUP),
    ]:
        seen.settings[f"{kind.name} {name}"] = settings_of(admin, ConfigResource(kind, name))
    return seen


def records_of(
    bootstrap: str, isolation: str, places: list[TopicPartition]
) -> Iterator[tuple[str, tuple[int, int, int, str]]]:
    """Read partitions from their start to their end, one after the other."""
    consumer = Consumer(
        base(
            bootstrap,
            group_id=LOOKING_GROUP,
            enable_auto_commit=False,
            isolation_level=isolation,
            enable_partition_eof=True,
            fetch_wait_max_ms=10,
        )
    )
    for place in places:
        first, last = consumer.get_watermark_offsets(place, _WAIT_S)
        if isolation == "read_uncommitted":
            last = -1
        consumer.assign([TopicPartition(place.topic, place.partition, first)])
        count, digest = read_to_end(consumer, place)
        yield f"{place.topic}-{place.partition} {isolation}", (first, last, count, digest)
    consumer.close()


def read_to_end(consumer: Consumer, place: TopicPartition) -> tuple[int, str]:
    """Count the records that are left, and digest what they hold."""
    digest, count = hashlib.sha256(), 0
    while True:
        record = consumer.poll(_WAIT_S)
        assert record is not None, f"{place} does not end"
        if record.error() is not None:
            return count, digest.hexdigest()[:16]
        held = (record.offset(), record.timestamp(), record.key(), record.value())
        digest.update(repr((*held, record.headers())).encode())
        count += 1


def offsets_of(admin: AdminClient, group: str) -> list[tuple[str, int, int]]:
    """Return a group's committed offsets."""
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
    found = asked[group].result().topic_partitions
    return sorted((each.topic, each.partition, each.offset) for each in found)


def settings_of(admin: AdminClient, resource: ConfigResource) -> dict[str, str]:
    """Return what was set of a resource."""
    [asked] = admin.describe_configs([resource]).values()
    return {
        name: entry.value for name, entry in asked.result().items() if int(entry.source) in _SET
    }


def transactions_of(listed: str) -> dict[str, str]:
    """Read what Kafka's tool lists: state by transactional id."""
    rows = (line.split() for line in listed.splitlines()[1:])
    return {row[0]: row[3] for row in rows if len(row) > 3}
