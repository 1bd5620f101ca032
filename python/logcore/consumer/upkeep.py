"""What a consumer does between two hand-outs: rebalances, positions, commits, errors.

Invariants: it begins only inside of a call of the user's, so that whatever was handed out before
has been processed: its positions may be committed, and partitions may be given up. A change of
partitions that was begun is finished, though that call be cancelled; nothing is handed out before.
Neighbours: `async_consumer` runs this; memberships change partitions through it; `telling` has the
listener; `committing` and `offset_store` keep offsets, `offset_lookup` finds them.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Collection

from logcore.client.cluster import Cluster
from logcore.client.cluster_view import ClusterView
from logcore.client.positions import GroupFacts, Offsets, TopicPartition
from logcore.common.clock import SystemClock
from logcore.common.errors import LogcoreError, NoOffsetForPartitionError
from logcore.consumer.classic_membership import ClassicMembership
from logcore.consumer.committing import Commits
from logcore.consumer.config import ConsumerSettings
from logcore.consumer.coordination import GroupCoordinator
from logcore.consumer.fetcher import Fetcher
from logcore.consumer.membership import Membership
from logcore.consumer.modern_membership import ModernMembership
from logcore.consumer.offset_lookup import look_up
from logcore.consumer.offset_store import OffsetStore
from logcore.consumer.reset import ResetTo
from logcore.consumer.subscription import PartitionState, Subscription
from logcore.consumer.telling import Telling

logger = logging.getLogger(__name__)


class Upkeep:
    """The upkeep of one consumer.

    Args:
        cluster: The cluster.
        settings: The consumer's settings.
        subscription: What is read.
        fetcher: What fetches it.
        arrived: Called when the user should look.
        telling: Tells the listener of changes.

    Attributes:
        commits: What commits offsets, if there is a group.
    """

    def __init__(
        self,
        cluster: Cluster,
        settings: ConsumerSettings,
        subscription: Subscription,
        fetcher: Fetcher,
        arrived: Callable[[], object],
        telling: Telling,
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._subscription = subscription
        self._fetcher = fetcher
        self._arrived = arrived
        self._telling = telling
        self._now_ms = SystemClock().monotonic_ms
        self._wall_ms = SystemClock().now_ms
        self._timeout_s = settings.integer("default.api.timeout.ms") / 1000
        self._isolation = 1 if settings.is_committed_only else 0
        self._commits_itself = settings.commits_itself
        self._interval_ms = settings.integer("auto.commit.interval.ms")
        self._commit_at_ms = self._now_ms() + self._interval_ms
        self._positioning: asyncio.Task[None] | None = None
        self._membership: Membership | None = None
        self._stepping: asyncio.Task[None] | None = None
        self._has_news = False
        self._polled_ms = self._now_ms()
        self._between_ms = cluster.metrics.average("time-between-poll", "time between polls, in ms")
        cluster.metrics.gauge(
            "last-poll-seconds-ago",
            "Seconds since the program asked for records",
            lambda: (self._now_ms() - self._polled_ms) / 1000,
        )
        self._excludes_internal = settings.flag("exclude.internal.topics")
        group_id = settings.group_id
        self._coordinator = None if group_id is None else GroupCoordinator(cluster, group_id)
        self._store: OffsetStore | None = None
        self.commits: Commits | None = None
        if self._coordinator is not None:
            store = self._store = OffsetStore(cluster, self._coordinator, self._timeout_s)
            self.commits = Commits(cluster, store, lambda: self.facts, self.owned, self._timeout_s)
        cluster.watch(self._look)
        fetcher.on_reset = self.news

    # ------------------------------------------------------------ turns

    @property
    def is_due(self) -> bool:
        """Whether `run` has something to do; from any thread. It also notes that the user polls."""
        now_ms = self._now_ms()
        self._between_ms.record(now_ms - self._polled_ms)
        self._polled_ms = now_ms
        if self._membership is not None:
            self._membership.polled = now_ms / 1000
        return self.has_news or (self._commits_itself and now_ms >= self._commit_at_ms)

    @property
    def has_news(self) -> bool:
        """Whether something has come that `run` should not wait for; from any thread."""
        return self._has_news or bool(self._fetcher.errors) or self._has_steps

    @property
    def _has_steps(self) -> bool:
        """Whether partitions are to change hands, or there is something to tell of it."""
        if self._telling.is_here:
            return False  # before the listener is back
        is_due = self._membership is not None and self._membership.is_due
        return is_due or self._stepping is not None or self._telling.has_raised

    async def run(self) -> None:
        """Do what is due.

        Raises:
            LogcoreError: What only the user can mend.
            Exception: What a listener raised.
        """
        self._has_news = False
        if self._subscription.pattern is not None:
            self._follow(self._subscription.pattern)
        is_told = self._telling.is_here
        if not is_told:
            await self._step()
        if self._commits_itself and self._now_ms() >= self._commit_at_ms:
            self._commit_soon()
        self._find_positions()
        if not is_told:
            self._telling.raise_first()
        if self._fetcher.errors:
            raise self._fetcher.errors.pop(0)

    async def _step(self) -> None:
        """Have partitions change hands, in a task: whoever is cancelled here only stops waiting."""
        if self._stepping is None and self._membership is not None:
            self._stepping = self._cluster.loop.create_task(self._membership.step(self))
        task = self._stepping
        if task is None:
            return
        await asyncio.wait((task,))
        if self._stepping is task:  # nobody else has seen its end
            self._stepping = None
            if not task.cancelled():
                task.result()

    def news(self) -> None:
        """Have `run` look at positions soon; on the loop's thread."""
        self._has_news = True
        self._arrived()

    def _look(self, view: ClusterView) -> None:
        if self._subscription.pattern is not None:
            matched = self._matching(view, self._subscription.pattern)
            if matched != self._subscription.topics:
                self.news()
        self._fetcher.wake()

    # ------------------------------------------------------------ membership

    def subscribe(self) -> None:
        """Become a member that wants what the subscription says.

        Raises:
            ConfigError: Without ``group.id``.
        """
        self._settings.need_group("subscribe()")
        if self._membership is None:
            assert self._coordinator is not None, "there is a group"
            is_modern = self._settings.text("group.protocol") == "consumer"
            kind = ModernMembership if is_modern else ClassicMembership
            self._membership = kind(self._cluster, self._settings, self._coordinator, self._arrived)
        if self._subscription.pattern is None:
            self._cluster.track(self._subscription.topics)
            self._membership.subscribe(self._subscription.topics)
        else:
            self._cluster.track_all()
            self._cluster.request_refresh()
            self.news()

    def _follow(self, pattern: "re.Pattern[str]") -> None:
        """Subscribe to the topics that match now."""
        matched = self._matching(self._cluster.view, pattern)
        self._subscription.topics = matched
        if self._membership is not None and matched:
            self._membership.subscribe(matched)

    def _matching(self, view: ClusterView, pattern: "re.Pattern[str]") -> frozenset[str]:
        return frozenset(
            name
            for name, topic in view.topics.items()
            if pattern.match(name) and not (topic.is_internal and self._excludes_internal)
        )

    async def unsubscribe(self) -> None:
        """Give everything up, and leave the group.

        Raises:
            Exception: What a listener raised.
        """
        await self._settle()
        if self._membership is not None:
            membership = self._membership
            if not self._telling.is_here:
                await self._end_step()
            await self.revoke(self.owned())
            await self._settle()  # what a listener began
            self._membership = None
            await membership.leave()
        else:
            await self._commit_last(self._subscription.positions())
        self._subscription.clear()
        self._cluster.track_all(wanted=False)
        if not self._telling.is_here:
            self._telling.raise_first()

    async def _end_step(self) -> None:
        """Wait for a change that is under way; how it ends does not matter any more."""
        try:
            if self._stepping is not None:
                await self._step()
        except LogcoreError as error:
            logger.debug("before the end: %s", error)

    async def _settle(self) -> None:
        if self.commits is not None:
            await self.commits.settle()

    @property
    def facts(self) -> GroupFacts:
        """Who the consumer is in its group.

        Raises:
            ConfigError: Without ``group.id``.
        """
        if self._membership is not None:
            return self._membership.facts
        return GroupFacts(self._settings.need_group("group_facts()"))

    def labels(self) -> dict[str, str]:
        """Return what tells the consumer from others, for metrics that are pushed."""
        facts = self.facts if self._coordinator is not None else GroupFacts("")
        told = {
            "client_rack": self._settings.text("client.rack"),
            "group_id": facts.group_id,
            "group_instance_id": facts.instance_id,
            "group_member_id": facts.member_id,
        }
        return {name: value for name, value in told.items() if value}

    def owned(self) -> list[TopicPartition]:
        """Return the partitions that are assigned now."""
        return list(self._subscription.partitions)

    async def revoke(self, places: Collection[TopicPartition]) -> None:
        """Commit, tell the listener, and give partitions up."""
        if not places:
            return
        positions = self._subscription.positions()
        try:
            await self._commit_last({p: at for p, at in positions.items() if p in places})
            await self._telling.tell("revoked", places)
        finally:
            self._drop(places)

    async def lose(self, places: Collection[TopicPartition]) -> None:
        """Tell the listener that partitions are gone already."""
        if not places:
            return
        try:
            await self._telling.tell("lost", places)
        finally:
            self._drop(places)

    def _drop(self, places: Collection[TopicPartition]) -> None:
        gone = set(places)
        self._subscription.replace([p for p in self._subscription.partitions if p not in gone])

    async def receive(self, places: Collection[TopicPartition]) -> None:
        """Take partitions, and tell the listener."""
        if not places:
            return
        self._cluster.track({place.topic for place in places})
        self._subscription.replace([*self._subscription.partitions, *places])
        await self._telling.tell("assigned", places)
        self._find_positions()

    # ------------------------------------------------------------ positions

    def _find_positions(self) -> None:
        """Begin to look for positions that are missing, and fetch where they are known."""
        missing = self._subscription.without_position()
        if missing and (self._positioning is None or self._positioning.done()):
            self._positioning = self._cluster.loop.create_task(self._position(missing))
        self._fetcher.wake()

    async def _position(self, missing: list[PartitionState]) -> None:
        versions = [(state, state.version) for state in missing]
        try:
            await self._position_from_group(versions)
            await self._position_by_time(versions)
        except LogcoreError as error:
            if not getattr(error, "retriable", False):
                self._fetcher.errors.append(error)
            await asyncio.sleep(self._cluster.backoff.wait_ms(1) / 1000)
        if self._subscription.without_position():
            self.news()
        else:
            self._arrived()
        self._fetcher.wake()

    async def _position_from_group(self, versions: list[tuple[PartitionState, int]]) -> None:
        """Take committed offsets as positions; what has none is looked for by time."""
        wanted = [state.place for state, _ in versions if state.reset_to is None]
        if not wanted:
            return
        committed = {}
        if self._store is not None:
            committed = await self._store.fetch(wanted, self.facts)
        reset = self._settings.reset
        without: list[TopicPartition] = []
        for state, version in versions:
            if state.version != version or state.reset_to is not None:
                continue
            known = committed.get(state.place)
            if known is not None:
                state.fetch_offset = known.offset
            elif reset is None:
                without.append(state.place)
            else:
                state.reset_to = reset
        if without:
            listed = ", ".join(f"{topic}-{number}" for topic, number in without)
            raise NoOffsetForPartitionError(
                f"no committed offset for {listed}, and auto.offset.reset is none",
                partitions=tuple(without),
            )

    async def _position_by_time(self, versions: list[tuple[PartitionState, int]]) -> None:
        """Look for positions where a reset says."""
        now_ms = self._wall_ms()
        wanted: dict[TopicPartition, ResetTo] = {
            state.place: state.reset_to
            for state, version in versions
            if state.version == version and state.reset_to is not None
        }
        if not wanted:
            return
        times = {place: reset.at(now_ms) for place, reset in wanted.items()}
        found = await look_up(self._cluster, times, self._isolation, self._timeout_s)
        behind = {place: -1 for place, offset in found.items() if offset is None}
        if behind:  # nothing so new: from the end
            found |= await look_up(self._cluster, behind, self._isolation, self._timeout_s)
        for state, version in versions:
            offset = found.get(state.place)
            if state.version == version and state.reset_to is not None and offset is not None:
                state.fetch_offset = offset.offset
                state.reset_to = None

    # ------------------------------------------------------------ commits

    def store(self) -> OffsetStore:
        """Return where offsets are kept.

        Raises:
            ConfigError: Without ``group.id``.
        """
        self._settings.need_group("committing offsets")
        assert self._store is not None, "there is a group"
        return self._store

    async def commit(self, offsets: Offsets) -> None:
        """Commit offsets.

        Raises:
            ConfigError: Without ``group.id``.
            CommitFailedError: If the group gave the partitions to others.
            KafkaError, ClientTimeoutError: If it is not done otherwise.
        """
        await self._group_commits().commit(offsets, is_member=self._membership is not None)

    def commit_async(self, offsets: Offsets) -> "asyncio.Task[None]":
        """Begin to commit offsets.

        Raises:
            ConfigError: Without ``group.id``.
        """
        return self._group_commits().commit_async(offsets, is_member=self._membership is not None)

    def _group_commits(self) -> Commits:
        self.store()
        assert self.commits is not None, "there is a group"
        return self.commits

    def _commit_soon(self) -> None:
        """Commit positions, and do not wait for it."""
        self._commit_at_ms = self._now_ms() + self._interval_ms
        if self.commits is not None:
            positions = self._subscription.positions()
            self.commits.commit_soon(positions, is_member=self._membership is not None)

    async def _commit_last(self, positions: dict[TopicPartition, int]) -> None:
        """Commit what will not be committed any more otherwise, if that is done by itself."""
        if self._commits_itself and self.commits is not None:
            self.commits.stop()
            is_member = self._membership is not None
            await self.commits.commit_quietly(positions, is_member=is_member)

    async def close(self) -> None:
        """Commit, and leave the group."""
        if self._positioning is not None:
            self._positioning.cancel()
        try:
            await self.unsubscribe()
        finally:
            if self.commits is not None:
                self.commits.stop()

    def abandon(self) -> None:
        """Have nothing go on that a call began."""
        if self._stepping is not None and not self._telling.is_here:
            self._stepping.cancel()
