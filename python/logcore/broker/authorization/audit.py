"""The audit: a line for each refusal, in the logger `logcore.audit`.

Invariant: what a client says of itself or of resources never ends a line or forges one: names are
quoted as soon as they are more than plain words, and cut where they are long. At most so many
lines are written in a second; what was left out is counted, and the count is written.
Neighbours: `acl_authorizer` tells of decisions; operators read.
Source: Apache Kafka 4.3.1, `StandardAuthorizerData`, for what is told at which level.
"""

import json
import logging
import re
from typing import Final, NamedTuple

from logcore.broker.authorization.acl_index import Decision
from logcore.broker.authorizer import Operation, ResourceType
from logcore.broker.context import RequestContext
from logcore.common.clock import Scheduler
from logcore.controller.acls import ALLOW, PREFIXED

audit_logger: Final = logging.getLogger("logcore.audit")

LINES_PER_SECOND: Final = 100
_WINDOW_MS: Final = 1000
_NAME_CHARS_MAX: Final = 256
_PLAIN: Final = re.compile(r"[A-Za-z0-9._:/@*+-]+", re.ASCII)


class Question(NamedTuple):
    """What was asked."""

    operation: Operation
    resource_type: ResourceType
    name: str


class Audit:
    """Writes decisions down.

    Args:
        scheduler: Time.
        lines_per_second: Most lines of refusals in a second.
    """

    def __init__(self, scheduler: Scheduler, lines_per_second: int = LINES_PER_SECOND) -> None:
        self._scheduler = scheduler
        self._lines_per_second = lines_per_second
        self._window_ms = scheduler.monotonic_ms()
        self._lines = 0
        self._left_out = 0

    def takes_refusal(self) -> bool:
        """Whether one more refusal is written down; it is counted if not."""
        now_ms = self._scheduler.monotonic_ms()
        if now_ms - self._window_ms >= _WINDOW_MS:
            self._window_ms = now_ms
            self._lines = 0
        if self._lines < self._lines_per_second:
            self._lines += 1
            return True
        if not self._left_out:
            self._scheduler.call_later(_WINDOW_MS, self._tell_left_out)
        self._left_out += 1
        return False

    def _tell_left_out(self) -> None:
        count, self._left_out = self._left_out, 0
        audit_logger.info("refused %d more, which were not written down one by one", count)


def write(context: RequestContext, question: Question, decision: Decision | None) -> None:
    """Write a decision down; None stands for that on a super user."""
    if decision is None or decision.is_allowed:
        audit_logger.debug("allowed %s", line_of(context, question, decision))
    else:
        audit_logger.info("refused %s", line_of(context, question, decision))


def line_of(context: RequestContext, question: Question, decision: Decision | None) -> str:
    """Return what is written down of a decision."""
    connection = context.connection
    return (
        f"principal={quoted(str(context.principal))} host={quoted(connection.peer_host)} "
        f"operation={question.operation.name} "
        f"resource={question.resource_type.name}:{quoted(question.name)} "
        f"api={context.api_key.name} version={context.version} "
        f"listener={quoted(connection.listener_name)} "
        f"client={quoted(context.client_id or '')} rule={_rule(decision)}"
    )


def _rule(decision: Decision | None) -> str:
    if decision is None:
        return "super.users"
    acl = decision.rule
    if acl is None:
        return "none"
    verb = "allow" if acl.permission_type == ALLOW else "deny"
    pattern = "prefix" if acl.pattern_type == PREFIXED else "name"
    return (
        f"{verb}:{Operation(acl.operation).name}:{pattern}:{quoted(acl.resource_name)}"
        f":{quoted(acl.principal)}@{quoted(acl.host)}"
    )


def quoted(text: str) -> str:
    """Return a name as it stands in a line: one word, or quoted and in ASCII, whatever it holds.

    Example:
        >>> quoted("User:alice"), quoted("CN=Al Ice"), quoted("")
        ('User:alice', '"CN=Al Ice"', '""')
    """
    if len(text) > _NAME_CHARS_MAX:
        text = text[:_NAME_CHARS_MAX] + "..."
    return text if _PLAIN.fullmatch(text) else json.dumps(text).replace("\x7f", "\\u007f")
