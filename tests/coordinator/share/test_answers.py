"""Answers about single keys, put together."""

from dataclasses import dataclass

from logcore.common.deferred import Deferred
from logcore.common.errors import FencedStateEpochError, UnknownServerError
from logcore.coordinator.share.answers import answered, each, failure
from logcore.coordinator.share.state import ShareKey
from tests.coordinator.share.bench import KEY, OTHER, TOPIC


@dataclass
class Asked:
    partition: int


@dataclass
class Topic:
    topic_id: bytes
    partitions: list[Asked]


def ask(topics: list[Topic], group: str = "g") -> Deferred[list[tuple[bytes, list[str]]]]:
    def one(key: ShareKey, asked: Asked) -> Deferred[str]:
        assert key.partition == asked.partition
        return Deferred.of(f"{key.group_id}{key.partition}")

    return each(group, topics, one, lambda topic_id, partitions: (topic_id, partitions))


def test_results_come_in_the_order_asked():
    topics = [Topic(OTHER, [Asked(3), Asked(1)]), Topic(TOPIC, [Asked(0)])]
    assert ask(topics).value() == [(OTHER, ["g3", "g1"]), (TOPIC, ["g0"])]


def test_what_cannot_be_asked_is_answered_with_nothing():
    assert ask([Topic(TOPIC, [Asked(0)])], group="").value() == []
    assert ask([Topic(TOPIC, [Asked(0)]), Topic(OTHER, [])]).value() == []
    assert ask([]).value() == []


def test_a_value_or_the_error():
    good: Deferred[int] = Deferred.of(3)
    assert answered(good, str, lambda _: "bad").value() == "3"
    for error, code in ((FencedStateEpochError(), 124), (ValueError(), UnknownServerError.code)):
        bad: Deferred[int] = Deferred.failed(error)
        assert answered(bad, str, lambda error: str(error.code)).value() == str(code)


def test_a_failure_says_which_and_why():
    assert failure(KEY, FencedStateEpochError("old")) == {
        "partition": 0, "error_code": 124, "error_message": "old",
    }  # fmt: skip
    assert failure(KEY, FencedStateEpochError())["error_message"] is None
