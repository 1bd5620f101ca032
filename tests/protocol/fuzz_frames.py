"""Fuzzing of requests as they arrive: `python -m tests.protocol.fuzz_frames [FRAMES] [SEED]`.

A frame is a header and a message, damaged in one of several ways. Reading it must end in a message
or in `MalformedMessageError`, in memory that does not grow with what the bytes declare; a message
that was read must be writable, and what is written readable.
Invariant: the seed is printed and replays the run.
Neighbours: `make fuzz` runs a million; `test_fuzz_frames` runs a few in every test run.
"""

import random
import resource
import sys
import time
import tracemalloc
from collections import Counter

from logcore.common.errors import UnsupportedVersionError
from logcore.protocol.api_keys import ApiKey, message_classes
from logcore.protocol.errors import MalformedMessageError, UnencodableMessageError
from logcore.protocol.header import RequestHeader, decode_request_header, request_header
from tests.protocol.catalogue import Values, versions

FRAMES = 1_000_000
BYTES_OF_NOTE = (0, 1, 2, 0x7E, 0x7F, 0x80, 0x81, 0xFE, 0xFF)
MEMORY_FACTOR = 400
"""What one byte may become at most: an element of an array costs one byte or more."""


def samples(seed):
    """A valid frame of every request and version."""
    return [
        request_header(RequestHeader(key, version, 7, "fuzz"))
        + Values((seed, key, version))
        .message(message_classes(key)[0], version)
        .encode_bytes(version)
        for key in ApiKey
        for version in versions(message_classes(key)[0])
    ]


def cut(chance, frame):
    del frame[chance.randrange(len(frame)) :]


def overwrite(chance, frame):
    for _ in range(chance.randrange(1, 5)):
        frame[chance.randrange(len(frame))] = chance.choice(BYTES_OF_NOTE)


def claim(chance, frame):
    """Put a large length somewhere."""
    at = chance.randrange(len(frame))
    frame[at : at + 4] = chance.choice(
        (b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\xff\xff")
    )


def splice(chance, frame):
    start, to = chance.randrange(len(frame)), chance.randrange(len(frame))
    frame[to:to] = frame[start : start + chance.randrange(200)]


def randomise(chance, frame):
    start = chance.randrange(len(frame))
    frame[start:] = chance.randbytes(len(frame) - start)


def other_version(chance, frame):
    if len(frame) > 3:
        frame[3] = chance.randrange(20)


DAMAGES = (cut, overwrite, claim, splice, randomise, other_version)


def read(frame):
    """Read a frame as the broker does; return what became of it."""
    try:
        header, position = decode_request_header(memoryview(frame))
        if header.api_key not in ApiKey._value2member_map_:
            return "unknown API"
        request, _ = message_classes(ApiKey(header.api_key))
        message = request.decode(frame, header.version, position)
    except MalformedMessageError:
        return "malformed"
    except UnsupportedVersionError:
        return "unsupported version"
    try:
        again = message.encode_bytes(header.version)
    except UnencodableMessageError as error:
        raise AssertionError(f"read, but cannot be written: {error}") from error
    assert request.decode(again, header.version).encode_bytes(header.version) == again
    return "message"


def run(frames, seed):
    """Read so many damaged frames; return how many became what."""
    chance = random.Random(seed)
    originals = samples(seed)
    outcomes: Counter[str] = Counter()
    for _ in range(frames):
        frame = bytearray(chance.choice(originals))
        damage = chance.choice(DAMAGES)
        damage(chance, frame)
        try:
            outcomes[read(frame)] += 1
        except BaseException:
            sys.stderr.write(f"seed {seed}, {damage.__name__}, frame {frame.hex()}\n")
            raise
    return outcomes


def memory_of(frame):
    """The most memory that reading a frame takes, in bytes."""
    read(frame)
    tracemalloc.start()
    try:
        read(frame)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main(frames=FRAMES, seed=None):
    """Fuzz, and say how it went."""
    seed = time.time_ns() if seed is None else seed
    sys.stdout.write(f"fuzz: {frames} frames, seed {seed}\n")
    started = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = run(frames, seed)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    sys.stdout.write(
        f"{told}; {time.monotonic() - started:.0f} s, {grown // 1024} MiB more memory\n"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
