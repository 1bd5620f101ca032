"""A short run of the fuzzer, and the worst that bytes can do to memory."""

import pytest

from logcore.protocol.header import RequestHeader, request_header
from tests.protocol import fuzz_frames

FRAMES = 3000
EMPTY_GROUP = bytes.fromhex("01 01 00")


def test_damaged_frames_are_read_or_refused():
    outcomes = fuzz_frames.run(FRAMES, seed=1)
    assert sum(outcomes.values()) == FRAMES
    assert outcomes["malformed"] > FRAMES // 10
    assert outcomes["message"] > FRAMES // 10


def test_a_failure_prints_what_replays_it(monkeypatch, capsys):
    def fail(frame):
        raise IndexError(len(frame))

    monkeypatch.setattr(fuzz_frames, "read", fail)
    with pytest.raises(IndexError):
        fuzz_frames.run(1, seed=7)
    assert "seed 7" in capsys.readouterr().err


def test_a_request_has_a_bounded_number_of_elements():
    count = 1_000_001
    varint = bytes([(count + 1) & 0x7F | 0x80, (count + 1) >> 7 & 0x7F | 0x80, (count + 1) >> 14])
    frame = request_header(RequestHeader(9, 8, 7, "x")) + varint + EMPTY_GROUP * count + bytes(2)
    assert fuzz_frames.read(bytearray(frame)) == "malformed"


def test_the_smallest_elements_take_memory_in_proportion():
    header = request_header(RequestHeader(9, 8, 7, "x"))
    count = 20_000
    groups = bytes([(count + 1) & 0x7F | 0x80, (count + 1) >> 7 & 0x7F | 0x80, (count + 1) >> 14])
    frame = header + groups + EMPTY_GROUP * count + bytes(2)
    assert fuzz_frames.read(bytearray(frame)) == "message"
    assert fuzz_frames.memory_of(bytearray(frame)) < fuzz_frames.MEMORY_FACTOR * len(frame)
