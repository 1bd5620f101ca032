"""Where offsets are to go: as told, and never outside of their partition."""

import io
from datetime import UTC, datetime
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.admin.offsets import FoundOffset
from logcore.admin.results import Results
from logcore.cli.group_reset import Target, offsets_of, planned
from logcore.client.positions import TopicPartition

PARTITION = TopicPartition("t", 0)


class Offsets:
    def __init__(self, low, high, of_time):
        self.low, self.high, self.of_time = low, high, of_time

    def bounds(self, partitions):
        return Results(dict.fromkeys(partitions, (self.low, self.high)))

    def find(self, wanted):
        return Results(dict.fromkeys(wanted, FoundOffset(self.of_time)))


class Admin:
    def __init__(self, low, high, of_time=None):
        self.offsets = Offsets(low, high, of_time)


def plan(target, low=10, high=20, current=None, of_time=None):
    told = {} if current is None else {PARTITION: current}
    admin: Any = Admin(low, high, of_time)
    return planned(admin, [PARTITION], told, target)[PARTITION]


def test_each_way_to_say_where():
    assert plan(Target(to_earliest=True)) == 10
    assert plan(Target(to_latest=True)) == 20
    assert plan(Target(to_offset=15)) == 15
    assert plan(Target(offsets={PARTITION: 15})) == 15
    assert plan(Target(offsets={PARTITION: 95})) == 20
    assert plan(Target(shift_by=-2), current=15) == 13
    assert plan(Target(to_time=datetime.now(UTC)), of_time=12) == 12
    assert plan(Target(to_time=datetime.now(UTC)), of_time=None) == 20, "nothing is as late"


@given(st.integers(-5, 40), st.integers(-40, 40), st.integers(0, 30))
def test_never_outside_of_the_partition(to_offset, shift_by, current):
    assert 10 <= plan(Target(to_offset=to_offset)) <= 20
    assert 10 <= plan(Target(shift_by=shift_by), current=current) <= 20


def read(text):
    context = click.Context(click.Command("reset"))
    return offsets_of(context, click.Option(["--from"]), io.BytesIO(text))


def test_offsets_of_a_file():
    lines = b'{"topic": "t", "partition": 0, "committed": 3, "start": 1, "end": 9}\n'
    assert read(lines + b'{"topic": "u", "partition": 1, "offset": 4}\n') == {
        PARTITION: 3,
        TopicPartition("u", 1): 4,
    }
    for wrong in (b"", b"t,0,3", b"[]", b'{"topic": "t", "partition": 0}', lines + lines):
        with pytest.raises(click.BadParameter):
            read(wrong)
