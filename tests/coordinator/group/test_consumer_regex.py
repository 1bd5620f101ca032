"""Subscriptions by expression: when they are resolved, and what that does to the group."""

import pytest

from tests.coordinator.group.consumers import Client, ConsumerCluster, settle, told


@pytest.fixture
def cluster():
    return ConsumerCluster({"foo": 2, "foobar": 2, "bar": 2})


def test_an_expression_is_resolved_after_the_join(cluster):
    response = cluster.join_consumer("a", topics=None, regex="foo.*")
    assert (response.error_code, response.member_epoch, told(cluster, response)) == (0, 1, {})
    cluster.scheduler.run_soon()
    group = cluster.consumer_group()
    assert group.resolved["foo.*"].topics == {"foo", "foobar"}
    assert group.epoch == 2
    response = cluster.beat("a", 1)
    assert response.member_epoch == 2
    assert told(cluster, response) == {"foo": [0, 1], "foobar": [0, 1]}


def test_names_and_an_expression_add_up(cluster):
    a = Client(cluster, "a", "bar", regex="foo")
    settle(a)
    assert a.owned == {"foo": [0, 1], "bar": [0, 1]}


@pytest.mark.parametrize("regex", ["(", "a**", "(?=a)"])
def test_what_is_no_expression_is_refused(cluster, regex):
    response = cluster.join_consumer("a", topics=None, regex=regex)
    assert response.error_code == 128
    assert f"`{regex}` is not a valid regular expression" in (response.error_message or "")
    assert not cluster.log.batches


def test_an_empty_expression_is_none(cluster):
    response = cluster.join_consumer("a", topics=None, regex="")
    assert (response.error_code, told(cluster, response)) == (0, {})


def test_a_second_member_with_the_same_expression_shares_at_once(cluster):
    a = Client(cluster, "a", topics=None, regex="foo.*")
    settle(a)
    epoch = cluster.consumer_group().epoch
    b = Client(cluster, "b", topics=None, regex="foo.*")
    assert b.beat() == 0
    assert b.epoch == epoch + 1
    settle(a, b)
    assert {**a.owned, **b.owned} == {"foo": [0, 1], "foobar": [0, 1]}


def test_another_expression_takes_effect_once_it_is_resolved(cluster):
    a = Client(cluster, "a", topics=None, regex="foo")
    settle(a)
    assert a.owned == {"foo": [0, 1]}
    assert a.beat(regex="ba.") == 0
    assert (a.owned, cluster.named(a.lost)) == ({}, {"foo": [0, 1]})
    settle(a)
    assert a.owned == {"bar": [0, 1]}
    assert set(cluster.consumer_group().resolved) == {"ba."}


def test_an_expression_that_matches_nothing_gives_up_what_the_one_before_had(cluster):
    a, b = Client(cluster, "a", topics=None, regex="ba."), Client(cluster, "b", "bar")
    settle(a, b)
    assert (len(a.owned["bar"]), len(b.owned["bar"])) == (1, 1)
    assert a.beat(regex="none.*") == 0
    settle(a, b)
    assert (a.owned, b.owned) == ({}, {"bar": [0, 1]})


def test_an_expression_that_matches_nothing_is_no_new_epoch_for_who_has_nothing(cluster):
    a = Client(cluster, "a", topics=None, regex="none.*")
    settle(a)
    assert (a.epoch, a.owned) == (1, {})


def test_giving_an_expression_up_is_a_new_epoch(cluster):
    a = Client(cluster, "a", topics=None, regex="foo")
    settle(a)
    epoch = a.epoch
    a.beat(regex="")
    settle(a)
    assert (a.epoch, a.owned) == (epoch + 1, {})
    assert cluster.consumer_group().resolved == {}


def test_an_expression_goes_with_its_last_member(cluster):
    a = Client(cluster, "a", topics=None, regex="foo.*")
    b = Client(cluster, "b", topics=None, regex="foo.*")
    settle(a, b)
    a.leave()
    assert set(cluster.consumer_group().resolved) == {"foo.*"}
    b.leave()
    assert cluster.consumer_group().resolved == {}


def test_new_topics_are_found_but_not_more_often_than_every_ten_seconds(cluster):
    a = Client(cluster, "a", topics=None, regex="foo.*")
    settle(a)
    cluster.create("foonew", 1)
    settle(a)
    assert "foonew" not in a.owned
    cluster.scheduler.advance(10_001)
    settle(a)
    assert a.owned == {"foo": [0, 1], "foobar": [0, 1], "foonew": [0]}


def test_topics_that_are_gone_are_forgotten(cluster):
    a = Client(cluster, "a", topics=None, regex="foo.*")
    settle(a)
    cluster.delete("foobar")
    settle(a)
    assert a.owned == {"foo": [0, 1]}
    cluster.scheduler.advance(10_001)
    settle(a)
    assert cluster.consumer_group().resolved["foo.*"].topics == {"foo"}


def test_expressions_are_resolved_anew_after_the_refresh_interval():
    cluster = ConsumerCluster({"foo": 1}, group_consumer_regex_refresh_interval_ms=20_000)
    a = Client(cluster, "a", topics=None, regex="foo")
    settle(a)
    first = cluster.consumer_group().resolved["foo"].timestamp_ms
    epoch = a.epoch
    cluster.scheduler.advance(20_000)
    settle(a)
    assert cluster.consumer_group().resolved["foo"].timestamp_ms == first
    cluster.scheduler.advance(1)
    settle(a)
    assert cluster.consumer_group().resolved["foo"].timestamp_ms == first + 20_001
    assert a.epoch == epoch


def test_topics_that_the_member_may_not_know_are_left_out(cluster):
    cluster.join_consumer("a", topics=None, regex=".*", may_describe=lambda name: name != "foobar")
    cluster.scheduler.run_soon()
    assert cluster.consumer_group().resolved[".*"].topics == {"foo", "bar"}


def test_many_topics_are_gone_through_in_slices():
    cluster = ConsumerCluster({f"topic-{number:04}": 1 for number in range(3000)})
    cluster.join_consumer("a", topics=None, regex="topic-[0-9]*[02468]")
    cluster.scheduler.run_soon()
    assert len(cluster.consumer_group().resolved["topic-[0-9]*[02468]"].topics) == 1500


def test_a_crash_while_resolving_resolves_again(cluster):
    cluster.join_consumer("a", topics=None, regex="foo")
    cluster.crash()
    assert cluster.consumer_group().resolved == {}
    cluster.beat("a", 1)
    cluster.scheduler.run_soon()
    assert cluster.consumer_group().resolved["foo"].topics == {"foo"}
