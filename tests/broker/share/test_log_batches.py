"""Headers in a view: how far they go, what is cut out, what was aborted."""

from logcore.broker.share.log_batches import NO_OFFSET
from tests.broker.share.logs import ABORT, COMMIT, TRANSACTIONAL, batches, header, marker, whole


def test_nothing_is_read():
    found = whole([])
    assert found.first_offset == NO_OFFSET
    assert found.reach(5) == NO_OFFSET
    assert len(found.between(0, 9)) == 0


def test_headers_are_read_as_far_as_asked():
    found = batches((0, 9), (10, 19), (20, 29))
    assert found.first_offset == 0
    assert found.reach(3) == 9
    assert len(found.read) == 1
    assert found.reach(10) == 19
    assert found.reach(99) == 29
    assert found.reach(3) == 9


def test_holes_are_nobodys():
    found = batches((5, 9), (20, 29))
    assert found.reach(2) == 2
    assert found.reach(12) == 12
    assert found.reach(19) == 19


def test_a_batch_that_is_cut_off_is_not_there():
    data = header(0, 9) + header(10, 19)
    for length in range(len(header(0, 9)), len(data)):
        found = whole([data[:length]])
        assert found.reach(15) == 9
    assert whole([data]).reach(15) == 19


def test_a_length_that_cannot_be_ends_the_reading():
    broken = bytearray(header(0, 9))
    broken[8:12] = (3).to_bytes(4, "big")
    assert whole([bytes(broken)]).first_offset == NO_OFFSET


def test_what_is_between_is_cut_out_whole():
    found = batches((0, 9), (10, 19), (20, 29))
    found.reach(25)
    size = len(header(0, 9))
    assert found.between(5, 12).nbytes == 2 * size
    assert bytes(found.between(10, 19)) == header(10, 19)


def test_aborted_batches_are_found():
    found = whole(
        [
            header(0, 1, attributes=TRANSACTIONAL, producer_id=7),
            header(2, 3, attributes=TRANSACTIONAL, producer_id=8),
            header(4, 5),
            marker(6, 7, ABORT),
            header(7, 8, attributes=TRANSACTIONAL, producer_id=7),
            marker(9, 8, COMMIT),
            marker(10, 7, COMMIT),
        ]
    )
    found.reach(10)
    assert [each.base_offset for each in found.aborted([(7, 0)], 10)] == [0]
    assert [each.base_offset for each in found.aborted([(7, 7), (7, 0)], 10)] == [0, 7]
    assert [each.base_offset for each in found.aborted([(7, 7), (7, 0)], 6)] == [0]
