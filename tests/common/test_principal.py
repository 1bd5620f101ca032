"""A principal is its type and name, however it logged in."""

from logcore.common.principal import ANONYMOUS, Principal


def test_a_token_makes_no_other_principal():
    alice = Principal("User", "alice")
    assert alice == Principal("User", "alice", has_token=True)
    assert hash(alice) == hash(Principal("User", "alice", has_token=True))
    assert alice != Principal("Group", "alice")


def test_it_is_written_as_kafka_writes_it():
    assert str(ANONYMOUS) == "User:ANONYMOUS"
