"""DeleteAcls: what a filter names goes, and is told."""

from pathlib import Path

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.api_keys import ApiKey
from tests.broker.authorization.ruling import ANYBODY, Rule, allow, authorized, create_acls
from tests.broker.authorization.world import asked
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running, running_broker

TOPIC, READ, WRITE, ANY = 2, 3, 4, 1
FORBIDDEN, INVALID, DISABLED = 31, 42, 54


def delete(running: Running, *rules: Rule, version: int = 3):
    filters = [rule.filter for rule in rules]
    return asked(running.wire(), ApiKey.DELETE_ACLS, version, filters=filters).filter_results


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_filter_removes_and_tells(tmp_path: Path, version: int):
    kept, gone = allow(TOPIC, "kept", READ), allow(TOPIC, "gone", READ)
    with running_broker(tmp_path, **authorized(super_users=ANYBODY)) as running:
        assert create_acls(running.wire(), kept, gone) == [0, 0]
        none, one, bad = delete(
            running, allow(TOPIC, "t", WRITE), gone, allow(99, "t", ANY), version=version
        )
        assert (none.error_code, none.matching_acls) == (0, [])
        assert [acl.resource_name for acl in one.matching_acls] == ["gone"]
        assert one.matching_acls[0].principal == ANYBODY
        assert bad.error_code == INVALID
        left = running.broker.parts.controller.image.acls.values()
        assert [acl.resource_name for acl in left] == ["kept"]


def test_who_may_not_alter_the_cluster_removes_no_rule(broker: Running):
    with refusing(broker, on_cluster(Operation.ALTER)):
        (result,) = delete(broker, allow(TOPIC, "t", READ))
    assert result.error_code == FORBIDDEN


def test_there_are_no_rules_without_an_authorizer(broker: Running):
    (result,) = delete(broker, allow(TOPIC, "t", READ))
    assert result.error_code == DISABLED
