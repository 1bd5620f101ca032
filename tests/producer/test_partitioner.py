"""A program's own partitioner: what it may say, and what becomes of anything else."""

import numpy as np
import pytest

from logcore.common.errors import PartitionerError
from logcore.producer.partitioner import Partitions, choose

PARTITIONS = Partitions(4, (0, 2))


def test_it_is_told_what_there_is_and_any_number_will_do():
    def partitioner(topic, key, value, partitions):
        assert (topic, key, value) == ("t", b"k", None)
        return np.int64(partitions.available[-1])

    assert choose(partitioner, "t", b"k", None, PARTITIONS) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (4, "chose partition 4 of t, which has 4, from 0 on"),
        (-1, "chose partition -1"),
        (None, "the partitioner failed on a record for t, which is not sent: TypeError"),
        ("1", "TypeError"),
    ],
)
def test_anything_else_is_refused(answer, said):
    with pytest.raises(PartitionerError, match=said) as caught:
        choose(lambda *_: answer, "t", b"k", b"v", PARTITIONS)
    assert caught.value.topic == "t"


def test_what_it_raises_is_the_cause():
    with pytest.raises(PartitionerError, match="ZeroDivisionError") as caught:
        choose(lambda *_: 1 // 0, "t", b"k", b"v", PARTITIONS)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
