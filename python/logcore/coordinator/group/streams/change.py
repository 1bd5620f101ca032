"""One heartbeat's changes to a streams group, on their way into records.

Note what the member says, take over the topology of a new group, find out what it needs of the
topics, raise the group's epoch if anything of that is new, compute the target, and move the member
a step towards it.
Invariant: the group itself is not touched; what was decided is in `records`, `after` and the epochs
until the records are replayed, and what is soft is changed by `actions` after that.
Neighbours: `heartbeat` makes one per request.
"""

import logging
from collections.abc import Callable
from typing import Final

from logcore.common.errors import InvalidRequestError, UnknownServerError
from logcore.coordinator.group.context import ShardContext
from logcore.coordinator.group.streams import records
from logcore.coordinator.group.streams.configured import (
    ConfiguredTopology,
    StatusCode,
    configure,
)
from logcore.coordinator.group.streams.group import StreamsGroup
from logcore.coordinator.group.streams.member import StreamsMember
from logcore.coordinator.group.streams.reconcile import Target, step
from logcore.coordinator.group.streams.target import STANDBY_COUNT, compute_targets
from logcore.coordinator.group.streams.tasks import NOTHING_TO_RUN, Tasks
from logcore.coordinator.group.streams.topology import Topology, topology_of
from logcore.coordinator.group.target import metadata_hash
from logcore.coordinator.result import CoordinatorRecord
from logcore.protocol.messages import streams_group_heartbeat as messages

logger = logging.getLogger(__name__)

ASSIGNMENT_INTERVAL: Final = "streams.assignment.interval.ms"
"""The key that says how long a group's targets stand at least."""
STANDBY_REPLICAS: Final = "streams.num.standby.replicas"
"""The key that says how many standbys each task with state has."""


class Change:
    """The changes that one heartbeat makes.

    Args:
        context: The shard.
        group: The group, as it is; not in the shard yet if it is new.
        before: The member as it was.
        after: The member with what the request says.
        written: Records that come before all others.

    Attributes:
        records: What was decided.
        after: The member, as it is next.
        topology: What the group runs.
        configured: That, over the topics as they are now.
        actions: What to do once the records are replayed.
        statuses: What the member is told of the group's condition.
    """

    configured: ConfiguredTopology
    topology: Topology

    def __init__(
        self,
        context: ShardContext,
        group: StreamsGroup,
        before: StreamsMember,
        after: StreamsMember,
        written: list[CoordinatorRecord],
    ) -> None:
        self._context = context
        self._group = group
        self._is_due = False
        self._metadata_hash = group.metadata_hash
        self._configs = group.configs
        self._epoch = group.epoch
        self._target = Target(group.target_epoch, group.target_of(after.member_id))
        self.before = before
        self.after = after
        self.records = written
        self.actions: list[Callable[[], object]] = []
        self.statuses: list[messages.Status] = []

    def tell(self, code: StatusCode, detail: str) -> None:
        """Add to what the member is told of the group's condition."""
        self.statuses.append(messages.Status(status_code=int(code), status_detail=detail))

    # ------------------------------------------------------------ what the member says

    def note_member(self) -> None:
        """Write down what the member says, if that is new."""
        is_known = self.after.member_id in self._group.members
        if not is_known or self.after != self.before:
            self.records.append(records.member_metadata(self._group.group_id, self.after))
            self._is_due = True

    def note_topology(self, told: messages.Topology | None) -> None:
        """Take the topology over if the group has none.

        Raises:
            InvalidRequestError: If it is another one than the group's, and not an older one.
            StreamsInvalidTopologyError: If it contradicts itself.
        """
        present = self._group.topology
        if present is not None:
            self.topology = present
            if self.after.topology_epoch < present.epoch:
                self.tell(
                    StatusCode.STALE_TOPOLOGY,
                    f"The member's topology epoch {self.after.topology_epoch} is behind "
                    f"the group's topology epoch {present.epoch}.",
                )
            is_current = told is not None and told.epoch >= present.epoch
            if told is not None and is_current and not present.is_same_as(topology_of(told)):
                raise InvalidRequestError("Topology updates are not supported yet.")
        elif told is not None:
            self.topology = topology_of(told)
            value = self.topology.value
            self.records.append(records.topology(self._group.group_id, value))
        else:
            raise UnknownServerError("the records of the group's topology are missing")

    # ------------------------------------------------------------ topics, settings and epoch

    def configure(self) -> None:
        """Find out what the topology needs, if its topics are others than before.

        Raises:
            StreamsInvalidTopologyError: If no topics whatever would do.
        """
        group, topics = self._group, self._context.topics()
        configured = group.configured
        if configured is None or group.seen_topics is not topics.topics_by_name:
            self._metadata_hash = metadata_hash(self.topology.required_topics, topics)
            has_changed = self._metadata_hash != group.metadata_hash
            self._is_due = self._is_due or has_changed
            if configured is None or has_changed or group.topology is None:
                configured = configure(self.topology, topics)
                self._log_problem(configured)
            found = configured
            self.actions.append(lambda: self._keep(found, topics.topics_by_name))
        self.configured = configured

    def _log_problem(self, configured: ConfiguredTopology) -> None:
        if configured.problem is not None:
            group_id = self._group.group_id
            logger.info("streams group %s cannot run: %s", group_id, configured.problem.detail)

    def _keep(self, configured: ConfiguredTopology, topics_by_name: object) -> None:
        group = self._context.state.groups.get(self._group.group_id)
        if isinstance(group, StreamsGroup):
            group.configured = configured
            group.seen_topics = topics_by_name

    def update_epoch(self) -> None:
        """Raise the group's epoch if anything that targets depend on is new."""
        group = self._group
        validated = self.topology.epoch if self.configured.is_ready else -1
        standby_count = self._context.group_config(group.group_id)[STANDBY_REPLICAS]
        self._configs = {STANDBY_COUNT: str(standby_count)}
        is_new = validated != group.validated_topology_epoch or self._configs != group.configs
        if not self._is_due and not is_new:
            return
        self._epoch += 1
        self.records.append(
            records.group_epoch(
                group.group_id,
                self._epoch,
                metadata_hash=self._metadata_hash,
                validated_topology_epoch=validated,
                configs=self._configs,
            )
        )

    # ------------------------------------------------------------ target

    def delay_target(self) -> None:
        """Give the member nothing yet: the group waits for more members."""
        self._target = Target(self._group.target_epoch, NOTHING_TO_RUN)
        self.tell(
            StatusCode.ASSIGNMENT_DELAYED,
            "Assignment delayed due to the configured initial rebalance delay.",
        )

    def update_target(self) -> None:
        """Compute the target of a new epoch, unless the last one is too young."""
        group = self._group
        if self._epoch <= group.target_epoch:
            return
        now_ms = self._context.clock.now_ms()
        if not self._may_compute(now_ms):
            self.tell(
                StatusCode.ASSIGNMENT_DELAYED,
                "Assignment delayed due to the configured assignment interval.",
            )
            return
        members = {**group.members, self.after.member_id: self.after}
        made = compute_targets(members, group.targets, self.configured, self._configs)
        logger.debug("streams group %s: target of epoch %d", group.group_id, self._epoch)
        self.records.extend(
            records.target_assignment(group.group_id, member_id, made.tasks[member_id])
            for member_id in made.changed
        )
        self.records.append(records.target_epoch(group.group_id, self._epoch, now_ms))
        self._target = Target(self._epoch, made.tasks[self.after.member_id])

    def _may_compute(self, now_ms: int) -> bool:
        """Whether targets that were computed have stood long enough."""
        computed_ms = self._group.target_timestamp_ms
        interval_ms = int(self._context.group_config(self._group.group_id)[ASSIGNMENT_INTERVAL])
        return computed_ms == 0 or interval_ms == 0 or now_ms >= computed_ms + interval_ms

    # ------------------------------------------------------------ reconciliation

    def reconcile(self, reported: Tasks | None) -> bool:
        """Move the member towards its target; return whether that changed anything.

        Raises:
            FencedMemberEpochError: If it has to start over.
        """
        member = self.after
        self.after = step(member, self._target, self._group.holdings, reported)
        if self.after is member:
            return False
        self.records.append(records.current_assignment(self._group.group_id, self.after))
        return True
