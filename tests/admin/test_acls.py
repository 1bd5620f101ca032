"""Access rules are made, told and deleted, on brokers that have an authorizer."""

from collections.abc import Iterator

import pytest

from logcore.admin.acls import Acl, AclFilter
from logcore.admin.admin import Admin
from logcore.common.access import Operation, PatternType, PermissionType, ResourceType
from logcore.common.errors import InvalidRequestError, SecurityDisabledError
from logcore.testing.topics import fresh_name
from tests.eventually import eventually
from tests.guarded import Guarded


@pytest.fixture
def ruler(guarded: Guarded) -> Iterator[Admin]:
    with Admin(guarded.bootstrap) as admin:
        yield admin


def test_rules(ruler: Admin) -> None:
    name, bob = fresh_name(), fresh_name("User:bob")
    read = Acl(ResourceType.TOPIC, name, "User:alice", Operation.READ)
    write = Acl(
        ResourceType.TOPIC,
        name[:-1],
        bob,
        Operation.WRITE,
        PermissionType.DENY,
        "10.0.0.1",
        PatternType.PREFIXED,
    )
    matching = AclFilter(ResourceType.TOPIC, name, pattern=PatternType.MATCH)
    ruler.acls.create([read, write]).raise_for_errors()
    eventually(lambda: {read, write} <= set(ruler.acls.describe(matching)))
    assert {read, write} <= set(ruler.acls.describe())
    of_bob = AclFilter(principal=bob)
    assert ruler.acls.delete(of_bob)[of_bob] == [write]
    eventually(lambda: ruler.acls.describe(of_bob) == [])
    of_the_topic = AclFilter(ResourceType.TOPIC, name)
    assert ruler.acls.describe(of_the_topic) == [read]
    ruler.acls.delete(of_the_topic).raise_for_errors()


def test_a_rule_that_makes_no_sense(ruler: Admin) -> None:
    odd = Acl(ResourceType.TOPIC, "orders", "alice", Operation.READ)
    errors = ruler.acls.create([odd]).errors
    assert isinstance(errors[odd], InvalidRequestError)


def test_without_an_authorizer_there_are_none(admin: Admin) -> None:
    with pytest.raises(SecurityDisabledError):
        admin.acls.describe()
