"""CreateAcls: rules are made one by one, by those who may."""

from collections.abc import Iterator

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.api_keys import ApiKey
from tests.broker.authorization.ruling import ANYBODY, allow, authorized, create_acls
from tests.broker.authorization.world import asked
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running, running_broker

TOPIC, READ = 2, 3
FORBIDDEN, INVALID, DISABLED = 31, 42, 54


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A broker with rules, whose tests may do everything."""
    path = tmp_path_factory.mktemp("ruled")
    with running_broker(path, **authorized(super_users=ANYBODY)) as running:
        yield running


@pytest.mark.parametrize("version", [1, 2, 3])
def test_each_rule_stands_or_falls_alone(ruled: Running, version: int):
    rules = [allow(TOPIC, f"t{version}", READ), allow(TOPIC, "", READ), allow(99, "t", READ)]
    creations = [rule.creation for rule in rules]
    made = asked(ruled.wire(), ApiKey.CREATE_ACLS, version, creations=creations)
    assert [result.error_code for result in made.results] == [0, INVALID, INVALID]
    assert made.results[0].error_message == ""
    acls = ruled.broker.parts.controller.image.acls.values()
    assert [acl.resource_name for acl in acls].count(f"t{version}") == 1


def test_a_rule_that_is_there_is_made_again_without_a_trace(ruled: Running):
    rule = allow(TOPIC, "twice", READ)
    assert create_acls(ruled.wire(), rule, rule) == [0, 0]
    offset = ruled.broker.parts.controller.image.offset
    assert create_acls(ruled.wire(), rule) == [0]
    assert ruled.broker.parts.controller.image.offset == offset


def test_nothing_at_all(ruled: Running):
    assert create_acls(ruled.wire()) == []


def test_who_may_not_alter_the_cluster_makes_no_rule(broker: Running):
    with refusing(broker, on_cluster(Operation.ALTER)):
        assert create_acls(broker.wire(), *[allow(TOPIC, "t", READ)] * 2) == [FORBIDDEN] * 2


def test_there_are_no_rules_without_an_authorizer(broker: Running):
    assert create_acls(broker.wire(), allow(TOPIC, "t", READ)) == [DISABLED]
