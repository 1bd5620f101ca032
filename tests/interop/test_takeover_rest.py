"""What else a node of Apache Kafka keeps, taken over and given back.

That is two log directories, access rules, users, quotas, subscriptions to metrics, share groups,
and metadata in snapshots of both.

Invariant: Kafka's own tools print the same on Kafka, here, and on Kafka again.
Neighbours: `test_takeover` has records, groups and transactions.
"""

import time

import pytest

from tests.peers import kafka

confluent_kafka = pytest.importorskip("confluent_kafka")

from confluent_kafka.admin import AdminClient, NewTopic  # noqa: E402 - needs librdkafka

from tests.interop import kafka_data as data  # noqa: E402
from tests.interop.test_takeover import kafka_again, ours  # noqa: E402

pytestmark = [
    pytest.mark.long,
    pytest.mark.peer,
    pytest.mark.usefixtures("kafka_tools"),
    pytest.mark.timeout(400),
]

ALTER = ("configs", "--alter", "--add-config")
DESCRIBE = ("configs", "--describe", "--entity-type")
ASKED = (
    ("acls", "--list"),
    (*DESCRIBE, "users"),
    (*DESCRIBE, "users", "--entity-name", "alice", "--entity-type", "clients"),
    (*DESCRIBE, "ips"),
    (*DESCRIBE, "client-metrics"),
    ("share-groups", "--describe", "--group", "shared"),
    ("share-groups", "--describe", "--group", "shared", "--state"),
)
MORE_TOPICS = 30


def settings_of(folder):
    """So many snapshots that those with which Kafka's metadata began are gone at the end."""
    return {
        "log.dirs": f"{folder}/data,{folder}/second",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "share.coordinator.state.topic.num.partitions": "2",
        "offsets.topic.num.partitions": "2",
        "metadata.log.max.record.bytes.between.snapshots": "1000",
    }


def fill(broker):
    data.make_topics(AdminClient(data.base(broker.bootstrap)))
    data.fill_codec(broker.bootstrap, "lz4")
    user = ("--entity-type", "users", "--entity-name", "alice")
    broker.tool(*ALTER, "SCRAM-SHA-256=[iterations=4096,password=secret]", *user)
    broker.tool(*ALTER, "producer_byte_rate=100000", *user)
    broker.tool(*ALTER, "request_percentage=50", *user, "--entity-type", "clients",
                "--entity-name", "app")  # fmt: skip
    broker.tool(*ALTER, "connection_creation_rate=100", "--entity-type", "ips", "--entity-default")
    broker.tool(*ALTER, "interval.ms=60000", "--entity-type", "client-metrics",
                "--entity-name", "hourly")  # fmt: skip
    broker.tool("acls", "--add", "--allow-principal", "User:alice", "--operation", "read",
                "--topic", "none")  # fmt: skip
    broker.tool("acls", "--add", "--deny-principal", "User:bob", "--operation", "all",
                "--group", "x", "--resource-pattern-type", "prefixed")  # fmt: skip
    broker.tool(*ALTER, "share.auto.offset.reset=earliest", "--entity-type", "groups",
                "--entity-name", "shared")  # fmt: skip
    read = broker.tool("console-share-consumer", "--topic", "lz4", "--group", "shared",
                       "--max-messages", "300", "--timeout-ms", "30000")  # fmt: skip
    assert len(read.splitlines()) == 300


def told(bootstrap):
    """Return what Kafka's tools print, line by line in an order of their own."""
    return {
        asked: sorted(kafka.run_tool(*asked[:1], "--bootstrap-server", bootstrap, *asked[1:])
                      .splitlines())
        for asked in ASKED
    }  # fmt: skip


def test_everything_else_is_taken_over_and_given_back(tmp_path):
    settings = settings_of(tmp_path)
    with kafka.running_kafka(tmp_path, None, settings) as broker:
        fill(broker)
        before = told(broker.bootstrap)
    often = {"log.retention.check.interval.ms": "500", "log.initial.task.delay.ms": "100"}
    with ours(tmp_path, often) as here:
        found = here.ready["took_over"]
        assert isinstance(found, dict)
        assert (found["access rules"], found["quotas"], found["share groups"]) == (2, 3, 1)
        assert told(here.bootstrap) == before
        admin = AdminClient(data.base(here.bootstrap))
        for number in range(MORE_TOPICS):
            [made] = admin.create_topics([NewTopic(f"more-{number}", 1, 1)]).values()
            made.result()
        time.sleep(1.5)  # until the log's beginning, which snapshots replace, is removed
        seen = data.look(here.bootstrap)
    metadata = tmp_path / "data" / "__cluster_metadata-0"
    assert not (metadata / f"{0:020}.log").exists(), "the voters are in snapshots of ours alone"
    with kafka_again(tmp_path, settings) as again:
        assert told(again.bootstrap) == before
        assert list(seen.differences(data.look(again.bootstrap))) == []
