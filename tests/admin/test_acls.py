"""Access rules are made, told and deleted, on a broker that has an authorizer."""

from collections.abc import Iterator

import pytest

from logcore.admin.acls import Acl, AclFilter
from logcore.admin.admin import Admin
from logcore.common.access import Operation, PatternType, PermissionType, ResourceType
from logcore.common.errors import InvalidRequestError
from logcore.testing.local_broker import LocalBroker

SETTINGS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
    "super.users": "User:ANONYMOUS",
}


@pytest.fixture(scope="module")
def guarded() -> Iterator[Admin]:
    with LocalBroker(**SETTINGS) as broker, Admin(broker.bootstrap_servers) as admin:
        yield admin


def test_rules(guarded: Admin) -> None:
    read = Acl(ResourceType.TOPIC, "orders", "User:alice", Operation.READ)
    write = Acl(
        ResourceType.TOPIC,
        "ord",
        "User:bob",
        Operation.WRITE,
        PermissionType.DENY,
        "10.0.0.1",
        PatternType.PREFIXED,
    )
    guarded.acls.create([read, write]).raise_for_errors()
    assert set(guarded.acls.describe()) == {read, write}
    matching = AclFilter(ResourceType.TOPIC, "orders", pattern=PatternType.MATCH)
    assert set(guarded.acls.describe(matching)) == {read, write}
    of_bob = AclFilter(principal="User:bob")
    assert guarded.acls.delete(of_bob)[of_bob] == [write]
    assert guarded.acls.describe() == [read]


def test_a_rule_that_makes_no_sense(guarded: Admin) -> None:
    odd = Acl(ResourceType.TOPIC, "orders", "alice", Operation.READ)
    errors = guarded.acls.create([odd]).errors
    assert isinstance(errors[odd], InvalidRequestError)
