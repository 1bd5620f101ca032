"""Decisions by access rules: what a set of rules says to one question. Pure, and never remembered.

Invariant: a rule that denies wins over all that allow; of the rules only those are looked at whose
pattern the resource falls under and that are about who asks, however many others there are.
Neighbours: `acl_authorizer` remembers decisions and has refusals written down.
Source: Apache Kafka 4.3.1, `StandardAuthorizerData` and `Authorizer.authorizeByResourceType`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from logcore.broker.authorizer import Operation, ResourceType
from logcore.controller.acls import ALLOW, DENY, PREFIXED, WILDCARD, Acl

EVERY_USER: Final = "User:*"

_ByPrincipal: TypeAlias = dict[str, list[Acl]]
_Rules: TypeAlias = dict[tuple[int, str], _ByPrincipal]
"""Rules by type and name, or beginning of the name; then by whom they are about."""

_IMPLIED: Final[Mapping[int, frozenset[int]]] = {
    Operation.DESCRIBE: frozenset(
        {Operation.READ, Operation.WRITE, Operation.DELETE, Operation.ALTER}
    ),
    Operation.DESCRIBE_CONFIGS: frozenset({Operation.ALTER_CONFIGS}),
}
"""Operation -> those of which each, where it is allowed, allows this one too."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and from where.

    Attributes:
        principal: As ``Type:name``.
        hosts: The address, in every spelling that a rule may have.
    """

    principal: str
    hosts: Collection[str]


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, and what it rests on.

    Attributes:
        is_allowed: Whether they may.
        rule: The rule that said so; None if none did.
    """

    is_allowed: bool
    rule: Acl | None = None


class AclIndex:
    """Rules, found by the resource that they are about.

    Args:
        acls: The rules.
        allows_without_rule: What holds for a resource that no rule is about.
    """

    def __init__(self, acls: Iterable[Acl] = (), *, allows_without_rule: bool = False) -> None:
        self._default = Decision(is_allowed=allows_without_rule)
        self._literal: _Rules = {}
        self._prefixed: _Rules = {}
        # How many prefixes of a length there are, for each type.
        self._lengths: dict[int, dict[int, int]] = {}
        for acl in acls:
            self.add(acl)

    def add(self, acl: Acl) -> None:
        """Take a rule in."""
        pattern = (acl.resource_type, acl.resource_name)
        is_prefixed = acl.pattern_type == PREFIXED
        rules = self._prefixed if is_prefixed else self._literal
        if is_prefixed and pattern not in rules:
            self._count(acl, 1)
        rules.setdefault(pattern, {}).setdefault(acl.principal, []).append(acl)

    def remove(self, acl: Acl) -> None:
        """Leave a rule out that was taken in."""
        pattern = (acl.resource_type, acl.resource_name)
        is_prefixed = acl.pattern_type == PREFIXED
        rules = self._prefixed if is_prefixed else self._literal
        rules[pattern][acl.principal].remove(acl)
        if not rules[pattern][acl.principal]:
            del rules[pattern][acl.principal]
        if not rules[pattern]:
            del rules[pattern]
            if is_prefixed:
                self._count(acl, -1)

    def _count(self, acl: Acl, change: int) -> None:
        """Count one prefix of a length more or less."""
        length = len(acl.resource_name)
        lengths = self._lengths.setdefault(acl.resource_type, {})
        lengths[length] = lengths.get(length, 0) + change
        if not lengths[length]:
            del lengths[length]

    def _about(self, resource_type: int, name: str) -> Iterator[_ByPrincipal]:
        """Yield the rules that are about a resource, pattern by pattern."""
        found = self._literal.get((resource_type, name))
        if found is not None:
            yield found
        found = self._literal.get((resource_type, WILDCARD))
        if found is not None and name != WILDCARD:
            yield found
        for length in self._lengths.get(resource_type, ()):
            found = self._prefixed.get((resource_type, name[:length]))
            if found is not None and length <= len(name):
                yield found

    def decide(
        self, asker: Asker, operation: Operation, resource_type: ResourceType, name: str
    ) -> Decision:
        """Return what the rules say."""
        allowing = None
        is_without_rule = True
        for rules in self._about(resource_type, name):
            is_without_rule = False
            for acl in _concerning(rules, asker):
                if not _covers(acl, operation):
                    continue
                if acl.permission_type == DENY:
                    return Decision(is_allowed=False, rule=acl)
                allowing = acl
        if allowing is not None:
            return Decision(is_allowed=True, rule=allowing)
        return self._default if is_without_rule else Decision(is_allowed=False)

    def decide_any(self, asker: Asker, operation: Operation, resource_type: ResourceType) -> bool:
        """Whether there is a name that a resource could have of which they may."""
        if self.decide(asker, operation, resource_type, _SOME_NAME).is_allowed:
            return True
        concerned = [
            acl
            for rules in (self._literal, self._prefixed)
            for (kind, _), listed in rules.items()
            if kind == resource_type
            for acl in _concerning(listed, asker)
            if acl.operation in (operation, Operation.ALL)
        ]
        denied = {_pattern(acl) for acl in concerned if acl.permission_type == DENY}
        if (False, WILDCARD) in denied:
            return False
        allowed = {_pattern(acl) for acl in concerned if acl.permission_type == ALLOW}
        if (False, WILDCARD) in allowed:
            return True
        return any(not _is_dominated(pattern, denied) for pattern in allowed)


_SOME_NAME: Final = "hardcode"
"""The name that Apache Kafka asks about, so that what holds without rules holds here, too."""

_Pattern = tuple[bool, str]
"""Whether it is a prefix, and the name."""


def _pattern(acl: Acl) -> _Pattern:
    return acl.pattern_type == PREFIXED, acl.resource_name


def _is_dominated(allowed: _Pattern, denied: Collection[_Pattern]) -> bool:
    """Whether all that a pattern allows is denied again."""
    is_prefix, name = allowed
    if not is_prefix and allowed in denied:
        return True
    return any((True, name[:length]) in denied for length in range(1, len(name) + 1))


def _concerning(rules: _ByPrincipal, asker: Asker) -> Iterator[Acl]:
    """Yield the rules that are about who asks, from where."""
    for principal in (asker.principal, EVERY_USER):
        for acl in rules.get(principal, ()):
            if acl.host == WILDCARD or acl.host in asker.hosts:
                yield acl


def _covers(acl: Acl, operation: Operation) -> bool:
    if acl.operation in (operation, Operation.ALL):
        return True
    return acl.permission_type == ALLOW and acl.operation in _IMPLIED.get(operation, ())
