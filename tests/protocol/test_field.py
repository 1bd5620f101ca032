"""Fields, versions, and the metaclass: slots, and the default that refuses change."""

import pytest

from logcore.protocol.field import NEVER, Field, StructMeta, parse_versions
from logcore.protocol.schema import Message, Struct
from logcore.protocol.types import int32, struct


class Leader(Struct):
    leader_id: int = int32("0+", default=-1)

    kept = "what is no field stays an attribute of the class"


class Answer(Message, versions="0"):
    leader: Leader = struct(Leader, "0+")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0+", range(NEVER + 1)),
        ("9+", range(9, NEVER + 1)),
        ("2-4", range(2, 5)),
        ("7", range(7, 8)),
        ("none", range(0)),
        ("", range(0)),
    ],
)
def test_versions_are_spelled_as_kafka_does(text, expected):
    assert parse_versions(text) == expected


def test_fields_become_slots_in_their_order():
    assert isinstance(Leader, StructMeta)
    assert list(Leader.FIELDS) == ["leader_id"]
    assert isinstance(Leader.FIELDS["leader_id"], Field)
    assert getattr(Leader, "__slots__", None) == ("leader_id",)
    assert Leader.kept
    assert not hasattr(Leader(), "__dict__")


def test_a_default_struct_refuses_change():
    answer = Answer()
    assert answer.leader == Leader(leader_id=-1)
    assert isinstance(answer.leader, Leader)
    with pytest.raises(AttributeError, match="assign a new struct"):
        answer.leader.leader_id = 5
    answer.leader = Leader(leader_id=5)
    assert Answer().leader.leader_id == -1
