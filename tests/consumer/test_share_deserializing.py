"""Deserializers make records of a program's own; what they fail on says where it is."""

from typing import ClassVar

import pytest

from logcore.common.errors import SerializationError
from logcore.consumer.share_deserializing import ShareDeserializing
from logcore.consumer.share_record import ShareRecord
from logcore.record import ConsumerRecord
from logcore.serialization import Deserializer

RECORD = ShareRecord(ConsumerRecord("t", 1, 5, b"k", b"7"), 2)


class Told(Deserializer[str]):
    may_block: ClassVar[bool] = True

    def deserialize(self, topic, data):
        return f"{topic}:{data!r}"


def test_without_any_records_stay_as_they_are():
    deserialize = ShareDeserializing(None, None)
    assert deserialize(RECORD) is RECORD
    assert not deserialize.may_block


def test_functions_and_deserializers():
    shown = ShareDeserializing(Told(), int)(RECORD)
    assert (shown.key, shown.value, shown.delivery_count) == ("t:b'k'", 7, 2)
    assert ShareDeserializing(Told(), None).may_block
    empty = ShareRecord(ConsumerRecord("t", 1, 5, None, None), 1)
    shown = ShareDeserializing(Told(), int)(empty)
    assert (shown.key, shown.value) == ("t:None", None), "a function is not called for None"


def test_what_fails_names_the_place():
    with pytest.raises(SerializationError, match="t-1 at offset 5") as caught:
        ShareDeserializing(int, None)(RECORD)
    assert (caught.value.topic, caught.value.partition, caught.value.offset) == ("t", 1, 5)
    assert isinstance(caught.value.__cause__, ValueError)
