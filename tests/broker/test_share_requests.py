"""What both requests of share groups check: the feature, the group, the member, the topics."""

import pytest

from logcore.broker.share.share_partitions import SHARE_VERSION
from logcore.broker.share_requests import session_key
from logcore.common.errors import InvalidRequestError, UnsupportedVersionError
from tests.broker.handlers.asking import produce
from tests.broker.handlers.sharing import Sharer, share_group, topic_id_of
from tests.broker.handlers.test_share_fetch import TEN
from tests.broker.running import Running


class Refusing:
    """An authorizer that knows some names as forbidden."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def allows(self, _context: object, _operation: object, _kind: object, name: str = "") -> bool:
        return name not in self.names


@pytest.mark.parametrize("member", [None, "", "x" * 37])
def test_members_that_cannot_be(broker: Running, member: str | None):
    with pytest.raises(InvalidRequestError):
        session_key(broker.broker.parts, None, "g", member)  # type: ignore[arg-type]  # not asked


def test_groups_that_cannot_be(broker: Running):
    with pytest.raises(InvalidRequestError):
        session_key(broker.broker.parts, None, None, "m")  # type: ignore[arg-type]  # not asked


def test_share_groups_may_be_turned_off(broker: Running):
    assert broker.broker.parts.controller.image.features[SHARE_VERSION] == 1
    image = type("Image", (), {"features": {}})()
    parts = type("Parts", (), {"controller": type("Controller", (), {"image": image})()})()
    with pytest.raises(UnsupportedVersionError):
        session_key(parts, None, "g", "m")  # type: ignore[arg-type]  # not asked


def test_what_may_not_be_read(broker: Running, monkeypatch: pytest.MonkeyPatch):
    topic = broker.topic()
    produce(broker.wire(), topic, TEN)
    group = share_group(broker, topic)
    one = Sharer(broker.wire(), group, topic_id_of(broker, topic))
    assert one.acquire() == [(0, 9, 1)]
    parts = broker.broker.parts
    monkeypatch.setattr(parts, "authorizer", Refusing(topic))
    assert one.fetch().responses[0].partitions[0].error_code == 29
    answer = one.fetch({0: [(0, 9, [1])]})
    assert answer.responses[0].partitions[0].acknowledge_error_code == 29
    monkeypatch.setattr(parts, "authorizer", Refusing(group))
    assert one.fetch().error_code == 30
