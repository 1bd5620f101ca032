"""Calling a program's deserializers: whatever they make, or a typed error with a place."""

import pytest

from logcore.common.errors import SerializationError
from logcore.consumer.deserializing import Deserializing, field_of
from logcore.record import ConsumerRecord
from logcore.serialization.serializer import Deserializer


class Tagged(Deserializer[str]):
    def deserialize(self, topic, data):
        return f"{topic}:{data!r}"


class Slow(Tagged):
    may_block = True


def test_a_function_is_not_called_for_what_is_not_there_a_deserializer_is():
    function, told = field_of(int), field_of(Tagged())
    assert function is not None
    assert told is not None
    assert (function("t", b"7"), function("t", None)) == (7, None)
    assert (told("t", b"7"), told("t", None)) == ("t:b'7'", "t:None")
    assert field_of(None) is None


def test_a_record_keeps_all_else_that_it_has():
    record = ConsumerRecord("t", 3, 9, b"k", b"7", timestamp=5, headers=(("a", b"1"),))
    made = Deserializing(bytes.decode, int)(record)
    assert (made.key, made.value, made.offset, made.headers) == ("k", 7, 9, record.headers)
    assert Deserializing(None, int)(record).key == b"k"


@pytest.mark.parametrize(
    ("key", "value", "what"), [(int, None, "key"), (None, bytes.decode, "value")]
)
def test_what_fails_names_the_place_and_which_it_was(key, value, what):
    record = ConsumerRecord("t", 3, 9, b"k", b"\xff")
    said = f"the {what} deserializer failed on t-3 at offset 9: .*reading goes on behind it"
    with pytest.raises(SerializationError, match=said) as caught:
        Deserializing(key, value)(record)
    assert (caught.value.topic, caught.value.partition, caught.value.offset) == ("t", 3, 9)
    assert isinstance(caught.value.__cause__, ValueError)


def test_only_a_deserializer_says_that_it_may_block():
    pairs = [(None, int), (Tagged(), None), (None, Slow()), (None, None)]
    found = [(made.is_needed, made.may_block) for made in (Deserializing(*it) for it in pairs)]
    assert found == [(True, False), (True, False), (True, True), (False, False)]
