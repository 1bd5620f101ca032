"""Sessions of members, and what is left when they end."""

from tests.coordinator.group.share.sharing import SESSION_MS, ShareCluster


def test_who_is_silent_goes():
    cluster = ShareCluster({"foo": 4})
    cluster.join("m", "foo")
    cluster.join("n", "foo")
    epoch = cluster.group().epoch
    cluster.scheduler.advance(SESSION_MS - 1)
    cluster.beat("m", cluster.group().members["m"].epoch)
    cluster.scheduler.advance(2)
    assert list(cluster.group().members) == ["m"]
    assert cluster.group().epoch == epoch + 1
    response = cluster.beat("m", cluster.group().members["m"].epoch)
    assert cluster.told(response) == {"foo": [0, 1, 2, 3]}


def test_the_last_one_leaves_an_empty_group_that_stays():
    cluster = ShareCluster({"foo": 4})
    cluster.join("m", "foo")
    cluster.scheduler.advance(SESSION_MS + 1)
    assert cluster.group().is_empty
    cluster.scheduler.advance(30 * 86_400_000)
    assert cluster.group().state_name == "Empty"
    assert cluster.has_state("foo", 3)


def test_a_session_ends_with_leaving():
    cluster = ShareCluster({"foo": 1})
    cluster.join("m", "foo")
    cluster.leave("m")
    count = len(cluster.log.partitions[0])
    cluster.scheduler.advance(2 * SESSION_MS)
    assert len(cluster.log.partitions[0]) == count


def test_members_that_were_loaded_have_a_sessions_time():
    cluster = ShareCluster({"foo": 1})
    cluster.join("m", "foo")
    cluster.crash()
    cluster.scheduler.advance(SESSION_MS - 1)
    assert "m" in cluster.group().members
    cluster.scheduler.advance(2)
    assert cluster.group().is_empty


def test_the_session_of_a_group_may_be_set_for_it_alone():
    cluster = ShareCluster({"foo": 1})
    cluster.group_config["share.session.timeout.ms"] = "50000"
    cluster.join("m", "foo")
    cluster.scheduler.advance(SESSION_MS + 1)
    assert "m" in cluster.group().members
    cluster.scheduler.advance(5_000)
    assert cluster.group().is_empty
