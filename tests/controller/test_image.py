"""Images are values, and tell what is asked most."""

import dataclasses

import pytest

from logcore.controller.image import EMPTY, MetadataImage, PartitionImage, TopicImage
from tests.controller.building import image, topic


def test_the_empty_image_is_before_the_first_record():
    assert EMPTY.offset == -1
    assert not EMPTY.topics_by_name
    assert MetadataImage() == EMPTY


def test_nothing_of_an_image_can_be_reassigned():
    with pytest.raises(dataclasses.FrozenInstanceError):
        EMPTY.offset = 3  # type: ignore[misc]


def test_internal_topics_are_those_of_the_broker_itself():
    names = ("__consumer_offsets", "__transaction_state", "__share_group_state", "__mine", "plain")
    assert [name for name in names if TopicImage(name, b"").is_internal] == list(names[:3])


def test_a_partition_is_reassigning_while_replicas_come_or_go():
    still = PartitionImage(0, (1,), (1,), 1)
    assert not still.is_reassigning
    assert dataclasses.replace(still, adding_replicas=(2,)).is_reassigning
    assert dataclasses.replace(still, removing_replicas=(1,)).is_reassigning


def test_settings_of_a_topic_without_any_are_empty():
    made = image([topic("plain"), topic("set", number=2)], configs={(2, "set"): {"a": "b"}})
    assert made.topic_configs("plain") == {}
    assert made.topic_configs("set") == {"a": "b"}
