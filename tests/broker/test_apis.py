"""The table of APIs agrees with Kafka's own table and with the messages."""

import pytest

from logcore.broker.apis import APIS, Api
from logcore.protocol.api_keys import ApiKey

EVERY = list(APIS.values())


@pytest.mark.parametrize("api", EVERY, ids=[api.name for api in EVERY])
def test_a_row_has_its_handler_and_its_messages(api: Api):
    assert callable(api.handle())
    for message in (api.request_class(), api.response_class()):
        first, last = message.VERSIONS
        assert first <= api.first_decoded
        assert api.max_version <= last
        assert api.key == message.API_KEY


def test_names_are_kafkas():
    assert APIS[ApiKey.OFFSET_FOR_LEADER_EPOCH].name == "OffsetForLeaderEpoch"
    assert APIS[ApiKey.PRODUCE].first_decoded == 3
    assert APIS[ApiKey.FETCH].first_decoded == 4


def test_the_produce_minimum_reads_zero_for_librdkafka():
    assert APIS[ApiKey.PRODUCE].min_version == 0
