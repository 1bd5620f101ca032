"""Where share groups are is told, set and forgotten."""

import pytest

from logcore.admin.admin import Admin
from logcore.admin.topics import NewTopic
from logcore.client.positions import TopicPartition
from logcore.common.errors import GroupIdNotFoundError
from logcore.testing.topics import fresh_name
from tests.admin.made import make_topics
from tests.eventually import eventually


def test_where_a_group_is(admin: Admin) -> None:
    group, topic = fresh_name("group"), fresh_name()
    make_topics(admin, NewTopic(topic, 1))
    partition = TopicPartition(topic, 0)
    assert not admin.share_groups.offsets(group)
    eventually(lambda: not admin.share_groups.set_offsets(group, {partition: 0}).errors)
    eventually(lambda: admin.share_groups.offsets(group)[partition].start_offset == 0)
    eventually(lambda: not admin.share_groups.delete_offsets(group, [topic]).errors)
    eventually(lambda: not admin.share_groups.offsets(group))


def test_a_negative_offset_is_refused(admin: Admin) -> None:
    with pytest.raises(ValueError, match="words-0: offset -1 is negative"):
        admin.share_groups.set_offsets(fresh_name("group"), {TopicPartition("words", 0): -1})


def test_a_group_that_is_not_there(admin: Admin) -> None:
    with pytest.raises(GroupIdNotFoundError):
        admin.share_groups.delete_offsets(fresh_name("group"), ["topic"])
