"""Batches as a producer makes them, for what reads them."""

from logcore.record.encoding import RecordAccumulator


def accumulator(**limits):
    """Return an accumulator with room for everything."""
    told = {
        "compression": "none", "level": None, "batch_bytes": 1 << 20, "memory_bytes": 1 << 26,
        "record_bytes": 1 << 20, "ignores_keys": False, "seed": 1,
    }  # fmt: skip
    woken = []
    made = RecordAccumulator(object, lambda: woken.append(1), **told | limits)
    made.set_partitions("t", 1, [0])
    return made


def batch_of(*values, base_offset=0, compression="none", producer=(-1, -1, -1, False)):
    """Return the bytes of a batch of values, as a broker that gave it an offset sends it."""
    made = accumulator(compression=compression)
    for value in values:
        made.append("t", value, None, 0, None, 7)
    batch = made.take("t", 0)
    batch.seal(*producer)
    data = bytearray(memoryview(batch))
    data[:8] = base_offset.to_bytes(8, "big")
    return bytes(data)
