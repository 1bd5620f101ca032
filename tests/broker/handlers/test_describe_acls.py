"""DescribeAcls: rules are told by the pattern that they are about."""

from pathlib import Path

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.api_keys import ApiKey
from tests.broker.authorization.ruling import (
    ANYBODY,
    PREFIXED,
    allow,
    authorized,
    create_acls,
    deny,
)
from tests.broker.authorization.world import asked
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running, running_broker

TOPIC, GROUP, READ, WRITE, ANY = 2, 3, 3, 4, 1
FORBIDDEN, DISABLED = 31, 54
EVERYTHING = {
    "resource_type_filter": ANY,
    "resource_name_filter": None,
    "pattern_type_filter": ANY,
    "principal_filter": None,
    "host_filter": None,
    "operation": ANY,
    "permission_type": ANY,
}


def describe(running: Running, version: int = 3, **changes):
    body = EVERYTHING | changes
    return asked(running.wire(), ApiKey.DESCRIBE_ACLS, version, **body)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_rules_of_a_pattern_are_told_together(tmp_path: Path, version: int):
    rules = [
        allow(TOPIC, "t", READ),
        deny(TOPIC, "t", WRITE),
        allow(TOPIC, "t", READ, pattern_type=PREFIXED),
        allow(GROUP, "g", READ),
    ]
    with running_broker(tmp_path, **authorized(super_users=ANYBODY)) as running:
        assert create_acls(running.wire(), *rules) == [0] * 4
        told = describe(running, version)
        assert (told.error_code, told.error_message) == (0, "")
        shape = [(each.resource_name, each.pattern_type, len(each.acls)) for each in told.resources]
        assert sorted(shape) == [("g", 3, 1), ("t", 3, 2), ("t", 4, 1)]
        (group,) = describe(running, version, resource_type_filter=GROUP).resources
        assert group.acls[0].principal == ANYBODY
        assert describe(running, version, principal_filter="User:x").resources == []


def test_a_filter_that_means_nothing_names_no_rule(tmp_path: Path):
    with running_broker(tmp_path, **authorized(super_users=ANYBODY)) as running:
        assert create_acls(running.wire(), allow(TOPIC, "t", READ)) == [0]
        told = describe(running, operation=99)
        assert (told.error_code, told.resources) == (0, [])


def test_who_may_not_describe_the_cluster_hears_of_no_rule(broker: Running):
    with refusing(broker, on_cluster(Operation.DESCRIBE)):
        assert describe(broker).error_code == FORBIDDEN


def test_there_are_no_rules_without_an_authorizer(broker: Running):
    assert describe(broker).error_code == DISABLED
