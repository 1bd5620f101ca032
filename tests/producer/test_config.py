"""Settings of a producer: Kafka's keys, their defaults, and what contradicts what."""

import pytest

from logcore.common.config import ConfigError
from logcore.producer.config import PRODUCER_CONFIG, ProducerSettings


def settings(**given):
    made = ProducerSettings(PRODUCER_CONFIG, given)
    made.check()
    return made


def test_the_defaults_are_idempotent():
    made = settings()
    assert (made.acks, made.is_idempotent, made.in_flight_max) == (-1, True, 5)
    assert made.transactional_id is None
    assert made.delivery_timeout_ms == 120_000


@pytest.mark.parametrize(("text", "acks"), [("all", -1), ("-1", -1), ("0", 0), (1, 1)])
def test_acknowledgements_have_kafkas_names(text, acks):
    made = settings(acks=text)
    assert made.acks == acks
    assert made.is_idempotent is (acks == -1)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"acks": "2"}, "acks"),
        ({"acks": "1", "enable_idempotence": True}, "needs acks=all"),
        ({"acks": "0", "transactional_id": "t"}, "transactional.id"),
        ({"enable_idempotence": False, "transactional_id": "t"}, "transactional.id"),
        (
            {"enable_idempotence": True, "max_in_flight_requests_per_connection": 6},
            "5 at most",
        ),
        ({"delivery_timeout_ms": 100, "request_timeout_ms": 100}, "at least linger.ms"),
        ({"compression_type": "brotli"}, "compression.type"),
        ({"compression_gzip_level": 10}, "compression.gzip.level"),
        ({"linger_mss": 1}, r"did you mean linger\.ms"),
        ({"batch_size": "many"}, "batch.size"),
        ({"buffer_memory": 0}, "buffer.memory"),
        ({"partitioner": "murmur3"}, "partitioner"),
        ({"linger_ms": 1, "linger.ms": 2}, "given twice"),
    ],
)
def test_what_cannot_be_is_refused_in_the_words_of_what_to_change(given, problem):
    with pytest.raises(ConfigError, match=problem):
        settings(**given)


def test_more_in_flight_gives_idempotence_up_unless_it_was_asked_for():
    assert not settings(max_in_flight_requests_per_connection=6).is_idempotent


def test_a_long_linger_extends_the_time_of_a_delivery_that_was_not_given():
    assert settings(linger_ms=200_000).delivery_timeout_ms == 230_000


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ({"compression_type": "zstd"}, None),
        ({"compression_type": "zstd", "compression_zstd_level": 7}, 7),
        ({"compression_type": "zstd", "compression_gzip_level": 7}, None),
        ({"compression_type": "gzip", "compression_gzip_level": -1}, None),
        ({"compression_type": "snappy"}, None),
        ({"compression_type": "lz4", "compression_lz4_level": 3}, 3),
    ],
)
def test_the_level_is_that_of_the_codec(given, level):
    assert settings(**given).compression_level == level
