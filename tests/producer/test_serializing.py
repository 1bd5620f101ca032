"""Calling a program's serializers: bytes or a typed error, whatever they do."""

import json

import pytest

from logcore.common.errors import SerializationError
from logcore.producer.serializing import field_of, may_block
from logcore.serialization.serializer import Serializer


class Tagged(Serializer[str]):
    def serialize(self, topic, value):
        return f"{topic}:{value}".encode()


class Slow(Tagged):
    may_block = True


def test_a_function_is_not_called_for_what_is_not_there():
    field = field_of("value", lambda value: json.dumps(value).encode())
    assert field is not None
    assert (field("t", {"a": 1}), field("t", None)) == (b'{"a": 1}', None)
    assert field_of("value", None) is None


def test_a_serializer_is_told_the_topic_and_of_none_too():
    field = field_of("key", Tagged())
    assert field is not None
    assert (field("t", "a"), field("t", None)) == (b"t:a", b"t:None")


@pytest.mark.parametrize(
    ("serializer", "value", "said"),
    [
        (str.encode, 5, "the key serializer failed on a record for words, which is not sent: Type"),
        (str.upper, "a", "the key serializer returned str for a record for words: it must return"),
        (lambda _: memoryview(b"x"), 1, "returned memoryview"),
    ],
)
def test_what_fails_names_the_topic_and_whose_fault_it_is(serializer, value, said):
    field = field_of("key", serializer)
    assert field is not None
    with pytest.raises(SerializationError, match=said) as caught:
        field("words", value)
    assert caught.value.topic == "words"
    assert (caught.value.__cause__ is None) is ("returned" in said)


def test_only_a_serializer_says_that_it_may_block():
    found = [may_block(each) for each in (None, str.encode, Tagged(), Slow())]
    assert found == [False, False, False, True]
