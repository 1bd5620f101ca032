"""Tables become classes: slots, constructors, defaults, equality, versions."""

from typing import Any

import pytest

from logcore.common.uuids import ZERO_UUID
from logcore.protocol.field import NEVER
from logcore.protocol.schema import Message, Struct
from logcore.protocol.types import array, int32, string, struct, uuid


class Leader(Struct):
    leader_id: int = int32("0+", default=-1)


class Topic(Struct):
    name: str = string("0+")
    partitions: list[int] = array(int32, "0+")


class Answer(Message, api_key=7, versions="1-3", flexible="2+"):
    topic_id: bytes = uuid("0+")
    reason: str | None = string("0+", nullable="0+", default=None)
    topics: list[Topic] = array(Topic, "0+")
    refused: list[Topic] | None = array(Topic, "0+", nullable="0+", default=None)
    leader: Leader = struct(Leader, "2+", tag=0)


class Bare(Message, versions="0"):
    pass


def test_what_nobody_sets_is_the_default():
    answer = Answer()
    assert answer.topic_id == ZERO_UUID
    assert answer.reason is None
    assert answer.topics == []
    assert answer.refused is None
    assert answer.leader == Leader(leader_id=-1)


def test_each_message_has_its_own_arrays():
    first, second = Answer(), Answer()
    first.topics.append(Topic(name="a"))
    assert second.topics == []


def test_only_keywords_and_only_fields():
    untyped: Any = Answer
    with pytest.raises(TypeError):
        untyped(b"x" * 16)
    with pytest.raises(TypeError, match="colour"):
        untyped(colour="red")
    with pytest.raises(AttributeError):
        untyped().colour = "red"


def test_messages_are_equal_by_class_and_values():
    assert Topic(name="a", partitions=[1]) == Topic(name="a", partitions=[1])
    assert Topic(name="a") != Topic(name="b")
    assert Topic() != Leader()
    assert Topic() != "a topic"
    with pytest.raises(TypeError):
        hash(Topic())


def test_a_message_shows_its_fields():
    assert repr(Topic(name="a", partitions=[1])) == "Topic(name='a', partitions=[1])"
    assert repr(Bare()) == "Bare()"


def test_a_default_struct_is_shared():
    assert Answer().leader is Answer().leader is Leader.frozen_default()


def test_a_message_knows_its_versions():
    assert (Answer.API_KEY, Answer.VERSIONS, Answer.FLEXIBLE) == (7, (1, 3), 2)
    assert (Bare.API_KEY, Bare.VERSIONS, Bare.FLEXIBLE) == (-1, (0, 0), NEVER)


def test_a_message_without_fields_has_no_bytes():
    assert Bare().encode_bytes(0) == b""
    assert Bare.decode(b"", 0) == Bare()
