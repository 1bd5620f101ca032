"""Cutting bytes into frames: any split gives the same frames, in memory that bytes have earned."""

import itertools
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logcore.network.frames import FrameReader
from logcore.network.memory import SCRATCH_BYTES, SIZE_MIN, ReceiveMemory
from logcore.protocol.errors import FrameSizeError
from tests.network.serving import framed

LIMIT = 10_000_000


def arriving(reader, data):
    """Give it bytes as a socket does; go on after each part, and settle when that is dealt with."""
    position = 0
    while position < len(data):
        room = memoryview(reader.writable())
        count = min(len(room), len(data) - position)
        room[:count] = data[position : position + count]
        room.release()
        position += count
        reader.received(count)
        yield
        reader.settle()


def feed(reader, data):
    """Give it bytes as a socket does, and return the frames."""
    frames = []
    for _ in arriving(reader, data):
        while (frame := reader.next_frame()) is not None:
            frames.append(frame)
    return frames


def content(size):
    return (b"%08d" % size * (size // 8 + 1))[:size]


SIZES = st.sampled_from(
    [8, 9, 100, 4_092, 4_093, 70_000, SCRATCH_BYTES - 4, SCRATCH_BYTES, 300_000]
)


@settings(deadline=None, max_examples=60)
@given(st.lists(SIZES, max_size=8), st.lists(st.integers(1, 400_000), max_size=12))
def test_any_split_gives_the_same_frames(sizes, cuts):
    bodies = [content(size) for size in sizes]
    stream = b"".join(map(framed, bodies))
    edges = [0, *sorted({cut for cut in cuts if cut < len(stream)}), len(stream)]
    reader = FrameReader(ReceiveMemory(), LIMIT)
    frames = []
    for begin, end in itertools.pairwise(edges):
        frames += feed(reader, stream[begin:end])
    assert frames == bodies
    assert (reader.pending_bytes, reader.held_bytes) == (0, 0)


@settings(deadline=None, max_examples=60)
@given(st.lists(SIZES, min_size=1, max_size=4), st.integers(0, 60_000))
def test_the_sole_frame_is_what_the_usual_way_gives(sizes, cut):
    """Asked for first, it never changes what comes, and leaves everything else as it was."""
    stream = b"".join(map(framed, map(content, sizes)))
    reader = FrameReader(ReceiveMemory(), LIMIT)
    frames = []
    for part in (stream[:cut], stream[cut:]):
        for _ in arriving(reader, part):
            if (sole := reader.sole_frame()) is not None:
                assert (reader.pending_bytes, reader.held_bytes) == (0, 0)
                frames.append(bytes(sole))
            while (frame := reader.next_frame()) is not None:
                frames.append(bytes(frame))
    assert frames == list(map(content, sizes))


@pytest.mark.parametrize(
    ("stream", "is_sole"),
    [
        (framed(content(100)), True),
        (framed(content(100))[:-1], False),
        (framed(content(100)) + b"\0", False),
        (framed(content(100)) * 2, False),
        (framed(content(SCRATCH_BYTES // 8 - 4)), True),
        (framed(content(SCRATCH_BYTES // 8 - 3)), False),
        (framed(b"short"), False),
        (b"\0\0\0", False),
    ],
)
def test_one_small_frame_is_sole(stream, is_sole):
    reader = FrameReader(ReceiveMemory(), LIMIT)
    reader.writable()[: len(stream)] = stream
    reader.received(len(stream))
    assert (reader.sole_frame() == stream[4:]) is is_sole
    if not is_sole:
        assert reader.pending_bytes == len(stream)


def test_a_sole_frame_is_a_copy():
    memory = ReceiveMemory()
    reader, stream = FrameReader(memory, LIMIT), framed(content(100))
    buffer = reader.writable()
    buffer[: len(stream)] = stream
    reader.received(len(stream))
    frame = reader.sole_frame()
    buffer[: len(stream)] = bytes(len(stream))
    assert frame == content(100)
    assert memory.scratch() is buffer, "nobody looks into it"


def test_two_readers_share_memory_without_mixing():
    memory = ReceiveMemory()
    one, two = FrameReader(memory, LIMIT), FrameReader(memory, LIMIT)
    stream_one, stream_two = framed(b"one" * 100), framed(b"two" * 100)
    assert feed(one, stream_one[:50]) == []
    assert feed(two, stream_two[:70]) == []
    assert feed(one, stream_one[50:]) == [b"one" * 100]
    assert feed(two, stream_two[70:]) == [b"two" * 100]


def test_between_requests_nothing_is_held():
    reader = FrameReader(ReceiveMemory(), LIMIT)
    feed(reader, framed(content(5_000_000)))
    assert reader.held_bytes == 0


def test_the_beginning_of_a_frame_holds_what_has_come():
    reader = FrameReader(ReceiveMemory(), LIMIT)
    feed(reader, struct.pack(">i", LIMIT) + b"x" * 10)
    assert reader.held_bytes == SIZE_MIN
    feed(reader, b"x" * 100_000)
    assert reader.held_bytes < 2.3 * 100_000


def test_a_small_frame_keeps_little_alive():
    reader = FrameReader(ReceiveMemory(), LIMIT)
    frames = feed(reader, framed(b"x" * 50) * 100)
    assert all(len(frame.obj) == 50 for frame in frames)


def test_a_large_frame_is_a_view_of_what_was_received_into():
    memory = ReceiveMemory()
    reader = FrameReader(memory, LIMIT)
    (frame,) = feed(reader, framed(b"x" * 100_000))
    assert len(frame.obj) == SCRATCH_BYTES
    assert memory.scratch() is not frame.obj


def test_the_second_large_frame_is_received_in_place():
    reader = FrameReader(ReceiveMemory(), LIMIT)
    feed(reader, framed(content(1_000_000)))
    room = reader.writable()
    assert len(room) >= 1_000_004
    data = framed(content(1_000_000))
    room[: len(data)] = data
    reader.received(len(data))
    frame = reader.next_frame()
    assert frame == content(1_000_000)
    assert frame is not None
    assert frame.obj is room


@pytest.mark.parametrize("length", [-1, -(2**31), 0, 7, LIMIT + 1, 2**31 - 1])
def test_a_length_that_no_request_has(length):
    reader = FrameReader(ReceiveMemory(), LIMIT)
    with pytest.raises(FrameSizeError, match=f"announced a request of {length} bytes"):
        feed(reader, struct.pack(">i", length))


@pytest.mark.parametrize("limit", [1_000, 2**31 - 1])
@pytest.mark.parametrize(
    ("head", "says"),
    [(b"\x16\x03\x01\x02\x00\x01", "speaks TLS"), (b"GET /metrics", "speaks HTTP")],
)
def test_another_protocol_is_called_by_its_name(head, says, limit):
    reader = FrameReader(ReceiveMemory(), limit)
    with pytest.raises(FrameSizeError, match=says):
        feed(reader, head)


def test_a_large_request_that_looks_like_tls_only_by_its_length():
    reader = FrameReader(ReceiveMemory(), 2**31 - 1)
    assert feed(reader, struct.pack(">ihhih", 0x16030101, 0, 9, 1, -1)) == []


def test_releasing_forgets_what_is_pending():
    reader = FrameReader(ReceiveMemory(), LIMIT)
    feed(reader, framed(b"x" * 100)[:50])
    reader.release()
    assert feed(reader, framed(b"y" * 100)) == [b"y" * 100]
