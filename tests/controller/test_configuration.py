"""Changes of settings: set, delete, append, subtract, replace; and who has none."""

import pytest

from logcore.common.errors import (
    BrokerIdNotRegisteredError,
    InvalidConfigError,
    InvalidRequestError,
    UnknownTopicOrPartitionError,
)
from logcore.controller.configuration import (
    ConfigChange,
    ConfigOperation,
    KeyChange,
    check_existence,
    decide_changes,
)
from tests.controller.building import Rules, image, replayed, topic

SET, DELETE = ConfigOperation.SET, ConfigOperation.DELETE
APPEND, SUBTRACT = ConfigOperation.APPEND, ConfigOperation.SUBTRACT
START = image(
    [topic("t"), topic("u", number=2)],
    configs={(2, "t"): {"retention.ms": "5", "cleanup.policy": "compact"}},
)


def change(*changes, kind=2, name="t", is_replacement=False):
    return ConfigChange(kind, name, [KeyChange(*each) for each in changes], is_replacement)


def decide(*changes):
    return decide_changes(START, changes, Rules())


def after(*changes):
    """Return what is set of topic t after a change that has to be accepted."""
    records, outcomes = decide(change(*changes))
    assert [outcome.error for outcome in outcomes] == [None]
    return replayed(records, START).topic_configs("t")


def refusal(*changes):
    """Return the class of the error of a change that has to be refused."""
    records, [outcome] = decide(change(*changes))
    assert records == []
    return type(outcome.error)


def test_a_setting_is_set_and_the_others_stay():
    assert after(("retention.ms", SET, "6")) == {"retention.ms": "6", "cleanup.policy": "compact"}
    assert after(("segment.bytes", SET, "1"))["segment.bytes"] == "1"


def test_a_setting_is_deleted():
    assert after(("retention.ms", DELETE)) == {"cleanup.policy": "compact"}
    assert after(("retention.ms", DELETE), ("cleanup.policy", DELETE)) == {}


def test_nothing_is_recorded_that_changes_nothing():
    records, _ = decide(change(("retention.ms", SET, "5"), ("segment.bytes", DELETE)))
    assert records == []


def test_lists_are_appended_to_and_subtracted_from():
    assert after(("cleanup.policy", APPEND, "delete"))["cleanup.policy"] == "compact,delete"
    assert after(("cleanup.policy", APPEND, "compact"))["cleanup.policy"] == "compact"
    assert after(("cleanup.policy", SUBTRACT, "compact"))["cleanup.policy"] == ""
    assert after(("cleanup.policy", SUBTRACT, "other"))["cleanup.policy"] == "compact"
    assert after(("cleanup.policy", APPEND, "delete, compact"))["cleanup.policy"] == (
        "compact,delete"
    )


def test_a_list_that_is_not_set_begins_with_its_default():
    records, _ = decide(change(("cleanup.policy", APPEND, "compact"), name="u"))
    assert replayed(records, START).topic_configs("u") == {"cleanup.policy": "delete,compact"}


def test_what_is_refused():
    assert refusal(("nonsense", SET, "1")) is InvalidConfigError
    assert refusal(("retention.ms", SET, "soon")) is InvalidConfigError
    assert refusal(("retention.ms", APPEND, "1")) is InvalidConfigError
    assert refusal(("retention.ms", SUBTRACT, "1")) is InvalidConfigError
    assert refusal(("retention.ms", SET, None)) is InvalidRequestError
    assert refusal(("retention.ms", SET, "1"), ("retention.ms", DELETE)) is InvalidRequestError


def test_a_change_is_made_in_full_or_not_at_all():
    assert refusal(("retention.ms", SET, "6"), ("nonsense", SET, "1")) is InvalidConfigError


def test_resources_stand_or_fall_alone():
    records, outcomes = decide(
        change(("nonsense", SET, "1")), change(("retention.ms", SET, "9"), name="u")
    )
    assert [(each.key, type(each.error)) for each in outcomes] == [
        ((2, "t"), InvalidConfigError),
        ((2, "u"), type(None)),
    ]
    assert [record.resource_name for record in records] == ["u"]


def test_a_resource_named_twice_is_refused_once():
    records, [outcome] = decide(change(("retention.ms", SET, "9")), change())
    assert isinstance(outcome.error, InvalidRequestError)
    assert records == []


def test_a_replacement_takes_back_what_it_does_not_name():
    records, _ = decide(change(("segment.bytes", SET, "7"), is_replacement=True))
    assert replayed(records, START).topic_configs("t") == {"segment.bytes": "7"}
    records, _ = decide(change(("retention.ms", SET, "5"), is_replacement=True))
    assert len(records) == 1


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ((2, "nope"), UnknownTopicOrPartitionError),
        ((2, ""), UnknownTopicOrPartitionError),
        ((4, "2"), BrokerIdNotRegisteredError),
        ((4, "one"), InvalidRequestError),
        ((16, ""), InvalidRequestError),
        ((32, ""), InvalidRequestError),
        ((8, "1"), InvalidRequestError),
        ((0, "t"), InvalidRequestError),
        ((3, "t"), InvalidRequestError),
    ],
)
def test_resources_without_settings(key, error):
    with pytest.raises(error):
        check_existence(START, key)


@pytest.mark.parametrize("key", [(2, "t"), (4, ""), (4, "1"), (16, "metrics"), (32, "group")])
def test_resources_with_settings(key):
    check_existence(START, key)
