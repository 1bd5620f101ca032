"""Fetch sessions: what is said, and what a broker that follows the protocol remembers of it."""

import random

from hypothesis import given
from hypothesis import strategies as st

from logcore.client.positions import TopicPartition
from logcore.consumer.fetch_session import EPOCH_MAX, FetchSession, Wanted, has_ids

ID = bytes(15) + b"\x01"


def want(offset, topic_id=ID):
    return Wanted(topic_id, offset, 0, 1000)


def place(number):
    return TopicPartition("t", number)


def offsets(topics):
    return {part.partition: part.fetch_offset for topic in topics for part in topic.partitions}


def test_the_first_request_says_everything_and_the_next_what_changed():
    session = FetchSession()
    topics, gone = session.next({place(0): want(5), place(1): want(6)})
    assert (session.session_id, session.epoch, offsets(topics), gone) == (0, 0, {0: 5, 1: 6}, [])
    session.answered(77)
    topics, gone = session.next({place(0): want(9), place(1): want(6)})
    assert (session.session_id, session.epoch, offsets(topics), gone) == (77, 1, {0: 9}, [])
    session.answered(77)
    topics, gone = session.next({place(1): want(6)})
    assert (session.epoch, offsets(topics), gone[0].partitions) == (2, {}, [0])


def test_a_topic_that_was_created_anew_is_forgotten_under_its_old_id():
    session = FetchSession()
    session.next({place(0): want(5)})
    session.answered(7)
    other = bytes(15) + b"\x02"
    topics, gone = session.next({place(0): want(0, other)})
    assert (topics[0].topic_id, gone[0].topic_id) == (other, ID)


def test_without_a_session_and_after_an_error_everything_is_said_again():
    session = FetchSession()
    session.next({place(0): want(5)})
    session.answered(0)
    assert (session.epoch, offsets(session.next({place(0): want(5)})[0])) == (0, {0: 5})
    session.answered(7)
    session.reset()
    assert offsets(session.next({place(0): want(5)})[0]) == {0: 5}


def test_epochs_wrap_to_one():
    session = FetchSession()
    session.next({})
    session.answered(7)
    session.epoch = EPOCH_MAX
    session.answered(7)
    assert session.epoch == 1


@given(seed=st.integers(0, 10_000))
def test_a_broker_that_remembers_knows_what_is_wanted(seed):
    chance = random.Random(seed)
    session = FetchSession()
    remembered: dict[int, int] = {}
    for _ in range(20):
        wanted = {place(number): want(chance.randrange(3)) for number in range(chance.randrange(5))}
        topics, gone = session.next(wanted)
        if session.epoch == 0:
            remembered = {}
        for topic in gone:
            for number in topic.partitions:
                del remembered[number]
        remembered |= offsets(topics)
        assert remembered == {number: each.offset for (_, number), each in wanted.items()}
        if chance.random() < 0.2:
            session.reset()
        else:
            session.answered(5)


def test_ids_are_known_or_not():
    assert has_ids({place(0): want(1)})
    assert not has_ids({place(0): want(1, bytes(16))})
