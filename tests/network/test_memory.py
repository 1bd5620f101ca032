"""Memory to receive into: reused, but never while somebody looks into it."""

from logcore.network.memory import SCRATCH_BYTES, SIZE_MIN, ReceiveMemory, rounded


def test_sizes_waste_an_eighth_at_most():
    assert rounded(1) == SIZE_MIN
    for size in (5_000, 65_536, 65_537, 1_000_000, 1_048_576, 1_048_577, 99_999_999):
        assert size <= rounded(size) <= size * 1.126
        assert rounded(rounded(size)) == rounded(size)


def test_the_scratch_buffer_is_replaced_while_it_is_looked_at():
    memory = ReceiveMemory()
    scratch = memory.scratch()
    assert memory.scratch() is scratch
    view = memoryview(scratch)[5:10]
    fresh = memory.scratch()
    assert fresh is not scratch
    assert len(fresh) == SCRATCH_BYTES
    view.release()
    assert memory.scratch() is fresh


def test_what_is_given_back_is_taken_again():
    memory = ReceiveMemory()
    buffer = memory.take(1_000_000)
    memory.give(buffer)
    assert memory.kept_bytes == len(buffer)
    assert memory.take(1_000_000) is buffer
    assert memory.kept_bytes == 0


def test_what_is_looked_at_is_kept_for_later():
    memory = ReceiveMemory()
    buffer = memory.take(1_000_000)
    view = memoryview(buffer)
    memory.give(buffer)
    assert memory.take(1_000_000) is not buffer
    view.release()
    assert memory.take(1_000_000) is buffer


def test_only_so_much_is_kept():
    memory = ReceiveMemory(kept_bytes_max=3_000_000)
    for buffer in [memory.take(1_000_000) for _ in range(10)]:
        memory.give(buffer)
    assert memory.kept_bytes <= 3_000_000
    memory.trim()
    assert memory.kept_bytes == 0
    assert len(memory.take(1_000_000)) >= 1_000_000
