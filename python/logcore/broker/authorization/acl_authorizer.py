"""`AclAuthorizer`: answers handlers by the access rules in the metadata, and remembers its answers.

Invariant: an answer is that of the newest rules that were committed: with every change of them all
that was remembered is forgotten. What is remembered is bounded, in entries and in their sizes, so
that whoever asks for names without end costs nothing but time.
Neighbours: `acl_index` decides; `audit` writes down; `making` builds it from the settings.
Source: Apache Kafka 4.3.1, `StandardAuthorizer`.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from logging import DEBUG
from typing import Final, TypeAlias

from logcore.broker.authorization.acl_index import AclIndex, Asker, Decision
from logcore.broker.authorization.audit import Audit, Question, audit_logger, write
from logcore.broker.authorization.questions import is_listed
from logcore.broker.authorizer import CLUSTER_NAME, Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.common.metrics import Counter, Metrics
from logcore.controller.acls import Acl

REMEMBERED_MAX: Final = 32_768
_NAME_CHARS_MAX: Final = 256

_debugs: Final = audit_logger.isEnabledFor
"""Whether what is allowed is written down, too."""

_Key: TypeAlias = tuple[str, str, str, str | None, int, int]
"""Name and kind of a principal, host, name of a resource or None for any, operation, type."""


class AclAuthorizer:
    """Answers by access rules.

    Args:
        audit: Where refusals are written down.
        refusals: Where they are counted, by operation and type of resource.
        super_users: Principals that may do everything, as ``Type:name``.
        allows_without_rule: What holds for a resource that no rule is about.

    Example:
        >>> from logcore.common.clock import ManualScheduler
        >>> AclAuthorizer(Audit(ManualScheduler()), refusal_counter(Metrics())).remembered
        0
    """

    def __init__(
        self,
        audit: Audit,
        refusals: Counter,
        super_users: frozenset[str] = frozenset(),
        *,
        allows_without_rule: bool = False,
    ) -> None:
        self._audit = audit
        self._refusals = refusals
        self._super_users = super_users
        self._allows_without_rule = allows_without_rule
        self._index = AclIndex(allows_without_rule=allows_without_rule)
        self._remembered: dict[_Key, bool] = {}

    @property
    def remembered(self) -> int:
        """How many answers are remembered."""
        return len(self._remembered)

    def load(self, acls: Mapping[bytes, Acl]) -> None:
        """Answer by these rules from now on."""
        self._index = AclIndex(acls.values(), allows_without_rule=self._allows_without_rule)
        self._remembered.clear()

    def change(self, removed: Iterable[Acl], added: Iterable[Acl]) -> None:
        """Answer without some rules and by others from now on."""
        for acl in removed:
            self._index.remove(acl)
        for acl in added:
            self._index.add(acl)
        self._remembered.clear()

    def allows(
        self,
        context: RequestContext,
        operation: Operation,
        resource_type: ResourceType,
        name: str = CLUSTER_NAME,
        *,
        is_quiet: bool = False,
    ) -> bool:
        """Return whether a request may do something."""
        principal = context.principal
        # `real` is the bare number of an enum's member, which is quicker to hash than the member.
        key = (
            principal.name,
            principal.kind,
            context.connection.peer_host,
            name,
            operation.real,
            resource_type.real,
        )
        answer = self._remembered.get(key)
        if answer is None:
            assert is_quiet or is_listed(context.api_key, operation, resource_type), (
                "not in the table"
            )
            answer = self._decide(context, Question(operation, resource_type, name))
            if len(name) <= _NAME_CHARS_MAX:
                self._remember(key, answer)
        if is_quiet or (answer and not _debugs(DEBUG)):
            return answer
        question = Question(operation, resource_type, name)
        if answer or self._counts_and_takes(question):
            write(context, question, self._decision(context, question))
        return answer

    def allows_any(
        self, context: RequestContext, operation: Operation, resource_type: ResourceType
    ) -> bool:
        """Return whether a request may do something to a resource of a type, of any name."""
        principal, host = context.principal, context.connection.peer_host
        key = (principal.name, principal.kind, host, None, operation.real, resource_type.real)
        answer = self._remembered.get(key)
        if answer is None:
            assert is_listed(context.api_key, operation, resource_type), "not in the table"
            asker = _asker(context)
            answer = asker.principal in self._super_users or self._index.decide_any(
                asker, operation, resource_type
            )
            self._remember(key, answer)
        question = Question(operation, resource_type, "any")
        if not answer and self._counts_and_takes(question):
            write(context, question, Decision(is_allowed=False))
        return answer

    def _counts_and_takes(self, question: Question) -> bool:
        """Count a refusal; return whether it is written down, too."""
        self._refusals.increment(question.operation.name, question.resource_type.name)
        return self._audit.takes_refusal()

    def _decide(self, context: RequestContext, question: Question) -> bool:
        decision = self._decision(context, question)
        return decision is None or decision.is_allowed

    def _decision(self, context: RequestContext, question: Question) -> Decision | None:
        """Return the decision on a question; None on one of a super user."""
        asker = _asker(context)
        if asker.principal in self._super_users:
            return None
        return self._index.decide(asker, *question)

    def _remember(self, key: _Key, answer: bool) -> None:
        if len(self._remembered) >= REMEMBERED_MAX:
            self._remembered.clear()
        self._remembered[key] = answer


def refusal_counter(metrics: Metrics) -> Counter:
    """Make the counter of refusals."""
    return metrics.counter(
        "logcore_authorization_refusals_total",
        "Refusals by access rules, by operation and type of resource",
        labels=("operation", "resource_type"),
    )


def _asker(context: RequestContext) -> Asker:
    return Asker(str(context.principal), spellings(context.connection.peer_host))


@lru_cache(maxsize=1024)
def spellings(host: str) -> tuple[str, ...]:
    """Return how a rule may spell an address: as we do, and as Java does.

    Example:
        >>> spellings("::1")
        ('::1', '0:0:0:0:0:0:0:1')
    """
    bare, percent, scope = host.partition("%")
    try:
        address = IPv6Address(bare)
    except AddressValueError:
        return (host,)
    mapped: IPv4Address | None = address.ipv4_mapped
    if mapped is not None:
        return (host, str(mapped))
    java = ":".join(f"{int(group, 16):x}" for group in address.exploded.split(":"))
    return (host, java + percent + scope)
