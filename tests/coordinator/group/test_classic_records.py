"""The record of a group: what is written is what a group is made of again."""

from logcore.coordinator.group.classic_group import ClassicGroup
from logcore.coordinator.group.classic_records import empty_group_metadata, group_metadata
from tests.coordinator.group.test_classic_group import group_of, member


def stable_group():
    group = group_of(member("a", "i", [("range", b"A")]), member("b", None, [("range", b"B")]))
    group.protocol_name, group.generation = "range", 7
    return group


def test_a_group_made_of_its_record_is_the_same():
    record = group_metadata(stable_group(), {"b": b"to b"}, 99)
    again = ClassicGroup("g", 0)
    again.apply(record.value)
    assert (again.generation, again.protocol_name, again.leader_id) == (7, "range", "a")
    assert again.protocol_type == "consumer"
    assert again.state_timestamp_ms == 99
    assert {each: again.members[each].assignment for each in "ab"} == {"a": b"", "b": b"to b"}
    assert again.static_ids == {"i": "a"}
    assert group_metadata(again, {"b": b"to b"}, 99) == record


def test_applying_a_record_to_the_group_it_is_of_keeps_what_it_does_not_hold():
    group = stable_group()
    group.members["a"].protocols = [("range", b"A"), ("sticky", b"S")]
    kept = group.members["a"]
    group.apply(group_metadata(group, {"a": b"to a"}, 99).value)
    assert group.members["a"] is kept
    assert kept.assignment == b"to a"
    assert kept.protocols == [("range", b"A"), ("sticky", b"S")]


def test_a_member_that_did_not_join_here_is_as_its_last_record_says():
    before, after = stable_group(), stable_group()
    after.protocol_name, after.generation = "sticky", 8
    for each, topics in (("a", b"SA"), ("b", b"SB")):
        after.update(after.members[each], [("sticky", topics)], 20_000, 9_000)
        after.members[each].client_id = "renamed"
    again = ClassicGroup("g", 0)
    for group in (before, after):
        again.apply(group_metadata(group, {}, 99).value)
    assert again.supported_counts["sticky"] == 2
    assert again.supports("consumer", ["sticky"])
    assert not again.supports("consumer", ["range"])
    assert group_metadata(again, {}, 99) == group_metadata(after, {}, 99)


def test_applying_a_record_of_an_empty_group_removes_its_members():
    group = stable_group()
    group.apply(empty_group_metadata(group, 8, 99).value)
    assert not group.members
    assert not group.static_ids
    assert group.is_empty
    assert (group.generation, group.leader_id, group.protocol_name) == (8, None, None)
