"""Which authorizer the settings make, and that it follows the metadata."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from logcore.broker.authorizer import AllowAll
from logcore.protocol.api_keys import ApiKey
from tests.broker.authorization.ruling import ANYBODY, allow, authorized, create_acls, deny
from tests.broker.authorization.world import asked
from tests.broker.running import Running, running_broker

FORBIDDEN = 29


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with running_broker(tmp_path, **authorized(everybody=True)) as running:
        yield running


def code_of(running: Running, name: str) -> int:
    """Ask about a topic; return the error code."""
    topics = [{"name": name}]
    answer = asked(
        running.wire(), ApiKey.METADATA, 9, topics=topics, allow_auto_topic_creation=False
    )
    code: int = answer.topics[0].error_code
    return code


def test_everybody_may_do_everything_without_an_authorizer(tmp_path: Path):
    with running_broker(tmp_path) as running:
        assert isinstance(running.broker.parts.authorizer, AllowAll)


def test_nobody_may_do_anything_until_there_is_a_rule(tmp_path: Path):
    with running_broker(tmp_path, **authorized()) as running:
        assert code_of(running, "t") == FORBIDDEN
        assert create_acls(running.wire(), allow(2, "t", 8)) == [31]


def test_a_super_user_needs_no_rule(tmp_path: Path):
    with running_broker(tmp_path, **authorized(super_users=f"User:x;{ANYBODY}")) as running:
        name = running.topic()
        assert create_acls(running.wire(), deny(2, name, 2)) == [0]
        assert code_of(running, name) == 0


def test_a_rule_holds_once_it_is_answered(running: Running):
    name = running.topic()
    wire = running.wire()
    assert code_of(running, name) == 0
    assert create_acls(wire, deny(2, name, 8)) == [0]
    assert code_of(running, name) == FORBIDDEN
    filters = [allow(2, name, 1).filter | {"permission_type": 1}]
    (result,) = asked(wire, ApiKey.DELETE_ACLS, 3, filters=filters).filter_results
    assert len(result.matching_acls) == 1
    assert code_of(running, name) == 0


def test_rules_survive_a_restart_and_are_missed_where_nobody_acts_on_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    settings = authorized(everybody=True)
    with running_broker(tmp_path, **settings) as running:
        name = running.topic()
        assert create_acls(running.wire(), deny(2, name, 8)) == [0]
    with running_broker(tmp_path, **settings) as running:
        assert code_of(running, name) == FORBIDDEN
        assert [acl.resource_name for acl in running.broker.parts.controller.image.acls.values()]
    assert "everybody may do everything" not in caplog.text
    with running_broker(tmp_path):
        assert "there are 1 access rules, and no authorizer.class.name" in caplog.text
