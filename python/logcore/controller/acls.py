"""Access rules (ACLs) in the metadata: which there are, how they are made, found and removed.

Invariant: no two rules of an image say the same; a rule never changes, it is made and removed. What
a rule means is not known here, only which rule a filter names.
Neighbours: `replay` keeps rules in the image by the records made here, and
`logcore.broker.authorization` answers questions by them.
Source: Apache Kafka 4.3.1, `AclControlManager` and `ResourcePatternFilter`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from logcore.common.access import ANY, Operation, PatternType, PermissionType, ResourceType
from logcore.common.errors import InvalidRequestError, KafkaError, PolicyViolationError
from logcore.protocol.internal.metadata import (
    AccessControlEntryRecord,
    RemoveAccessControlEntryRecord,
)
from logcore.protocol.messages.create_acls import (
    AclCreation,
    AclCreationResult,
    CreateAclsRequest,
    CreateAclsResponse,
)
from logcore.protocol.messages.delete_acls import (
    DeleteAclsFilter,
    DeleteAclsFilterResult,
    DeleteAclsMatchingAcl,
    DeleteAclsRequest,
    DeleteAclsResponse,
)

MATCH: Final = PatternType.MATCH
LITERAL: Final = PatternType.LITERAL
PREFIXED: Final = PatternType.PREFIXED
DENY: Final = PermissionType.DENY
ALLOW: Final = PermissionType.ALLOW
WILDCARD: Final = "*"
"""As a literal name, host, or name of a user: whatever it is."""

CLUSTER_TYPE: Final = ResourceType.CLUSTER
CLUSTER_NAME: Final = "kafka-cluster"
CHANGES_MAX: Final = 10_000
"""Most rules that one request makes or removes."""

_RESOURCE_TYPES: Final = frozenset(ResourceType)
_OPERATIONS: Final = frozenset(Operation)
_PATTERNS: Final = (LITERAL, PREFIXED)
_PERMISSIONS: Final = (DENY, ALLOW)


@dataclass(frozen=True, slots=True)
class Acl:
    """A rule, with Kafka's numbers.

    Attributes:
        resource_type: What kind of resource it is about.
        resource_name: Its name, or what its name begins with.
        pattern_type: `LITERAL` or `PREFIXED`.
        principal: Whom it is about, as ``Type:name``.
        host: From where, an address or `WILDCARD`.
        operation: What they ask for.
        permission_type: `ALLOW` or `DENY`.
    """

    resource_type: int
    resource_name: str
    pattern_type: int
    principal: str
    host: str
    operation: int
    permission_type: int

    @classmethod
    def of(cls, record: AccessControlEntryRecord) -> "Acl":
        """Return the rule of a record."""
        return cls(
            resource_type=record.resource_type,
            resource_name=record.resource_name,
            pattern_type=record.pattern_type,
            principal=record.principal,
            host=record.host,
            operation=record.operation,
            permission_type=record.permission_type,
        )

    def record(self, acl_id: bytes) -> AccessControlEntryRecord:
        """Return the record that makes it."""
        return AccessControlEntryRecord(
            id=acl_id,
            resource_type=self.resource_type,
            resource_name=self.resource_name,
            pattern_type=self.pattern_type,
            principal=self.principal,
            host=self.host,
            operation=self.operation,
            permission_type=self.permission_type,
        )


@dataclass(frozen=True, slots=True)
class AclFilter:
    """What rules are asked for; None and `ANY` stand for everything.

    Attributes:
        resource_type: Of which kind of resource.
        resource_name: Of which name.
        pattern_type: `ANY`, `MATCH` or a pattern type.
        principal: About whom.
        host: From where.
        operation: About which operation.
        permission_type: `ANY`, `ALLOW` or `DENY`.
    """

    resource_type: int
    resource_name: str | None
    pattern_type: int
    principal: str | None
    host: str | None
    operation: int
    permission_type: int

    def check(self) -> None:
        """Check that it says something.

        Raises:
            InvalidRequestError: If a number in it has no meaning.
        """
        types = self.resource_type == ANY or self.resource_type in _RESOURCE_TYPES
        if not types or self.pattern_type not in (ANY, MATCH, *_PATTERNS):
            raise InvalidRequestError("Unknown patternFilter.")
        operations = self.operation == ANY or self.operation in _OPERATIONS
        if not operations or self.permission_type not in (ANY, *_PERMISSIONS):
            raise InvalidRequestError("Unknown entryFilter.")

    def matches(self, acl: Acl) -> bool:
        """Whether it asks for a rule."""
        return (
            self.resource_type in (ANY, acl.resource_type)
            and self.operation in (ANY, acl.operation)
            and self.permission_type in (ANY, acl.permission_type)
            and (self.principal is None or self.principal == acl.principal)
            and (self.host is None or self.host == acl.host)
            and self._matches_pattern(acl)
        )

    def _matches_pattern(self, acl: Acl) -> bool:
        name = self.resource_name
        if self.pattern_type not in (ANY, MATCH, acl.pattern_type):
            return False
        if name is None or name == acl.resource_name:
            return True
        if self.pattern_type != MATCH:
            return False
        if acl.pattern_type == PREFIXED:
            return name.startswith(acl.resource_name)
        return acl.resource_name == WILDCARD


def found(acls: Mapping[bytes, Acl], wanted: AclFilter) -> Iterator[tuple[bytes, Acl]]:
    """Yield the rules that a filter asks for, with their ids."""
    return (each for each in acls.items() if wanted.matches(each[1]))


def records_of(acls: Mapping[bytes, Acl]) -> Iterator[AccessControlEntryRecord]:
    """Yield the records that make rules."""
    return (acl.record(acl_id) for acl_id, acl in acls.items())


def decide_creation(
    acls: Mapping[bytes, Acl], request: CreateAclsRequest, new_id: Callable[[], bytes]
) -> tuple[list[AccessControlEntryRecord], CreateAclsResponse]:
    """Return the records that make what is asked for and not there yet, and the response."""
    names = {creation.resource_name for creation in request.creations}
    known = {acl for acl in acls.values() if acl.resource_name in names}
    records: list[AccessControlEntryRecord] = []
    response = CreateAclsResponse()
    for creation in request.creations:
        result = AclCreationResult()
        response.results.append(result)
        try:
            acl = _checked(creation)
            if acl in known:
                continue
            if len(records) == CHANGES_MAX:
                raise PolicyViolationError(f"at most {CHANGES_MAX} rules are made at once")
        except KafkaError as error:
            result.error_code = error.code
            result.error_message = str(error)
        else:
            known.add(acl)
            records.append(acl.record(new_id()))
    return records, response


def _checked(creation: AclCreation) -> Acl:
    """Return the rule that is to be made.

    Raises:
        InvalidRequestError: If there can be no such rule.
    """
    if creation.resource_type == CLUSTER_TYPE and creation.resource_name != CLUSTER_NAME:
        message = f"The only valid name for the CLUSTER resource is {CLUSTER_NAME}"
        raise InvalidRequestError(message)
    if not creation.resource_name:
        raise InvalidRequestError("Invalid empty resource name")
    for what, value, known in (
        ("resourceType", creation.resource_type, _RESOURCE_TYPES),
        ("patternType", creation.resource_pattern_type, _PATTERNS),
        ("operation", creation.operation, _OPERATIONS),
        ("permissionType", creation.permission_type, _PERMISSIONS),
    ):
        if value not in known:
            raise InvalidRequestError(f"Invalid {what} {value}")
    if ":" not in creation.principal:
        message = f"Could not parse principal from `{creation.principal}` (no colon is present)"
        raise InvalidRequestError(message)
    return Acl(
        resource_type=creation.resource_type,
        resource_name=creation.resource_name,
        pattern_type=creation.resource_pattern_type,
        principal=creation.principal,
        host=creation.host,
        operation=creation.operation,
        permission_type=creation.permission_type,
    )


def decide_deletion(
    acls: Mapping[bytes, Acl], request: DeleteAclsRequest
) -> tuple[list[RemoveAccessControlEntryRecord], DeleteAclsResponse]:
    """Return the records that remove what the filters name, and the response."""
    removed: dict[bytes, Acl] = {}
    response = DeleteAclsResponse()
    for each in request.filters:
        result = DeleteAclsFilterResult(error_message=None)
        response.filter_results.append(result)
        wanted = filter_of(each)
        try:
            wanted.check()
            matching = dict(found(acls, wanted))
            if len(removed | matching) > CHANGES_MAX:
                raise PolicyViolationError(f"at most {CHANGES_MAX} rules are removed at once")
        except KafkaError as error:
            result.error_code = error.code
            result.error_message = str(error)
        else:
            removed |= matching
            result.matching_acls = list(_told(matching.values()))
    return [RemoveAccessControlEntryRecord(id=acl_id) for acl_id in removed], response


def filter_of(asked: DeleteAclsFilter) -> AclFilter:
    """Return a filter as DeleteAcls names it."""
    return AclFilter(
        resource_type=asked.resource_type_filter,
        resource_name=asked.resource_name_filter,
        pattern_type=asked.pattern_type_filter,
        principal=asked.principal_filter,
        host=asked.host_filter,
        operation=asked.operation,
        permission_type=asked.permission_type,
    )


def _told(acls: Iterable[Acl]) -> Iterator[DeleteAclsMatchingAcl]:
    for acl in acls:
        yield DeleteAclsMatchingAcl(
            error_message=None,
            resource_type=acl.resource_type,
            resource_name=acl.resource_name,
            pattern_type=acl.pattern_type,
            principal=acl.principal,
            host=acl.host,
            operation=acl.operation,
            permission_type=acl.permission_type,
        )
