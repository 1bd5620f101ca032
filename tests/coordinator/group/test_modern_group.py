"""What groups of the three newer kinds do alike."""

from collections import Counter

import pytest

from logcore.common.errors import NonEmptyGroupError, UnknownMemberIdError
from logcore.coordinator.group.consumer_group import ConsumerGroup
from logcore.coordinator.group.modern_group import ModernGroup, decrease
from logcore.coordinator.group.share.group import ShareGroup
from logcore.coordinator.group.streams.group import StreamsGroup

KINDS = [ConsumerGroup, ShareGroup, StreamsGroup]


@pytest.mark.parametrize("kind", KINDS)
def test_one_without_members_may_be_deleted(kind):
    group = kind("g")
    assert isinstance(group, ModernGroup)
    assert group.is_empty
    assert group.epoch == group.target_epoch
    group.validate_delete()
    with pytest.raises(UnknownMemberIdError, match="Member m is not a member of group g"):
        group.member("m")


@pytest.mark.parametrize("kind", KINDS)
def test_one_in_use_may_not(kind):
    group = kind("g")
    group.members["m"] = member = object()
    assert not group.is_empty
    assert group.member("m") is member
    with pytest.raises(NonEmptyGroupError, match="not empty"):
        group.validate_delete()


def test_what_nobody_names_any_more_is_not_counted():
    counts = Counter({"a": 2, "b": 1})
    decrease(counts, ["a", "b"])
    assert counts == {"a": 1}
    assert list(counts) == ["a"]
