"""The synchronous client: the parts wait for their twins, and closing ends everything."""

import threading

import pytest

from logcore.admin.admin import Admin
from logcore.common.config import ConfigError
from logcore.common.errors import ClientClosedError, ClientTimeoutError, SecurityDisabledError
from logcore.testing.local_broker import LocalBroker

PARTS = [
    "topics", "configs", "groups", "share_groups", "offsets", "transactions", "acls", "users",
    "quotas", "cluster", "replicas", "quorum", "tokens",
]  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_each_part_has_all_of_its_twin(our_admin: Admin, name: str) -> None:
    part = getattr(our_admin, name)
    wanted = {method for method in vars(type(part.core)) if not method.startswith("_")}
    assert wanted == {method for method in vars(type(part)) if not method.startswith("_")}


def test_closing_ends_its_thread() -> None:
    with LocalBroker() as broker:
        before = threading.active_count()
        admin = Admin(broker.bootstrap_servers)
        assert admin.topics.list() == []
        admin.close()
        admin.close()
        assert threading.active_count() == before
        with pytest.raises(ClientClosedError):
            admin.topics.list()


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigError, match=r"request\.timeout\.ms"):
        Admin("localhost:9", reqest_timeout_ms=5)


def test_nobody_there_is_said_in_time() -> None:
    with (
        Admin("127.0.0.1:9", default_api_timeout_ms=500) as admin,
        pytest.raises(ClientTimeoutError, match=r"127\.0\.0\.1:9"),
    ):
        admin.topics.list()


def test_waiting_until_somebody_is_there() -> None:
    with LocalBroker() as broker, Admin(broker.bootstrap_servers) as admin:
        admin.reach()
        broker.stop()
        with pytest.raises(ClientTimeoutError, match=r"could not reach the cluster in 0\.2 s"):
            admin.reach(0.2)
        starting = threading.Timer(0.3, broker.start)
        starting.start()
        admin.reach(timeout_s=30)
        starting.join()
        assert admin.topics.list() == []


def test_rules_need_an_authorizer(our_admin: Admin) -> None:
    with pytest.raises(SecurityDisabledError):
        our_admin.acls.describe()
