"""The controller against a dictionary: random changes, snapshots, stops and starts.

Invariant checked after every step: the committed image says of topics, partitions and settings what
the dictionary says, and what was handed out once (topic ids, producer ids) is not handed out again.
"""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from logcore.controller.configuration import ConfigChange, ConfigOperation, KeyChange
from logcore.controller.controller import Controller
from logcore.controller.features import INITIAL
from logcore.protocol.messages.create_partitions import (
    CreatePartitionsRequest,
    CreatePartitionsTopic,
)
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from tests.controller.building import NODE, Disk, Rules, broker
from tests.depth import examples

NAMES = st.sampled_from(["a", "b", "c.d", "c_d", "e"])


class ControllerAgainstModel(RuleBasedStateMachine):
    """What a controller is asked, and what it must have done."""

    def __init__(self) -> None:
        super().__init__()
        self.path = Path(tempfile.mkdtemp())
        self.disk = Disk(self.path)
        self.partitions: dict[str, int] = {}
        self.configs: dict[str, dict[str, str]] = {}
        self.ids: set[bytes] = set()
        self.producer_ids: set[int] = set()

    @initialize()
    def begin(self) -> None:
        self.start()

    def start(self, was_killed: bool = True) -> None:
        self.controller = Controller(self.disk.open(), NODE, Rules())
        starting = self.controller.start(broker(), initial_features=INITIAL, was_killed=was_killed)
        starting.value()

    @rule(name=NAMES, count=st.integers(-1, 3))
    def create(self, name: str, count: int) -> None:
        asked = CreatableTopic(name=name, num_partitions=count, replication_factor=1)
        response = self.controller.create_topics(CreateTopicsRequest(topics=[asked])).value()
        collides = any(
            other != name and other.replace(".", "_") == name.replace(".", "_")
            for other in self.partitions
        )
        is_refused = name in self.partitions or count == 0 or collides
        assert bool(response.topics[0].error_code) is is_refused
        if not is_refused:
            assert response.topics[0].topic_id not in self.ids
            self.ids.add(response.topics[0].topic_id)
            self.partitions[name] = 1 if count == -1 else count

    @rule(names=st.sets(NAMES))
    def delete(self, names: set[str]) -> None:
        topics = self.controller.image.topics_by_name
        self.controller.delete_topics([topics[name] for name in names if name in topics]).value()
        for name in names:
            self.partitions.pop(name, None)
            self.configs.pop(name, None)

    @rule(name=NAMES, count=st.integers(0, 6))
    def add_partitions(self, name: str, count: int) -> None:
        asked = CreatePartitionsTopic(name=name, count=count, assignments=None)
        request = CreatePartitionsRequest(topics=[asked])
        response = self.controller.create_partitions(request).value()
        is_taken = name in self.partitions and count > self.partitions[name]
        assert (response.results[0].error_code == 0) is is_taken
        if is_taken:
            self.partitions[name] = count

    @rule(
        name=NAMES,
        key=st.sampled_from(["retention.ms", "segment.bytes"]),
        value=st.none() | st.sampled_from("123"),
    )
    def configure(self, name: str, key: str, value: str | None) -> None:
        operation = ConfigOperation.DELETE if value is None else ConfigOperation.SET
        change = ConfigChange(2, name, [KeyChange(key, operation, value)])
        [outcome] = self.controller.alter_configs([change]).value()
        assert (outcome.error is None) is (name in self.partitions)
        if outcome.error is not None:
            return
        configs = self.configs.setdefault(name, {})
        if value is None:
            configs.pop(key, None)
        else:
            configs[key] = value

    @rule()
    def allocate(self) -> None:
        block = self.controller.allocate_producer_ids().value()
        assert self.producer_ids.isdisjoint(block)
        self.producer_ids.update(block)

    @rule()
    def snapshot(self) -> None:
        self.controller.log.snapshot(self.controller.image).value()

    @rule(was_killed=st.booleans())
    def stop_and_start(self, was_killed: bool) -> None:
        if not was_killed:
            self.controller.close().value()
        self.start(was_killed)

    @invariant()
    def says_what_the_model_says(self) -> None:
        if not hasattr(self, "controller"):
            return
        image = self.controller.image
        counts = {name: len(topic.partitions) for name, topic in image.topics_by_name.items()}
        assert counts == self.partitions
        assert {each.name for each in image.topics_by_id.values()} == self.partitions.keys()
        configs = {name: dict(each) for (_, name), each in image.configs.items()}
        assert configs == {name: each for name, each in self.configs.items() if each}
        assert image.next_producer_id == len(self.producer_ids)
        assert image.features == INITIAL

    def teardown(self) -> None:
        self.disk.close()
        shutil.rmtree(self.path)


ControllerAgainstModel.TestCase.settings = settings(
    max_examples=examples(25), stateful_step_count=25, deadline=None
)
test_a_controller_against_a_dictionary = ControllerAgainstModel.TestCase
