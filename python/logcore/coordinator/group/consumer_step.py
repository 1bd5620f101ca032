"""One request's changes to a consumer group, on their way into records.

What a heartbeat and a JoinGroup of the classic protocol have in common: note what the member says,
raise the group's epoch if subscriptions or topics changed, compute the target for it, and move the
member a step towards it.
Invariant: the group itself is not touched; what the step decided is in `records`, `after` and the
epochs until the records are replayed.
Neighbours: `consumer_heartbeat` and `consumer_classic` make one per request.
"""

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from logcore.coordinator.group import consumer_records
from logcore.coordinator.group.assignors import NO_PARTITIONS, Assignment
from logcore.coordinator.group.assignors_offered import choose
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.consumer_member import ConsumerMember
from logcore.coordinator.group.consumer_reconcile import Reported, Target, step
from logcore.coordinator.group.context import ShardContext
from logcore.coordinator.group.modern_group import decrease
from logcore.coordinator.group.target import compute_targets, metadata_hash, subscription, topic_ids
from logcore.coordinator.result import CoordinatorRecord, CoordinatorResult, deciding

logger = logging.getLogger(__name__)

R = TypeVar("R")

ASSIGNMENT_INTERVAL: Final = "consumer.assignment.interval.ms"
"""The key that says how long a group's targets stand at least."""


class Step:
    """The changes that one member's request makes.

    Args:
        context: The shard.
        group: The group, as it is or as records before make it.
        before: The member as it was; one that is not in the group yet has epoch 0 and nothing else.
        after: The member with what the request says.
        records: What was decided before; the step goes on with it.

    Attributes:
        epoch: The group's epoch, raised or not.
        target_epoch: The epoch of the target.
        target: The member's part of it.
        actions: What to do once the records are replayed.
    """

    def __init__(
        self,
        context: ShardContext,
        group: ConsumerGroup,
        before: ConsumerMember,
        after: ConsumerMember,
        records: list[CoordinatorRecord],
    ) -> None:
        self.context = context
        self.group = group
        self.before = before
        self.after = after
        self.records = records
        self.epoch = group.epoch
        self.target_epoch = group.target_epoch
        self.target: Assignment = group.target_of(after)
        self.actions: list[Callable[[], object]] = []

    @property
    def group_id(self) -> str:
        """The group's name."""
        return self.group.group_id

    @property
    def is_new(self) -> bool:
        """Whether the member is not in the group yet."""
        return self.after.member_id not in self.group.members

    def note_member(self) -> bool:
        """Write down what the member says, if that is new; return whether it names other topics."""
        if not self.is_new and self.after == self.before:
            return False
        self.records.append(consumer_records.member_metadata(self.group_id, self.after))
        return self.after.topics != self.before.topics

    # ------------------------------------------------------------ epoch and target

    def update_epoch(self, *, is_due: bool) -> None:
        """Raise the group's epoch if it is due, or if the topics are other than before."""
        topics = self.context.topics()
        group = self.group
        if not is_due and group.seen_topics is topics.topics_by_name:
            return
        new_hash = metadata_hash(self._subscribed_topics(), topics)
        if is_due or new_hash != group.metadata_hash:
            self.epoch += 1
            self.records.append(consumer_records.group_epoch(self.group_id, self.epoch, new_hash))
            if group.has_partition_metadata:
                removed = consumer_records.partition_metadata_tombstone(self.group_id)
                self.records.append(removed)
        self.actions.append(lambda: self._note_topics(topics.topics_by_name))

    def _note_topics(self, topics_by_name: object) -> None:
        group = self.context.state.groups.get(self.group_id)
        if isinstance(group, ConsumerGroup):
            group.seen_topics = topics_by_name

    def _subscribed_topics(self) -> set[str]:
        """Return the topics of all members, as they are with this step."""
        names = self.group.topic_counts.copy()
        regexes = self.group.regex_counts.copy()
        if not self.is_new:
            decrease(names, self.before.topics)
            decrease(regexes, [self.before.regex] if self.before.regex else ())
        found = [
            self.group.resolved[regex].topics
            for regex in {*regexes, self.after.regex}
            if regex in self.group.resolved
        ]
        return set(names).union(self.after.topics, *found)

    def update_target(self) -> None:
        """Compute the target of a new epoch, unless the last one is too young."""
        group, after = self.group, self.after
        now_ms = self.context.clock.now_ms()
        if self.epoch <= group.target_epoch or not self._may_compute(now_ms):
            return
        members = {**group.members, after.member_id: after}
        counts = group.assignor_counts.copy()
        if not self.is_new and self.before.assignor is not None:
            decrease(counts, [self.before.assignor])
        if after.assignor is not None:
            counts[after.assignor] += 1
        assignor = choose(counts, self.context.settings.group_consumer_assignors)
        topics = self.context.topics()
        made = compute_targets(members, group.targets, group.resolved, topics, assignor)
        logger.debug("group %s: %s target of epoch %d", self.group_id, assignor.name, self.epoch)
        self.records.extend(
            consumer_records.target_assignments(self.group_id, made.assignments, made.changed)
        )
        self.records.append(consumer_records.target_epoch(self.group_id, self.epoch, now_ms))
        self.target_epoch = self.epoch
        self.target = made.assignments.get(after.member_id, NO_PARTITIONS)

    def _may_compute(self, now_ms: int) -> bool:
        """Whether targets that were computed have stood long enough."""
        computed_ms = self.group.target_timestamp_ms
        if computed_ms == 0:
            return True
        interval_ms = int(self.context.group_config(self.group_id)[ASSIGNMENT_INTERVAL])
        return interval_ms == 0 or now_ms >= computed_ms + interval_ms

    # ------------------------------------------------------------ reconciliation

    def reconcile(self, reported: Reported | None, *, has_new_subscription: bool) -> bool:
        """Move the member towards its target; return whether that changed anything."""
        member = self.after
        if not has_new_subscription and member.has_reached(self.target_epoch):
            return False
        names = subscription(member, self.group.resolved)
        target = Target(self.target_epoch, self.target, topic_ids(names, self.context.topics()))
        self.after = step(
            member,
            target,
            self.group.is_owned,
            reported,
            has_new_subscription=has_new_subscription,
        )
        if self.after is member:
            return False
        self.records.append(consumer_records.current_assignment(self.group_id, self.after))
        return True

    # ------------------------------------------------------------ result

    def result(self, response: R) -> CoordinatorResult[R]:
        """Return what was decided."""
        return deciding(self.records, response, self.actions)
