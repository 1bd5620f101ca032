"""What frames a message."""

from logcore.protocol.frame import LENGTH, LENGTH_BYTES, is_looked_at


def test_a_length_has_four_bytes_and_a_sign():
    assert LENGTH.pack(258) == bytes([0, 0, 1, 2])
    assert LENGTH.unpack(b"\xff" * LENGTH_BYTES) == (-1,)


def test_who_looks_at_memory_is_noticed():
    memory = bytearray(b"0123456789")
    assert not is_looked_at(memory)
    view = memoryview(memory)[2:3]
    assert is_looked_at(memory)
    view.release()
    assert not is_looked_at(memory)
    assert memory == b"0123456789"
