"""Members of share groups."""

from dataclasses import replace

from logcore.coordinator.group.share.member import ShareMember


def test_a_new_member_has_nothing():
    member = ShareMember(member_id="m")
    assert (member.epoch, member.previous_epoch, member.assigned) == (0, -1, {})
    assert replace(member, topics=frozenset({"t"})) != member
