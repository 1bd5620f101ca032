"""The numbers of access rules are Kafka's."""

from logcore.common.access import ANY, Operation, PatternType, PermissionType, ResourceType


def test_numbers() -> None:
    assert [operation.value for operation in Operation] == list(range(2, 16))
    assert [kind.value for kind in ResourceType] == list(range(2, 8))
    assert [pattern.name for pattern in PatternType] == ["MATCH", "LITERAL", "PREFIXED"]
    assert (PermissionType.DENY, PermissionType.ALLOW) == (2, 3)
    assert ANY not in set(Operation)
