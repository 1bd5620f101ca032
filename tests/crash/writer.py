"""A process that appends until it is killed, and reports each acknowledged append on its output.

Invariant: a line `first end` is printed only after the append that it reports returned, and the
value of a record is a function of the seed and its offset, so the checker needs nothing else.
Neighbours: `test_kill.py` starts and kills it. Run as `python writer.py DIR DURABILITY SEED`.
"""

import os
import random
import sys
import threading

from logcore import Log

SEGMENT_BYTES = 64 << 10


def value_of(seed: int, offset: int) -> bytes:
    """Return what stands at an offset: 0 to 400 bytes that no other offset has."""
    size = random.Random(f"{seed} {offset}").randrange(400)
    return f"{seed} {offset} ".encode() + bytes(size)


def report(first: int, end: int) -> None:
    """Tell the checker in one write, which a kill cannot split."""
    os.write(sys.stdout.fileno(), f"{first} {end}\n".encode())


def append_alone(log: Log, seed: int) -> None:
    """Append single records, batches, rolls and flushes in turn, for ever."""
    draw = random.Random(seed)
    while True:
        offset = log.end_offset
        count = draw.choice([1, 1, 1, 20])
        if count == 1:
            first = log.append(value_of(seed, offset))
            report(first, first + 1)
        else:
            values = [value_of(seed, offset + at) for at in range(count)]
            appended = log.append_batch(values)
            report(appended.start, appended.stop)
        if draw.random() < 0.02:
            log.flush()
        if draw.random() < 0.01:
            log.roll()


def append_together(log: Log, seed: int) -> None:
    """Append from four threads that share fsyncs; here the value cannot name its offset."""

    def work() -> None:
        while True:
            offset = log.append(f"{seed} shared".encode())
            report(offset, offset + 1)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Open the log, say so, and append until killed."""
    path, durability, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if durability not in ("os", "batch", "group"):
        raise SystemExit(f"durability {durability!r}?")
    log = Log(path, segment_bytes=SEGMENT_BYTES, durability=durability)  # type: ignore[arg-type]
    report(log.end_offset, log.end_offset)
    if durability == "group":
        append_together(log, seed)
    else:
        append_alone(log, seed)


if __name__ == "__main__":
    main()
