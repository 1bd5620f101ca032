"""Records of offsets and tombstones, in their versions."""

import pytest

from logcore.coordinator.group import records
from logcore.coordinator.group.offset_store import CommittedOffset


@pytest.mark.parametrize(("expire_ms", "version"), [(-1, 4), (5, 1)])
def test_the_version_is_the_one_that_can_hold_it(expire_ms, version):
    record = records.offset_commit("g", "t", 3, CommittedOffset(9, expire_timestamp_ms=expire_ms))
    assert record.version == version
    assert (record.key.group, record.key.topic, record.key.partition) == ("g", "t", 3)
    assert record.value.offset == 9


def test_tombstones_have_no_value():
    assert records.offset_tombstone("g", "t", 3).value is None
    assert records.group_metadata_tombstone("g").value is None
