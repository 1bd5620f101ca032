"""Internal topics of streams groups: asked for once at a time, failures remembered for a while."""

from types import SimpleNamespace
from typing import Any

import pytest

from logcore.broker.streams_topics import FAILURES_MAX, StreamsTopics
from logcore.common.deferred import Deferred
from logcore.protocol.messages.create_topics import (
    CreatableTopic,
    CreatableTopicResult,
    CreateTopicsResponse,
)

RETRY_MS = 10_000


class Creator:
    """A controller that answers when a test says so."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.answers: list[Deferred[CreateTopicsResponse]] = []

    def create_topics(self, request):
        self.asked.append([topic.name for topic in request.topics])
        self.answers.append(Deferred())
        return self.answers[-1]


def named(*names):
    return {name: CreatableTopic(name=name) for name in names}


def response(**codes):
    return CreateTopicsResponse(
        topics=[
            CreatableTopicResult(name=name, error_code=code, error_message=f"why {name}")
            for name, code in codes.items()
        ]
    )


@pytest.fixture
def bench():
    creator: Any = Creator()
    topics = StreamsTopics()

    def create(*names, now_ms=0):
        topics.create(creator, named(*names), now_ms, retry_ms=RETRY_MS)

    return SimpleNamespace(creator=creator, topics=topics, create=create)


def test_a_topic_is_asked_for_once_at_a_time(bench):
    bench.create("a", "b")
    bench.create("a", "c")
    bench.create("a")
    assert bench.creator.asked == [["a", "b"], ["c"]]
    bench.creator.answers[0].complete(response(a=0, b=36))
    assert bench.topics.failures(["a", "b"]) == ""
    bench.create("a")
    assert bench.creator.asked[2:] == [["a"]]


def test_what_failed_is_told_and_tried_again_in_its_time(bench):
    bench.create("a", "b")
    bench.creator.answers[0].complete(response(a=0, b=38))
    assert bench.topics.failures(["a", "b"]) == "b (why b)"
    bench.create("b", now_ms=RETRY_MS - 1)
    assert len(bench.creator.asked) == 1
    bench.create("b", now_ms=RETRY_MS)
    assert bench.creator.asked[1:] == [["b"]]
    assert bench.topics.failures(["b"]) == ""


def test_all_fail_together(bench):
    bench.create(*"abcde")
    bench.creator.answers[0].fail(OSError("disk"))
    assert bench.topics.failures("abcde") == "a (disk), b (disk), c (disk) and 2 more"


def test_not_everything_is_remembered(bench):
    names = [f"t{index}" for index in range(FAILURES_MAX + 5)]
    bench.create(*names)
    bench.creator.answers[0].fail(OSError("disk"))
    assert bench.topics.failures(names).endswith(f"and {FAILURES_MAX - 3} more")
