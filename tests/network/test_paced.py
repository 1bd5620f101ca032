"""Writing in pieces, to a transport that wants a pause after each."""

from typing import Any

from logcore.network.paced import PIECE_BYTES, PacedWriter


class Pausing:
    """A transport that pauses its writer after every piece."""

    def __init__(self) -> None:
        self.writer: Any = None
        self.pieces: list[bytes] = []
        self.is_closed = False

    def write(self, data: Any) -> None:
        assert not self.writer.is_paused
        assert not self.is_closed
        self.pieces.append(bytes(data))
        self.writer.is_paused = True

    def close(self) -> None:
        self.is_closed = True


def pausing() -> tuple[Any, PacedWriter]:
    transport: Any = Pausing()
    transport.writer = PacedWriter(transport)
    return transport, transport.writer


def test_pieces_leave_one_by_one_and_in_order():
    transport, writer = pausing()
    data = bytes(range(256)) * (PIECE_BYTES // 100)
    writer.writelines([b"head", data])
    assert transport.pieces == [b"head"]
    while not writer.resume():
        assert len(transport.pieces[-1]) <= PIECE_BYTES
    assert b"".join(transport.pieces) == b"head" + data


def test_closing_waits_for_what_is_unwritten():
    transport, writer = pausing()
    writer.writelines([b"one", b"two"])
    writer.close()
    assert not transport.is_closed
    assert writer.resume()
    assert transport.is_closed
    assert transport.pieces == [b"one", b"two"]


def test_with_nothing_unwritten_closing_is_at_once():
    transport, writer = pausing()
    writer.close()
    assert transport.is_closed
