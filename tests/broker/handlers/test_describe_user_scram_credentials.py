"""SCRAM users over the wire; the rules are tested in tests/controller."""

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.describe_user_scram_credentials import (
    DescribeUserScramCredentialsRequest,
    UserName,
)
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running, running_broker

FORBIDDEN, NOT_FOUND = 31, 91


def describe(running: Running, *users: str):
    asked = [UserName(name=user) for user in users] or None
    return running.wire().ask(DescribeUserScramCredentialsRequest(users=asked), 0)


def test_users_that_the_settings_added_and_keep(tmp_path):
    users = (
        "SCRAM-SHA-256=[name=alice,password=x,iterations=8192],SCRAM-SHA-512=[name=bob,password=y]"
    )
    for _ in range(2):
        with running_broker(tmp_path, logcore_add_scram=users) as running:
            response = describe(running)
            assert response.error_code == 0
            found = {
                each.user: [(info.mechanism, info.iterations) for info in each.credential_infos]
                for each in response.results
            }
            assert found == {"alice": [(1, 8192)], "bob": [(2, 4096)]}
            (unknown,) = describe(running, "carol").results
            assert unknown.error_code == NOT_FOUND


def test_who_may_not_describe_the_cluster(broker: Running):
    with refusing(broker, on_cluster(Operation.DESCRIBE)):
        response = describe(broker)
        assert (response.error_code, response.results) == (FORBIDDEN, [])
