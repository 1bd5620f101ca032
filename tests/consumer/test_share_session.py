"""A share session says what changed, and completes what is put into it exactly once."""

import threading

from logcore.client.positions import TopicPartition
from logcore.common.errors import ConnectionLostError, InvalidRecordStateError
from logcore.consumer.acknowledgements import Acknowledgement, AcknowledgeType, Acquisition, Run
from logcore.consumer.share_record import ShareRecord
from logcore.consumer.share_session import EPOCH_MAX, SharePartition, ShareSession
from logcore.record import ConsumerRecord

ID = bytes(range(16))
ACCEPT, RENEW = AcknowledgeType.ACCEPT, AcknowledgeType.RENEW


def places(*numbers):
    return {SharePartition(ID, number): TopicPartition("t", number) for number in numbers}


class Noted(ShareSession):
    """A session that notes what is completed, and how often something was put in."""

    def __init__(self):
        self.done: list[Acknowledgement] = []
        self.put_count = 0
        super().__init__(self.done.append, self._count)

    def _count(self):
        self.put_count += 1

    def acknowledgement(self, *offsets, acquisition=None, **fields):
        where = acquisition or Acquisition(TopicPartition("t", 0), ID, self)
        return Acknowledgement(where, dict.fromkeys(offsets, ACCEPT), **fields)


def test_partitions_are_named_once():
    session = Noted()
    assert session.change(places(0, 1), ()) == (list(places(0, 1)), [])
    session.answered()
    assert session.change(places(0, 1), ()) == ([], [])
    session.answered()
    assert session.change(places(1, 2), ()) == (list(places(2)), list(places(0)))
    assert session.change(places(1, 2), places(1)) == (list(places(1)), []), "acknowledged: named"


def test_until_it_has_begun_everything_is_named():
    session = Noted()
    session.change(places(0, 1), ())
    assert session.change(places(0, 1), ()) == (list(places(0, 1)), [])


def test_epochs_go_round():
    session = Noted()
    session.answered()
    assert session.epoch == 1
    session.epoch = EPOCH_MAX
    session.answered()
    assert session.epoch == 1


def test_what_is_put_in_is_taken_and_completed():
    session = Noted()
    one = session.put(session.acknowledgement(1))
    assert session.due(0) == [one]
    assert session.take(0) == [one]
    assert session.due(0) == []
    assert session.outstanding() == [one]
    session.complete(one, None)
    assert session.outstanding() == []
    assert (one.is_done, one.error, session.done) == (True, None, [one])


def test_what_is_of_one_acquisition_joins_what_waits():
    session = Noted()
    where = Acquisition(TopicPartition("t", 0), ID, session)
    one = session.put(session.acknowledgement(1, acquisition=where))
    two = session.acknowledgement(2, acquisition=where, gaps=[Run(3, 4, 0)])
    assert session.put(two) is one
    assert (one.types, one.gaps) == ({1: ACCEPT, 2: ACCEPT}, [(3, 4, 0)])
    record = ShareRecord(ConsumerRecord("t", 0, 5, None, b"v"), 1)
    renewal = session.acknowledgement(5, acquisition=where, renewed={5: record})
    assert session.put(renewal) is renewal
    assert session.take(0) == [one, renewal]
    later = session.acknowledgement(6, acquisition=where)
    assert session.put(later) is later, "what was sent takes nothing in any more"


def test_what_is_tried_again_waits_for_its_time():
    session = Noted()
    one = session.put(session.acknowledgement(1))
    session.take(0)
    session.retry(one, 50)
    assert (session.take(49), session.next_at_ms()) == ([], 50)
    assert session.take(50) == [one]
    assert session.next_at_ms() is None


def test_an_end_completes_everything_with_its_reason():
    session = Noted()
    sent = session.put(session.acknowledgement(1))
    session.take(0)
    waiting = session.put(session.acknowledgement(2))
    error = ConnectionLostError("gone")
    session.end(error)
    late = session.put(session.acknowledgement(3))
    assert session.done == [sent, waiting, late]
    assert {each.error for each in session.done} == {error}
    assert session.outstanding() == []


def test_two_threads_lose_nothing():
    session = Noted()

    def put():
        for offset in range(2000):
            session.put(session.acknowledgement(offset, acquisition=where))

    where = Acquisition(TopicPartition("t", 0), ID, session)
    thread = threading.Thread(target=put)
    thread.start()
    taken = []
    while thread.is_alive() or session.due(0):
        taken += session.take(0)
    thread.join()
    assert sorted(offset for each in taken for offset in each.types) == list(range(2000))
    for each in taken:
        session.complete(each, InvalidRecordStateError())
    assert (len(session.done), session.outstanding()) == (len(taken), [])
