"""Which subject a schema has, as Confluent's strategies say."""

import pytest

from logcore.common.config import ConfigError
from logcore.common.errors import UnfitValueError
from logcore.serialization.subjects import STRATEGIES, strategy_of


@pytest.mark.parametrize(
    ("strategy", "is_key", "subject"),
    [
        ("TopicNameStrategy", False, "orders-value"),
        ("TopicNameStrategy", True, "orders-key"),
        ("RecordNameStrategy", True, "shop.Order"),
        ("TopicRecordNameStrategy", False, "orders-shop.Order"),
        ("io.confluent.kafka.serializers.subject.RecordNameStrategy", False, "shop.Order"),
    ],
)
def test_names(strategy, is_key, subject):
    assert strategy_of(strategy)("orders", is_key, "shop.Order") == subject


def test_a_schema_without_a_name():
    assert STRATEGIES["TopicNameStrategy"]("orders", False, None) == "orders-value"
    for name in ("RecordNameStrategy", "TopicRecordNameStrategy"):
        with pytest.raises(UnfitValueError, match="TopicNameStrategy"):
            STRATEGIES[name]("orders", True, None)


def test_a_function_is_a_strategy():
    assert strategy_of(lambda topic, *_: topic)("orders", False, None) == "orders"


def test_an_unknown_name():
    with pytest.raises(ConfigError, match="RecordNameStrategy") as caught:
        strategy_of("RecordNameStrategie")
    assert caught.value.key == "subject.name.strategy"
