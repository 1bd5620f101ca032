"""When the expressions of a group are resolved: how members' subscriptions follow the topics.

A new expression is resolved as soon as a member brings it; all of a group's are resolved again when
there are other topics than last time, though not more often than `REFRESH_MIN_MS`, and after the
refresh interval in any case. That happens in slices between other requests, and ends in records.
Invariant: a group has at most one resolution under way; what it finds is applied by its records,
and raises the group's epoch only if an expression stands for other topics than before.
Neighbours: `regex` resolves; `consumer_heartbeat` asks with every heartbeat.
"""

from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from logcore.coordinator.group import consumer_records
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_step import Step
from logcore.coordinator.group.context import MayDescribe, ShardContext
from logcore.coordinator.group.subscription import ResolvedRegex
from logcore.coordinator.group.target import metadata_hash
from logcore.coordinator.result import NOTHING, CoordinatorRecord, CoordinatorResult, deciding

if TYPE_CHECKING:
    from logcore.coordinator.group.regex import Resolution

REFRESH_MIN_MS: Final = 10_000
"""How long to wait before looking for new topics again."""

_NAME = "consumer-regex"


class RegexChange(Enum):
    """What a heartbeat did to a member's expression."""

    NONE = auto()
    UNRESOLVED = auto()
    """It is another one, whose topics are not known yet."""
    RESOLVED = auto()
    """It is another one, or none any more, and its topics are known."""


class ConsumerRegexes:
    """Resolves the expressions of a shard's groups.

    Args:
        context: The shard's groups, timers and topics.
    """

    def __init__(self, context: ShardContext) -> None:
        self._context = context

    def note(self, change: Step, may_describe: MayDescribe) -> RegexChange:
        """Note a member's expression, and resolve the group's if it is time to.

        Raises:
            InvalidRegularExpressionError: If the member's new expression is none.
        """
        group = change.group
        noted = self._note_member(change)
        regexes = set(group.regex_counts)
        if (
            change.before.regex
            and not change.is_new
            and group.regex_counts[change.before.regex] == 1
        ):
            regexes.discard(change.before.regex)
        if change.after.regex:
            regexes.add(change.after.regex)
        if regexes and not group.refreshing and self._is_due(group, regexes):
            begin = partial(self._begin, group.group_id, frozenset(regexes), may_describe)
            change.actions.append(begin)
        return noted

    def _note_member(self, change: Step) -> RegexChange:
        """Write down that an expression is no longer used; check one that is new to the group."""
        group, old, new = change.group, change.before.regex, change.after.regex
        if old == new:
            return RegexChange.NONE
        if old and group.regex_counts[old] == 1:
            change.records.append(consumer_records.regex_tombstone(group.group_id, old))
        if not new:
            return RegexChange.RESOLVED
        if new not in group.regex_counts:
            from logcore.coordinator.group.regex import check  # noqa: PLC0415 - few need it

            check(new)
        return RegexChange.RESOLVED if new in group.resolved else RegexChange.UNRESOLVED

    def _is_due(self, group: ConsumerGroup, regexes: set[str]) -> bool:
        if regexes - group.resolved.keys():
            return True
        now_ms = self._context.clock.now_ms()
        last_ms = max(group.resolved[regex].timestamp_ms for regex in regexes)
        if now_ms <= last_ms + REFRESH_MIN_MS:
            return False
        if group.resolved_topics is not self._context.topics().topics_by_name:
            return True
        interval_ms = self._context.settings.group_consumer_regex_refresh_interval_ms
        return now_ms > last_ms + interval_ms

    # ------------------------------------------------------------ resolving

    def _begin(self, group_id: str, regexes: frozenset[str], may_describe: MayDescribe) -> None:
        group = self._group(group_id)
        if group is None or group.refreshing:
            return
        group.refreshing = True
        topics = self._context.topics()
        group.resolved_topics = topics.topics_by_name
        from logcore.coordinator.group.regex import Resolution  # noqa: PLC0415

        resolution = Resolution(regexes, topics.topics_by_name, may_describe)
        self._schedule(group_id, resolution)

    def _schedule(self, group_id: str, resolution: "Resolution") -> None:
        self._context.timers.schedule(
            group_id, _NAME, 0, partial(self._go_on, group_id, resolution)
        )

    def _go_on(self, group_id: str, resolution: "Resolution") -> CoordinatorResult[Any]:
        group = self._group(group_id)
        if group is None:
            return NOTHING
        group.refreshing = False  # also if something goes wrong: the next heartbeat tries again
        is_over = resolution.go_on()
        if is_over:
            return self._finish(group, resolution.found)
        group.refreshing = True
        self._schedule(group_id, resolution)
        return NOTHING

    def _group(self, group_id: str) -> ConsumerGroup | None:
        group = self._context.state.groups.get(group_id)
        return group if isinstance(group, ConsumerGroup) else None

    def _finish(
        self, group: ConsumerGroup, found: dict[str, frozenset[str]]
    ) -> CoordinatorResult[Any]:
        """Write down what was found."""
        topics = self._context.topics()
        now_ms = self._context.clock.now_ms()
        records: list[CoordinatorRecord] = []
        resolved = dict(group.resolved)
        has_changed = False
        for regex, names in found.items():
            if regex not in group.regex_counts:
                continue  # nobody wants it any more
            has_changed = has_changed or _changes(group, regex, names)
            resolved[regex] = ResolvedRegex(names, self._version(), now_ms)
            written = consumer_records.resolved_regex(group.group_id, regex, resolved[regex])
            records.append(written)
        known = [resolved[regex].topics for regex in group.regex_counts if regex in resolved]
        new_hash = metadata_hash(set(group.topic_counts).union(*known), topics)
        if has_changed or new_hash != group.metadata_hash:
            epoch = group.epoch + 1
            records.append(consumer_records.group_epoch(group.group_id, epoch, new_hash))
        return deciding(records, None, [])

    def _version(self) -> int:
        """Return the number of the topics as they are: the offset of their metadata."""
        return int(getattr(self._context.topics(), "offset", 0))


def _changes(group: ConsumerGroup, regex: str, names: frozenset[str]) -> bool:
    """Whether what an expression stands for changes what members are to have.

    Apache Kafka looks at the names only. Then a member whose new expression matches nothing keeps
    as its target what the one before gave it, and those partitions are read by nobody.
    """
    before = group.resolved.get(regex)
    if before is not None or names:
        return before is None or before.topics != names
    members = group.members.values()
    return any(group.targets.get(each.member_id) for each in members if each.regex == regex)
