"""The cluster as a whole: brokers, what they speak, features, and one taken off the list."""

import pytest

from logcore.admin.admin import Admin
from logcore.common.access import Operation
from logcore.common.errors import (
    BrokerIdNotRegisteredError,
    InvalidUpdateVersionError,
)


def test_brokers(admin: Admin) -> None:
    cluster = admin.cluster.describe()
    (broker,) = cluster.brokers
    assert cluster.cluster_id
    assert cluster.controller_id == broker.node_id
    assert cluster.operations is None, "nobody asked"
    all_of_it = admin.cluster.describe(with_fenced=True, with_operations=True)
    assert all_of_it.brokers == cluster.brokers
    assert all_of_it.operations is not None
    assert Operation.ALTER in all_of_it.operations


def test_what_brokers_speak(admin: Admin) -> None:
    (broker,) = admin.cluster.describe().brokers
    apis = admin.cluster.apis(broker.node_id)
    assert apis == admin.cluster.apis()
    assert apis.known["ApiVersions"] == (0, 4)
    assert apis.known["Fetch"][1] >= 17


def test_features(admin: Admin) -> None:
    features = admin.cluster.features()
    assert features.finalized["metadata.version"] > 0
    assert features.epoch is not None
    first, last = features.supported["group.version"]
    assert first <= features.finalized["group.version"] <= last
    assert admin.cluster.features(1).supported == features.supported
    admin.cluster.update_features(dict(features.finalized), validate_only=True)
    with pytest.raises(InvalidUpdateVersionError):
        admin.cluster.update_features({"bogus.version": 1}, unsafe=True)


def test_no_broker_of_that_number(admin: Admin) -> None:
    with pytest.raises(BrokerIdNotRegisteredError):
        admin.cluster.unregister(99)
