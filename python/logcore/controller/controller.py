"""The controller: has decisions made durable, and shows the metadata that results.

A request is decided at once, on the metadata as it will be when everything proposed so far is
committed; its response waits until its own records are. Invariants: `image` holds committed records
only; subscribers hear of each change once, in order, before the response leaves; a decision that
needs no record is answered only after those it was built upon are committed; one that cannot be
proposed leaves no trace.
Neighbours: the pure modules of this room decide; `proposals` says what can be proposed, and
`metadata_log` makes it durable; the broker's handlers ask, `replication` and the caches subscribe.
"""

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from logcore.common.deferred import Deferred
from logcore.common.errors import (
    InvalidRequestError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicDeletionDisabledError,
    error_for_code,
)
from logcore.common.uuids import random_uuid
from logcore.controller import (
    acls,
    elections,
    features,
    partitions,
    reassignments,
    registration,
    topics,
)
from logcore.controller.client_quotas import (
    Alteration,
    Entity,
    decide_alterations,
    refuse_alterations,
)
from logcore.controller.configuration import (
    ConfigChange,
    ConfigOutcome,
    ConfigRules,
    decide_changes,
    refuse_outcomes,
)
from logcore.controller.image import BrokerImage, MetadataDelta, MetadataImage, TopicImage
from logcore.controller.metadata_log import Committed, SingleNodeLog
from logcore.controller.proposals import Framed, Refuse, framed, refuse_results
from logcore.controller.replay import ImageBuilder
from logcore.controller.topics import TopicCreation, TopicDefaults
from logcore.protocol.internal.metadata import ProducerIdsRecord
from logcore.protocol.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
)
from logcore.protocol.messages.create_acls import CreateAclsRequest, CreateAclsResponse
from logcore.protocol.messages.create_partitions import (
    CreatePartitionsRequest,
    CreatePartitionsResponse,
)
from logcore.protocol.messages.create_topics import (
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
    CreateTopicsResponse,
)
from logcore.protocol.messages.delete_acls import DeleteAclsRequest, DeleteAclsResponse
from logcore.protocol.messages.elect_leaders import ElectLeadersRequest, ElectLeadersResponse
from logcore.protocol.messages.list_partition_reassignments import (
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
)
from logcore.protocol.messages.update_features import UpdateFeaturesRequest, UpdateFeaturesResponse

logger = logging.getLogger(__name__)

R = TypeVar("R")

Subscriber: TypeAlias = Callable[[MetadataDelta], object]

PRODUCER_ID_BLOCK: Final = 1000
_DELETION_ERROR_FROM: Final = 3
"""Before this version of DeleteTopics there was no code for topics that may not be deleted."""


@dataclass(slots=True)
class _Step:
    """Records on their way, and what they will change."""

    delta: MetadataDelta
    committed: Deferred[int]


class Controller:
    """The metadata of the cluster, and every way to change it.

    Args:
        log: The metadata log, loaded.
        node_id: This node.
        rules: What may be set of resources.
        defaults: What holds for topics where a request does not say.
        new_id: Makes ids of topics.

    Attributes:
        image: The metadata as committed.
    """

    def __init__(
        self,
        log: SingleNodeLog,
        node_id: int,
        rules: ConfigRules,
        defaults: Callable[[], TopicDefaults] = TopicDefaults,
        new_id: Callable[[], bytes] = random_uuid,
    ) -> None:
        self.image: MetadataImage = log.loaded
        self.node_id = node_id
        self.log = log
        self._latest = self.image
        self._rules = rules
        self._defaults = defaults
        self._new_id = new_id
        self._steps: deque[_Step] = deque()
        self._subscribers: list[Subscriber] = []
        self._creating: dict[str, Deferred[TopicImage]] = {}
        log.tail(self._commit)

    @property
    def leader_epoch(self) -> int:
        """The epoch in which this node leads the metadata quorum."""
        return self.log.epoch

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call back with every change from now on, before anybody is told that it was made."""
        self._subscribers.append(subscriber)

    # ---- this node

    def start(
        self, broker: BrokerImage, *, initial_features: Mapping[str, int], was_killed: bool
    ) -> Deferred[int]:
        """Register this node, and in a new cluster put the first features in force.

        Args:
            broker: This node; its epoch is given here.
            initial_features: Levels for a cluster that has none yet.
            was_killed: Whether the last run ended without closing its logs. Then every partition
                gets a new leader epoch, by which consumers find out that records may be gone.

        Returns:
            The offset of the registration, when it is durable.
        """
        records = registration.decide_start(
            self._latest,
            broker,
            next_offset=self.log.next_offset,
            initial_features=initial_features,
            was_killed=was_killed,
        )
        return self._propose(records, framed(records))

    def leave(self) -> Deferred[None]:
        """Say that this node has stopped serving, where Apache Kafka may be the next to start.

        Its controller would else wait for the session of a broker that seems to be alive.

        Returns:
            When that is durable, or could not be made so: a stop goes on either way.
        """
        left: Deferred[None] = Deferred()
        records = registration.decide_leave(self._latest, self.node_id)
        if self.log.is_shared and self.log.failure is None and records:
            self._propose(records, framed(records)).then(lambda _: left.complete(None))
            return left
        return Deferred.of(None)

    def close(self) -> Deferred[None]:
        """Write a snapshot if that saves the next start some time; change nothing afterwards."""
        if self.log.failure is None and self.log.is_snapshot_worthwhile(self.image):
            return self.log.snapshot(self.image)
        return Deferred.of(None)

    # ---- topics

    def create_topics(
        self,
        request: CreateTopicsRequest,
        visible_configs: Collection[str] | None = None,
        charge: Callable[[int], object] = topics.free,
    ) -> Deferred[CreateTopicsResponse]:
        """Create topics.

        Args:
            request: Which ones.
            visible_configs: Names of topics whose settings the caller may see; None for all.
            charge: Charges for the partitions of a topic, or raises.

        Returns:
            The response.
        """
        creation = TopicCreation(
            self._latest, self._rules, self._defaults(), self._new_id, visible_configs, charge
        )
        records, response = topics.decide_creation(creation, request)
        return self._answer(records, response, topics.refuse)

    def ensure_topic(
        self,
        name: str,
        partitions: int = -1,
        replication_factor: int = -1,
        configs: Mapping[str, str] | None = None,
    ) -> Deferred[TopicImage]:
        """Return a topic, created if it is not there; -1 stands for the broker's default.

        Raises:
            KafkaError: In the Deferred, if it cannot be created.
        """
        asked = CreatableTopic(
            name=name,
            num_partitions=partitions,
            replication_factor=replication_factor,
            configs=[
                CreatableTopicConfig(name=key, value=value)
                for key, value in (configs or {}).items()
            ],
        )
        return self.ensure_topics([asked])[name]

    def ensure_topics(
        self, wanted: Sequence[CreatableTopic], charge: Callable[[int], object] = topics.free
    ) -> dict[str, Deferred[TopicImage]]:
        """Return topics by name; those that are not there are created together, and charged for.

        Raises:
            KafkaError: In the Deferred of a topic, if it cannot be created.
        """
        ensured: dict[str, Deferred[TopicImage]] = {}
        missing: list[CreatableTopic] = []
        for asked in wanted:
            topic = self.image.topics_by_name.get(asked.name)
            if topic is not None:
                ensured[asked.name] = Deferred.of(topic)
            elif asked.name in self._creating:
                ensured[asked.name] = self._creating[asked.name]
            else:
                ensured[asked.name] = self._creating[asked.name] = Deferred()
                missing.append(asked)
        if missing:
            names = [asked.name for asked in missing]
            request = CreateTopicsRequest(topics=missing)
            created = self.create_topics(request, visible_configs=(), charge=charge)
            created.then(lambda done: self._finish_creation(names, done))
        return ensured

    def _finish_creation(self, names: list[str], done: Deferred[CreateTopicsResponse]) -> None:
        """Tell those who wait for topics what became of them."""
        waiting = {name: self._creating.pop(name) for name in names}
        if done.error is not None:
            for deferred in waiting.values():
                deferred.fail(done.error)
            return
        for result in done.value().topics:
            if result.error_code in {0, TopicAlreadyExistsError.code}:
                waiting[result.name].complete(self.image.topics_by_name[result.name])
            else:
                error = error_for_code(result.error_code)(result.error_message or "")
                waiting[result.name].fail(error)

    def delete_topics(self, deleted: Sequence[TopicImage]) -> Deferred[None]:
        """Delete topics, which `topics.resolve_deletion` found."""
        known = self._latest.topics_by_id
        still = [topic for topic in deleted if topic.topic_id in known]
        return self._answer(topics.decide_deletion(still), None)

    def create_partitions(
        self, request: CreatePartitionsRequest, charge: Callable[[int], object] = topics.free
    ) -> Deferred[CreatePartitionsResponse]:
        """Add partitions to topics, and charge for them."""
        decided = partitions.decide_partitions(self._latest, request, charge)
        return self._answer(*decided, refuse_results)

    def elect_leaders(self, request: ElectLeadersRequest) -> Deferred[ElectLeadersResponse]:
        """Elect leaders of partitions."""
        return self._answer(*elections.decide_elections(self._latest, request))

    def alter_partition_reassignments(
        self, request: AlterPartitionReassignmentsRequest
    ) -> Deferred[AlterPartitionReassignmentsResponse]:
        """Move partitions, or stop moving them."""
        return self._answer([], reassignments.decide_reassignments(self._latest, request))

    def list_partition_reassignments(
        self, request: ListPartitionReassignmentsRequest
    ) -> ListPartitionReassignmentsResponse:
        """List partitions that are being moved."""
        return reassignments.list_reassignments(self.image, request)

    # ---- everything else

    def change(
        self,
        decide: Callable[[MetadataImage], tuple[Sequence[Any], R]],
        refuse: Refuse[R] | None = None,
    ) -> Deferred[R]:
        """Make what is decided on the newest metadata durable, and return what it answers.

        Args:
            decide: Returns records and the answer; what it raises is raised here.
            refuse: Turns the answer into one of an error, where records cannot be proposed; where
                it is None the Deferred fails.
        """
        return self._answer(*decide(self._latest), refuse)

    def alter_configs(
        self, changes: Iterable[ConfigChange], *, validate_only: bool = False
    ) -> Deferred[list[ConfigOutcome]]:
        """Change settings of resources; each stands or falls alone."""
        records, outcomes = decide_changes(self._latest, changes, self._rules)
        return self._answer([] if validate_only else records, outcomes, refuse_outcomes)

    def create_acls(self, request: CreateAclsRequest) -> Deferred[CreateAclsResponse]:
        """Make access rules."""
        decided = acls.decide_creation(self._latest.acls, request, self._new_id)
        return self._answer(*decided, refuse_results)

    def delete_acls(self, request: DeleteAclsRequest) -> Deferred[DeleteAclsResponse]:
        """Remove access rules."""
        return self._answer(*acls.decide_deletion(self._latest.acls, request))

    def alter_client_quotas(
        self,
        alterations: Sequence[Alteration],
        unresolved: Collection[str] = (),
        *,
        validate_only: bool = False,
    ) -> Deferred[dict[Entity, KafkaError | None]]:
        """Change quotas of clients; each entity stands or falls alone."""
        quotas = self._latest.client_quotas
        records, outcomes = decide_alterations(quotas, alterations, unresolved)
        return self._answer([] if validate_only else records, outcomes, refuse_alterations)

    def update_features(
        self, request: UpdateFeaturesRequest, version: int
    ) -> Deferred[UpdateFeaturesResponse]:
        """Put other levels of features in force."""
        return self._answer(*features.decide_features(self._latest, request, version))

    def allocate_producer_ids(self) -> Deferred[range]:
        """Return producer ids that nobody was given before, and will not be again."""
        first = self._latest.next_producer_id
        broker = self._latest.brokers.get(self.node_id)
        record = ProducerIdsRecord(
            broker_id=self.node_id,
            broker_epoch=-1 if broker is None else broker.epoch,
            next_producer_id=first + PRODUCER_ID_BLOCK,
        )
        return self._answer([record], range(first, first + PRODUCER_ID_BLOCK))

    # ---- proposing and committing

    def _answer(
        self, records: Sequence[Any], response: R, refuse: Refuse[R] | None = None
    ) -> Deferred[R]:
        """Return a response, when its records and all before them are committed."""
        if records:
            try:
                values = framed(records)
            except KafkaError as error:
                if refuse is None:
                    return Deferred.failed(error)
                response = refuse(response, error)
            else:
                return self._propose(records, values).map(lambda _: response)
        if self._steps:
            return self._steps[-1].committed.map(lambda _: response)
        return Deferred.of(response)

    def _propose(self, records: Sequence[Any], values: Framed) -> Deferred[int]:
        builder = ImageBuilder(self._latest)
        for record in records:
            builder.replay(record)
        delta = builder.finish(self.log.next_offset + len(records) - 1, self.log.epoch)
        committed: Deferred[int] = Deferred()
        if self.log.failure is not None:
            return self.log.propose(records, values)
        self._latest = delta.new
        self._steps.append(_Step(delta, committed))
        self.log.propose(records, values).then(lambda done: self._finish_step(committed, done))
        return committed

    def _commit(self, batch: Committed) -> None:
        """Show what a proposal changed."""
        step = self._steps[0]
        assert step.delta.new.offset == batch.offset, "committed out of order"
        self.image = step.delta.new
        for subscriber in self._subscribers:
            try:
                subscriber(step.delta)
            except Exception:
                # Durable already, so it is not taken back; and others wait for what comes next.
                logger.exception("a change of the metadata was not followed everywhere")

    def _finish_step(self, committed: Deferred[int], done: Deferred[int]) -> None:
        self._steps.popleft()
        if done.error is not None:
            self._latest = self.image
            committed.fail(done.error)
            return
        if self.log.is_snapshot_due:
            self.log.snapshot(self.image).then(_report_snapshot)
        committed.complete(done.value())


def _report_snapshot(done: Deferred[None]) -> None:
    if done.error is not None:
        logger.error("no snapshot of the metadata could be written: %s", done.error)


def deletion_refusal(version: int) -> KafkaError:
    """Return the error of a DeleteTopics request where ``delete.topic.enable`` is false."""
    if version < _DELETION_ERROR_FROM:
        return InvalidRequestError("topics may not be deleted here")
    return TopicDeletionDisabledError("topics may not be deleted here (delete.topic.enable)")
