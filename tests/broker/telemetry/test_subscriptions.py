"""Subscriptions: for whom, of what, how often."""

import pytest

from logcore.broker.telemetry.subscriptions import ClientFacts, Subscription, wanted

FACTS = ClientFacts("AAAA", "orders-1", "apache-kafka-java", "4.3.1", "10.0.0.7", "4711")


@pytest.mark.parametrize(
    ("match", "is_for"),
    [
        ("", True),
        ("client_id=orders-.*", True),
        ("client_id=orders", False),
        ("client_id=.*,client_software_version=4\\..*", True),
        ("client_id=.*,client_software_version=3\\..*", False),
        ("client_source_address=10\\.0\\.0\\.7,client_source_port=47..", True),
        ("client_instance_id=AAAA,client_software_name=apache-kafka-java", True),
        ("client_instance_id=BBBB", False),
    ],
)
def test_whom_it_is_for(match: str, is_for: bool):
    assert Subscription.of({"match": match}).is_for(FACTS) is is_for


def test_what_is_wanted_is_that_of_all_subscriptions_for_a_client():
    subscriptions = [
        Subscription.of({"metrics": "a.,b.", "interval.ms": "60000"}),
        Subscription.of({"metrics": "b., c.", "interval.ms": "5000"}),
        Subscription.of({"metrics": "d.", "interval.ms": "100", "match": "client_id=other"}),
    ]
    found = wanted(subscriptions, FACTS)
    assert (found.metrics, found.interval_ms) == (("a.", "b.", "c."), 5000)


def test_all_metrics_include_the_others():
    assert wanted([Subscription.of({"metrics": "*,a."})], FACTS).metrics == ("*",)


def test_without_subscriptions_nothing_is_wanted_every_five_minutes():
    found = wanted([], FACTS)
    assert (found.metrics, found.interval_ms) == ((), 300_000)


def test_the_number_of_a_subscription_differs_with_all_that_it_is_of():
    one = wanted([Subscription.of({"metrics": "a."})], FACTS)
    other = wanted([Subscription.of({"metrics": "a.", "interval.ms": "100"})], FACTS)
    numbers = {each.subscription_id(name * 16) for each in (one, other) for name in (b"x", b"y")}
    assert len(numbers) == 4
    assert one.subscription_id(b"x" * 16) == one.subscription_id(b"x" * 16)
    assert all(-(2**31) <= each < 2**31 for each in numbers)
