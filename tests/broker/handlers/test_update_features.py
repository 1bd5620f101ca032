"""Features over the wire; the rules are tested in tests/controller."""

import pytest

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.update_features import FeatureUpdateKey, UpdateFeaturesRequest
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running, running_broker

FORBIDDEN, INVALID_UPDATE = 31, 95


def ask(running: Running, feature: str, level: int, version: int, **rest):
    fields = {"upgrade_type": rest.pop("kind", 1)} if version else {}
    update = FeatureUpdateKey(feature=feature, max_version_level=level, **fields)
    return running.wire().ask(UpdateFeaturesRequest(feature_updates=[update], **rest), version)


@pytest.mark.parametrize("version", range(3))
def test_in_every_version(broker: Running, version: int):
    response = ask(broker, "group.version", 1, version)
    assert (response.error_code, response.error_message) == (0, None)
    assert [each.feature for each in response.results] == (["group.version"] if version < 2 else [])
    refused = ask(broker, "unknown.version", 1, version)
    assert (refused.error_code, refused.results) == (INVALID_UPDATE, [])
    assert "unknown.version" in refused.error_message


def test_a_level_is_put_in_force_and_stays_so(tmp_path):
    with running_broker(tmp_path) as running:
        assert ask(running, "group.version", 0, 2, kind=2, validate_only=True).error_code == 0
        assert running.broker.parts.controller.image.features["group.version"] == 1
        assert ask(running, "group.version", 0, 2, kind=2).error_code == 0
    with running_broker(tmp_path) as running:
        assert "group.version" not in running.broker.parts.controller.image.features


def test_who_may_not_alter_the_cluster(broker: Running):
    with refusing(broker, on_cluster(Operation.ALTER)):
        assert ask(broker, "group.version", 1, 2).error_code == FORBIDDEN
