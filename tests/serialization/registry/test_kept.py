"""What is kept, how much, and how long."""

from logcore.common.clock import ManualScheduler
from logcore.serialization.registry.kept import Kept


def test_what_was_not_asked_for_longest_goes_first():
    kept: Kept[str, int] = Kept(2, ManualScheduler())
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]
    kept.clear()
    assert kept.get("a") is None


def test_what_is_too_old_is_gone():
    clock = ManualScheduler()
    kept: Kept[str, int] = Kept(2, clock, 1000)
    for_ever: Kept[str, int] = Kept(2, clock)
    kept.put("a", 1)
    for_ever.put("a", 1)
    clock.advance(999)
    assert kept.get("a") == 1
    clock.advance(1)
    assert kept.get("a") is None
    assert for_ever.get("a") == 1
