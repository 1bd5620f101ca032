"""Answers as buffers to write: what is joined, and what is never copied."""

import random

from logcore.network.responses import JOINED_BYTES_MAX, assemble


def test_small_buffers_become_one():
    assert assemble([b"a", bytearray(b"b"), memoryview(b"c"), b""]) == [b"abc"]


def test_a_large_buffer_is_the_very_object():
    large = memoryview(bytes(JOINED_BYTES_MAX + 1))
    ready = assemble([b"length", b"head", large, b"tail"])
    assert ready[0] == b"lengthhead"
    assert ready[1] is large
    assert ready[2] == b"tail"


def test_nothing_empty_is_written_between_large_buffers():
    large = bytes(JOINED_BYTES_MAX + 1)
    assert assemble([large, large]) == [large, large]


def test_whatever_is_given_comes_out_in_order():
    chance = random.Random(7)
    for _ in range(50):
        buffers = [chance.randbytes(chance.choice([0, 4, 100, 20_000])) for _ in range(9)]
        assert b"".join(assemble(buffers)) == b"".join(buffers)
