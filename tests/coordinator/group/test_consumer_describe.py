"""What ConsumerGroupDescribe tells."""

from tests.coordinator.group.actors import GROUP
from tests.coordinator.group.consumers import Client, ConsumerCluster, settle
from tests.coordinator.group.test_consumer_classic import Classic


def partitions(assignment):
    return {each.topic_name: each.partitions for each in assignment.topic_partitions}


def test_a_group_and_its_members():
    cluster = ConsumerCluster({"foo": 4})
    new = Client(cluster, "new", "foo", regex="f.*", instance_id="i", rack_id="r", assignor="range")
    old = Classic(cluster, "foo")
    settle(new)
    settle(new, old)
    found = cluster.service.describe_consumer_group(GROUP)
    assert (found.error_code, found.group_state, found.assignor_name) == (0, "Stable", "range")
    assert found.group_epoch == found.assignment_epoch == new.epoch
    first, second = sorted(found.members, key=lambda each: each.member_id != "new")
    assert (first.member_id, first.instance_id, first.rack_id) == ("new", "i", "r")
    assert (first.client_id, first.client_host) == ("client", "/127.0.0.1")
    assert (first.subscribed_topic_names, first.subscribed_topic_regex) == (["foo"], "f.*")
    assert partitions(first.assignment) == partitions(first.target_assignment) == new.owned
    assert (first.member_type, second.member_type) == (1, 0)
    assert first.assignment.topic_partitions[0].topic_id == cluster.id("foo")


def test_what_is_and_what_is_to_be():
    cluster = ConsumerCluster({"foo": 4})
    settle(Client(cluster, "a", "foo"))
    Client(cluster, "b", "foo").beat()
    found = cluster.service.describe_consumer_group(GROUP)
    assert found.group_state == "Reconciling"
    assert [partitions(each.assignment) for each in found.members] == [{"foo": [0, 1, 2, 3]}, {}]
    targets = [partitions(each.target_assignment) for each in found.members]
    assert targets == [{"foo": [0, 1]}, {"foo": [2, 3]}]


def test_topics_that_are_gone_are_left_out():
    cluster = ConsumerCluster({"foo": 4})
    settle(Client(cluster, "a", "foo"))
    cluster.delete("foo")
    (member,) = cluster.service.describe_consumer_group(GROUP).members
    assert partitions(member.assignment) == {}


def test_groups_that_are_not_there_or_of_another_kind():
    cluster = ConsumerCluster()
    found = cluster.service.describe_consumer_group("none")
    assert (found.error_code, found.error_message) == (69, "Group none not found.")
    cluster.join_with_id()
    found = cluster.service.describe_consumer_group(GROUP)
    assert (found.error_code, found.error_message) == (69, "Group g is not a consumer group.")


def test_describe_groups_does_not_know_consumer_groups():
    cluster = ConsumerCluster({"foo": 4})
    settle(Client(cluster, "a", "foo"))
    (found,) = cluster.service.describe_groups([GROUP], 6)
    assert found.error_code == 69
    (found,) = cluster.service.describe_groups([GROUP], 5)
    assert (found.error_code, found.group_state) == (0, "Dead")
