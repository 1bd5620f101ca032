"""What the checks of the doctor find, each shown a cluster that has it."""

from types import SimpleNamespace

import pytest

from logcore.admin.cluster import (
    BrokerDescription,
    ClusterDescription,
    Features,
)
from logcore.admin.replicas import LogDirDescription
from logcore.admin.topic_descriptions import PartitionDescription, TopicDescription
from logcore.admin.transaction_descriptions import ListedTransaction
from logcore.cli.connecting import ClusterOptions
from logcore.cli.doctor_checks import (
    OK,
    PROBLEM,
    WARNING,
    brokers,
    findings,
    numbers,
    space,
    topic_findings,
    transactions,
    unreachable,
    versions,
)
from logcore.testing.local_broker import LocalBroker


def severities(found):
    return [finding.severity for finding in found]


def cluster_of(*told, controller_id=1):
    described = ClusterDescription("c", controller_id, told)
    return SimpleNamespace(cluster=SimpleNamespace(describe=lambda: described))


def broker(host, port, **rest):
    return BrokerDescription(1, host, port, None, **({"is_fenced": False} | rest))


def test_addresses_that_are_told():
    with LocalBroker() as running:
        port = int(running.bootstrap_servers.rpartition(":")[2])
        near, far = f"127.0.0.1:{port}", f"10.0.0.1:{port}"
        told = broker("127.0.0.1", port)
        assert severities(brokers(cluster_of(told), near)) == [OK]
        assert severities(brokers(cluster_of(told), far)) == [WARNING]
        fenced = broker("127.0.0.1", port, is_fenced=True)
        assert severities(brokers(cluster_of(fenced), near)) == [OK, WARNING]
    (found,) = brokers(cluster_of(broker("127.0.0.1", 1)), near)
    assert found.severity == PROBLEM
    assert "advertised.listeners" in found.advice
    assert severities(brokers(cluster_of(controller_id=None), near)) == [PROBLEM]


def test_why_an_address_cannot_be_reached():
    assert unreachable("127.0.0.1", 1) == "Connection refused"
    assert "not known" in (unreachable("no.such.name.invalid", 1) or "")
    assert "no port" in (unreachable("127.0.0.1", "x") or "")


def partition(number, leader=1, replicas=(1,), isr=None):
    return PartitionDescription(number, leader, 0, replicas, isr or replicas, ())


@pytest.mark.parametrize(
    ("parts", "broker_count", "expected"),
    [
        ([partition(0)], 1, []),
        ([partition(0)], 3, [WARNING]),
        ([partition(0, leader=None, replicas=(1, 2))], 3, [PROBLEM]),
        ([partition(0, replicas=(1, 2), isr=(1,))], 3, [WARNING]),
    ],
)
def test_topics(parts, broker_count, expected):
    topic = TopicDescription("t", b"", False, tuple(parts))
    assert severities(topic_findings(topic, broker_count)) == expected


def test_space_that_runs_out():
    def free(usable):
        directory = LogDirDescription("/d", None, 100, usable)
        return SimpleNamespace(replicas=SimpleNamespace(log_dirs=lambda: {1: (directory,)}))

    assert severities(space(free(50))) == [OK]
    assert severities(space(free(5))) == [WARNING]


def test_features_that_lag_behind():
    def at(level):
        features = Features({"metadata.version": level}, {"metadata.version": (7, 30), "x": (0, 1)})
        return SimpleNamespace(cluster=SimpleNamespace(features=lambda: features))

    assert severities(versions(at(30))) == [OK]
    assert severities(versions(at(25))) == [WARNING]


def test_transactions_that_hang():
    def hanging(*found):
        return SimpleNamespace(transactions=SimpleNamespace(list=lambda **_: list(found)))

    assert severities(transactions(hanging())) == [OK]
    (found,) = transactions(hanging(ListedTransaction("mine", 1, "Ongoing")))
    assert found.severity == PROBLEM
    assert found.advice == "logcore txn fence mine"


def test_numbers_that_are_many():
    assert numbers([1, 2]) == "1, 2"
    assert numbers(list(range(9))) == "0, 1, 2, 3, 4 and 4 more"


def test_a_check_that_fails_does_not_hide_the_others():
    with LocalBroker() as running:
        running.faults.fail("DescribeLogDirs", 31, times=None)
        cluster = ClusterOptions(running.bootstrap_servers, {})
        said = [finding.sentence for finding in findings(cluster)]
    assert any("check of space could not be made" in sentence for sentence in said)
    assert said[-1] == "no transaction hangs"
