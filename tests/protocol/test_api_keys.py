"""The table of APIs."""

import pytest

from logcore.protocol.api_keys import FLEXIBLE_FROM, ApiKey, message_classes
from logcore.protocol.field import NEVER


def test_names_and_numbers_are_kafkas():
    assert ApiKey.PRODUCE.value == 0
    assert ApiKey(18) is ApiKey.API_VERSIONS
    assert ApiKey.CONSUMER_GROUP_HEARTBEAT.value == 68
    assert ApiKey.DELETE_SHARE_GROUP_OFFSETS.value == 92
    assert not {4, 5, 6, 7} & {key.value for key in ApiKey}
    assert len(ApiKey) == 89


def test_every_api_says_when_it_became_flexible():
    assert set(FLEXIBLE_FROM) == {key.value for key in ApiKey}
    never = {key for key in ApiKey if FLEXIBLE_FROM[key] == NEVER}
    assert never == {ApiKey.SASL_HANDSHAKE, ApiKey.OFFSET_DELETE}


@pytest.mark.parametrize("key", ApiKey, ids=lambda key: key.name)
def test_every_api_has_its_messages(key):
    request, response = message_classes(key)
    assert request.__name__.endswith("Request")
    assert response.__name__.endswith("Response")
    assert request.API_KEY == response.API_KEY == key
