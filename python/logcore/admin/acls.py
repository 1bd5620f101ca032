"""Access rules: who may do what, from where.

Invariant: a rule is a value; what is deleted is what a filter matches, and is returned.
Neighbours: `asking` reaches the brokers. Source: KIP-11, KIP-290; Apache Kafka 4.3.1,
`org.apache.kafka.common.acl` and `org.apache.kafka.common.resource` for the numbers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from logcore.admin.asking import Asking
from logcore.admin.part import Part
from logcore.admin.results import Results, error_of
from logcore.client.blocking import blocking
from logcore.common.access import ANY, Operation, PatternType, PermissionType, ResourceType
from logcore.common.errors import KafkaError
from logcore.protocol.messages.create_acls import AclCreation, CreateAclsRequest
from logcore.protocol.messages.delete_acls import DeleteAclsFilter, DeleteAclsRequest
from logcore.protocol.messages.describe_acls import DescribeAclsRequest


@dataclass(frozen=True, slots=True)
class Acl:
    """A rule.

    Attributes:
        resource: What it is about.
        name: Its name; ``*`` for every one, ``kafka-cluster`` for the cluster.
        principal: Who, such as ``User:alice``; ``User:*`` for everybody.
        operation: What.
        permission: Whether it is allowed or denied.
        host: From which address; ``*`` from everywhere.
        pattern: Whether the name is meant as it stands, or as a prefix.
    """

    resource: ResourceType
    name: str
    principal: str
    operation: Operation
    permission: PermissionType = PermissionType.ALLOW
    host: str = "*"
    pattern: PatternType = PatternType.LITERAL


@dataclass(frozen=True, slots=True)
class AclFilter:
    """Which rules are meant: None matches every one. Attributes are those of `Acl`."""

    resource: ResourceType | None = None
    name: str | None = None
    principal: str | None = None
    operation: Operation | None = None
    permission: PermissionType | None = None
    host: str | None = None
    pattern: PatternType | None = None


ALL_ACLS = AclFilter()
"""Matches every rule."""


class AsyncAcls:
    """The access rules of a cluster.

    Args:
        asking: What reaches the brokers.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def create(self, acls: Iterable[Acl]) -> Results[Acl, None]:
        """Add rules.

        Returns:
            None, or why it was not added, by rule.

        Raises:
            ClientError: If no broker answers in time.
        """
        wanted = list(acls)
        request = CreateAclsRequest(
            creations=[
                AclCreation(
                    resource_type=int(acl.resource),
                    resource_name=acl.name,
                    resource_pattern_type=int(acl.pattern),
                    principal=acl.principal,
                    host=acl.host,
                    operation=int(acl.operation),
                    permission_type=int(acl.permission),
                )
                for acl in wanted
            ]
        )
        response = await self._asking.any("create access rules", request)
        values: dict[Acl, None] = {}
        errors: dict[Acl, KafkaError] = {}
        for acl, result in zip(wanted, response.results, strict=True):
            if result.error_code:
                errors[acl] = error_of(result.error_code, result.error_message, acl)
            else:
                values[acl] = None
        return Results(values, errors)

    async def describe(self, matching: AclFilter = ALL_ACLS) -> list[Acl]:
        """Return the rules that a filter matches.

        Raises:
            KafkaError: If the broker refuses.
            ClientError: If no broker answers in time.
        """
        request = DescribeAclsRequest(
            resource_type_filter=_number(matching.resource),
            resource_name_filter=matching.name,
            pattern_type_filter=_number(matching.pattern),
            principal_filter=matching.principal,
            host_filter=matching.host,
            operation=_number(matching.operation),
            permission_type=_number(matching.permission),
        )
        response = await self._asking.any("describe access rules", request)
        return [
            _acl(resource, resource.pattern_type, one)
            for resource in response.resources
            for one in resource.acls
        ]

    async def delete(self, *filters: AclFilter) -> Results[AclFilter, list[Acl]]:
        """Delete the rules that filters match.

        Returns:
            The rules that were deleted, or why none was, by filter.

        Raises:
            ClientError: If no broker answers in time.
        """
        request = DeleteAclsRequest(
            filters=[
                DeleteAclsFilter(
                    resource_type_filter=_number(one.resource),
                    resource_name_filter=one.name,
                    pattern_type_filter=_number(one.pattern),
                    principal_filter=one.principal,
                    host_filter=one.host,
                    operation=_number(one.operation),
                    permission_type=_number(one.permission),
                )
                for one in filters
            ]
        )
        response = await self._asking.any("delete access rules", request)
        values: dict[AclFilter, list[Acl]] = {}
        errors: dict[AclFilter, KafkaError] = {}
        for one, result in zip(filters, response.filter_results, strict=True):
            failed = [match for match in (result, *result.matching_acls) if match.error_code]
            if failed:
                errors[one] = error_of(failed[0].error_code, failed[0].error_message, one)
            else:
                values[one] = [
                    _acl(match, match.pattern_type, match) for match in result.matching_acls
                ]
        return Results(values, errors)


class Acls(Part):
    """Access rules; see `AsyncAcls`."""

    create = blocking(AsyncAcls.create)
    describe = blocking(AsyncAcls.describe)
    delete = blocking(AsyncAcls.delete)


def _number(wanted: IntEnum | None) -> int:
    return ANY if wanted is None else int(wanted)


def _acl(resource: Any, pattern: int, rule: Any) -> Acl:  # noqa: ANN401 - of either response
    return Acl(
        ResourceType(resource.resource_type),
        resource.resource_name,
        rule.principal,
        Operation(rule.operation),
        PermissionType(rule.permission_type),
        rule.host,
        PatternType(pattern),
    )
