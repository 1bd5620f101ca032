"""Which resources a request may touch."""

from typing import Any

import pytest

from logcore.broker.authorizer import AllowAll, Operation
from logcore.broker.config.access import check_allowed, check_name
from logcore.common.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidRequestError,
    InvalidTopicError,
    TopicAuthorizationFailedError,
)
from logcore.common.types import override

TOPIC, BROKER, LOGGER, METRICS, GROUP = 2, 4, 8, 16, 32


ANYBODY: Any = None


class AllowNothing(AllowAll):
    @override
    def allows(self, *_: object, **__: object) -> bool:
        return False


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (TOPIC, TopicAuthorizationFailedError),
        (GROUP, GroupAuthorizationFailedError),
        (BROKER, ClusterAuthorizationFailedError),
        (LOGGER, ClusterAuthorizationFailedError),
        (METRICS, ClusterAuthorizationFailedError),
    ],
)
def test_who_may_not_is_told_so_by_type(kind, error):
    check_allowed(AllowAll(), ANYBODY, Operation.ALTER_CONFIGS, (kind, "x"))
    with pytest.raises(error):
        check_allowed(AllowNothing(), ANYBODY, Operation.ALTER_CONFIGS, (kind, "x"))


def test_an_unknown_type():
    with pytest.raises(InvalidRequestError, match="type 3"):
        check_allowed(AllowAll(), ANYBODY, Operation.DESCRIBE_CONFIGS, (3, "x"))


@pytest.mark.parametrize("resource", [(TOPIC, "t"), (BROKER, ""), (BROKER, "1"), (LOGGER, "1")])
def test_names_that_are_fine(resource):
    check_name(resource, "1")


@pytest.mark.parametrize(
    ("resource", "error"),
    [
        ((TOPIC, ""), InvalidRequestError),
        ((TOPIC, "a/b"), InvalidTopicError),
        ((BROKER, "2"), InvalidRequestError),
        ((BROKER, "x"), InvalidRequestError),
        ((LOGGER, ""), InvalidRequestError),
    ],
)
def test_names_that_are_not(resource, error):
    with pytest.raises(error):
        check_name(resource, "1")
