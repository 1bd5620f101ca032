"""The store of offsets leaves nothing empty behind."""

from logcore.coordinator.group.offset_store import CommittedOffset, OffsetStore


def test_put_get_remove():
    store = OffsetStore()
    one, two = CommittedOffset(1), CommittedOffset(2)
    store.put("g", "t", 0, one)
    store.put("g", "t", 0, two)
    store.put("g", "t", 1, one)
    store.put("g", "u", 0, one)
    assert store.get("g", "t", 0) is two
    assert store.count == 3
    assert set(store.partitions_of("g")) == {("t", 0, two), ("t", 1, one), ("u", 0, one)}
    store.remove("g", "t", 0)
    store.remove("g", "t", 1)
    assert list(store.of_group("g")) == ["u"]
    store.remove("g", "u", 0)
    assert store.by_group == {}


def test_what_is_not_there():
    store = OffsetStore()
    assert store.get("g", "t", 0) is None
    assert store.of_group("g") == {}
    store.remove("g", "t", 0)
    store.put("g", "t", 0, CommittedOffset(1))
    assert store.get("g", "u", 0) is None
    assert store.get("g", "t", 9) is None
    store.remove("g", "t", 9)
    assert store.count == 1
