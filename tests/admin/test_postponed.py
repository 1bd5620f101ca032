"""What a quota puts off is asked for again; what is done is not."""

import pytest

from logcore.admin.admin import Admin
from logcore.common.errors import (
    InvalidTopicError,
    ThrottlingQuotaExceededError,
    TopicAuthorizationFailedError,
)
from logcore.testing.local_broker import LocalBroker

QUICK = {"retry_backoff_ms": 1, "default_api_timeout_ms": 400}


def test_put_off_until_it_may_be_done(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker
    broker.faults.fail("CreateTopics", ThrottlingQuotaExceededError, times=2)
    with Admin(broker.bootstrap_servers, retry_backoff_ms=1) as admin:
        results = admin.topics.create("orders", "no spaces please")
        assert list(results.succeeded) == ["orders"]
        assert isinstance(results.errors["no spaces please"], InvalidTopicError)
        broker.faults.fail("CreatePartitions", ThrottlingQuotaExceededError)
        assert admin.topics.add_partitions({"orders": 2})["orders"] is None
        broker.faults.fail("DeleteTopics", ThrottlingQuotaExceededError)
        assert admin.topics.delete("orders")["orders"] is None
    assert broker.faults.struck_count == 4


def test_put_off_for_too_long_is_a_result(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker
    broker.faults.fail("CreateTopics", ThrottlingQuotaExceededError, times=None)
    with Admin(broker.bootstrap_servers, **QUICK) as admin:
        errors = admin.topics.create("orders").errors
        assert isinstance(errors["orders"], ThrottlingQuotaExceededError)


def test_what_is_refused_is_not_asked_again(logcore_fresh_broker: LocalBroker) -> None:
    broker = logcore_fresh_broker
    broker.faults.fail("CreateTopics", TopicAuthorizationFailedError)
    with Admin(broker.bootstrap_servers) as admin, pytest.raises(TopicAuthorizationFailedError):
        admin.topics.create("orders").raise_for_errors()
