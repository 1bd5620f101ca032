"""Features: up, down on request, and metadata.version never."""

import pytest

from logcore.common.errors import InvalidRequestError, InvalidUpdateVersionError
from logcore.controller.features import INITIAL, SUPPORTED, decide_features
from logcore.protocol.internal.metadata import FeatureLevelRecord
from logcore.protocol.messages.update_features import FeatureUpdateKey, UpdateFeaturesRequest
from tests.controller.building import image

START = image(features={"metadata.version": 30, "group.version": 1})
UP, SAFE, UNSAFE = 1, 2, 3


def decide(*updates, validate_only=False, version=2, start=START):
    request = UpdateFeaturesRequest(
        feature_updates=[
            FeatureUpdateKey(feature=name, max_version_level=level, upgrade_type=kind)
            for name, level, kind in updates
        ],
        validate_only=validate_only,
    )
    return decide_features(start, request, version)


def test_what_is_in_force_at_first_is_supported():
    for name, level in INITIAL.items():
        first, last = SUPPORTED[name]
        assert first <= level <= last


def test_a_level_that_is_in_force_changes_nothing():
    records, response = decide(("group.version", 1, UP), ("metadata.version", 30, SAFE))
    assert records == []
    assert (response.error_code, response.error_message) == (0, None)
    assert [each.feature for each in response.results] == ["group.version", "metadata.version"]


def test_a_feature_goes_down_if_it_is_asked_to():
    for kind in (SAFE, UNSAFE):
        records, response = decide(("group.version", 0, kind))
        assert response.error_code == 0
        assert records == [FeatureLevelRecord(name="group.version", feature_level=0)]


def test_a_feature_goes_up():
    start = image(features={"metadata.version": 30})
    records, _ = decide(("group.version", 1, UP), start=start)
    assert records == [FeatureLevelRecord(name="group.version", feature_level=1)]


def test_a_request_that_is_only_checked_makes_no_records():
    records, response = decide(("group.version", 0, SAFE), validate_only=True)
    assert (records, response.error_code) == ([], 0)


@pytest.mark.parametrize(
    "update",
    [
        ("unknown.version", 1, UP),
        ("group.version", 2, UP),
        ("group.version", -1, SAFE),
        ("group.version", 0, UP),
        ("group.version", 0, 0),
        ("group.version", 0, 9),
        ("metadata.version", 31, UP),
        ("metadata.version", 29, UP),
        ("metadata.version", 29, SAFE),
        ("metadata.version", 29, UNSAFE),
        ("metadata.version", 0, SAFE),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_one_refused_feature_refuses_all(update, version):
    records, response = decide(("group.version", 0, SAFE), update, version=version)
    if update[0] != "group.version":
        assert response.error_code == InvalidUpdateVersionError.code
        assert update[0] in response.error_message
    assert response.error_code
    assert (records, response.results) == ([], [])


def test_a_downgrade_is_no_way_up():
    start = image(features={"metadata.version": 30})
    _, response = decide(("group.version", 1, SAFE), start=start)
    assert response.error_code == InvalidUpdateVersionError.code


def test_a_feature_named_twice_is_refused():
    _, response = decide(("group.version", 1, UP), ("group.version", 1, UP))
    assert response.error_code == InvalidRequestError.code


def test_version_0_knows_one_kind_of_downgrade():
    update = FeatureUpdateKey(feature="group.version", max_version_level=0)
    request = UpdateFeaturesRequest(feature_updates=[update])
    _, response = decide_features(START, request, 0)
    assert response.error_code == InvalidUpdateVersionError.code
    update.allow_downgrade = True
    records, response = decide_features(START, request, 0)
    assert (len(records), response.error_code) == (1, 0)
