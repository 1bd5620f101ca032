"""The metadata log and its snapshots, between Apache Kafka and us, both ways.

Invariant: Kafka's dump tool decodes each record of ours to what was written; a log that Kafka wrote
replays here to the topics that its own tools created.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from logcore.broker.config.tables.authorization import STANDARD_AUTHORIZER
from logcore.common.principal import Principal
from logcore.common.scram import ScramCredential
from logcore.controller.acls import DENY, PREFIXED, Acl
from logcore.controller.delegation_tokens import DelegationToken
from logcore.controller.image import EMPTY
from logcore.controller.records import records_of, topic_records
from logcore.controller.replay import ImageBuilder
from logcore.log import Log
from logcore.protocol.internal import metadata_record
from tests.controller.building import Disk, image, topic
from tests.peers import kafka

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

ACL = Acl(2, "or", PREFIXED, "User:CN=alice,O=b", "127.0.0.1", 3, DENY)
ALICE, BOB = Principal("User", "alice"), Principal("User", "bob")
WRITTEN = replace(
    image(
        [topic("first", 3), topic("second.topic", number=2)],
        configs={(2, "first"): {"retention.ms": "5"}, (4, ""): {"log.retention.ms": "7"}},
        next_producer_id=3000,
    ),
    acls={b"a" * 16: ACL},
    scram={("alice", 2): ScramCredential(b"salt", b"stored", b"server", 8192)},
    delegation_tokens={"id": DelegationToken("id", ALICE, BOB, (BOB,), 1, 9, 5)},
)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a metadata log of ours, with a snapshot in the middle."""
    disk = Disk(tmp_path_factory.mktemp("ours"))
    log = disk.open()
    log.propose(list(records_of(WRITTEN))).value()
    log = disk.open()
    log.snapshot(log.loaded).value()
    log.propose(list(topic_records(topic("third", number=3)))).value()
    disk.close()
    return disk.directory


def payloads(file: Path) -> list[dict[str, Any]]:
    options = ("--deep-iteration", "--cluster-metadata-decoder")
    report = kafka.dump_log(file, options=options)
    found = re.findall(r"^\| offset: .* payload: (\{.*\})", report, flags=re.MULTILINE)
    return [json.loads(each) for each in found]


def test_kafka_decodes_our_log(ours):
    records = payloads(ours / f"{0:020}.log")
    kinds = [record["type"] for record in records]
    assert kinds.count("TOPIC_RECORD") == 3
    assert kinds.count("PARTITION_RECORD") == 5
    assert kinds[0] == "FEATURE_LEVEL_RECORD"
    assert records[-2]["data"]["name"] == "third"
    assert {"type": "PRODUCER_IDS_RECORD", "version": 0, "data": {
        "brokerId": -1, "brokerEpoch": -1, "nextProducerId": 3000}} in records  # fmt: skip
    assert {"type": "ACCESS_CONTROL_ENTRY_RECORD", "version": 0, "data": {
        "id": "YWFhYWFhYWFhYWFhYWFhYQ", "resourceType": 2, "resourceName": "or",
        "patternType": 4, "principal": "User:CN=alice,O=b", "host": "127.0.0.1",
        "operation": 3, "permissionType": 2}} in records  # fmt: skip


def test_kafka_decodes_credentials_and_tokens(ours):
    records = payloads(ours / f"{0:020}.log")
    assert {"type": "DELEGATION_TOKEN_RECORD", "version": 0, "data": {
        "owner": "User:alice", "requester": "User:bob", "renewers": ["User:bob"],
        "issueTimestamp": 1, "maxTimestamp": 9, "expirationTimestamp": 5,
        "tokenId": "id"}} in records  # fmt: skip
    (credential,) = (each for each in records if each["type"] == "USER_SCRAM_CREDENTIAL_RECORD")
    assert (credential["data"]["name"], credential["data"]["mechanism"]) == ("alice", 2)


def test_kafka_decodes_our_snapshot(ours):
    [file] = ours.glob("*.checkpoint")
    records = payloads(file)
    topics = [record["data"]["name"] for record in records if record["type"] == "TOPIC_RECORD"]
    assert topics == ["first", "second.topic"]
    report = kafka.dump_log(file, options=("--deep-iteration", "--cluster-metadata-decoder"))
    assert "SnapshotHeader" in report
    assert "SnapshotFooter" in report


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory of the metadata log of an Apache Kafka that was stopped."""
    config = {
        "authorizer.class.name": STANDARD_AUTHORIZER,
        "allow.everyone.if.no.acl.found": "true",
    }
    with kafka.running_kafka(tmp_path_factory.mktemp("theirs"), config=config) as broker:
        for operation in ("Read", "Write"):
            add = ("--add", "--deny-principal", "User:bob", "--operation", operation)
            broker.tool("acls", *add, "--topic", "kept", "--resource-pattern-type", "prefixed")
        remove = ("--remove", "--force", "--deny-principal", "User:bob", "--operation", "Read")
        broker.tool("acls", *remove, "--topic", "kept", "--resource-pattern-type", "prefixed")
        create = ("topics", "--create", "--partitions", "2", "--topic")
        for name in ("kept", "changed", "gone"):
            broker.tool(*create, name, "--config", "retention.ms=77")
        broker.tool("topics", "--alter", "--topic", "changed", "--partitions", "5")
        broker.tool("topics", "--delete", "--topic", "gone")
        broker.stop()
        yield broker.log_dir / "__cluster_metadata-0"


def test_we_replay_a_log_of_kafkas(theirs):
    builder = ImageBuilder(EMPTY)
    with Log(theirs, readonly=True) as log:
        for record in log:
            assert record.value is not None
            builder.replay(metadata_record.decode(record.value))
        made = builder.finish(log.end_offset - 1, 1).new
    counts = {name: len(topic.partitions) for name, topic in made.topics_by_name.items()}
    assert counts == {"kept": 2, "changed": 5}
    assert made.topic_configs("kept") == {"retention.ms": "77"}
    assert (2, "gone") not in made.configs
    assert made.features["metadata.version"] == 30
    assert len(made.brokers) == 1
    assert list(made.acls.values()) == [Acl(2, "kept", PREFIXED, "User:bob", "*", 4, DENY)]
