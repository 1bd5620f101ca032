"""Every API's requests can be refused, in every version, and the response names what was asked."""

from typing import Any

import pytest

from logcore.broker.apis import APIS, Api
from logcore.common.errors import InvalidArgumentError
from logcore.protocol.field import parse_versions
from logcore.protocol.messages.fetch import (
    FetchPartition,
    FetchRequest,
    FetchResponse,
    FetchTopic,
)
from logcore.protocol.messages.metadata import (
    MetadataRequest,
    MetadataRequestTopic,
    MetadataResponse,
)
from logcore.protocol.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
)
from logcore.testing.refusals import refusal_of

NOT_LEADER = 6


def exists(field: Any, version: int) -> bool:
    return version in parse_versions(field.versions)


def filled(struct: Any, version: int) -> Any:
    """Return an object of a class with one element in each array that the version has."""
    made = struct()
    for name, field in struct.FIELDS.items():
        if not field.is_array or not exists(field, version):
            continue
        if field.of is not None:
            setattr(made, name, [filled(field.of, version)])
        else:
            setattr(made, name, ["a name"] if field.kind == "string" else [7])
    return made


def codes_in(answer: Any, version: int) -> list[int]:
    """Return every error code of an answer that is not about nothing."""
    places = [name for name in ("error_code", "partition_error_code") if name in answer.FIELDS]
    found = [getattr(answer, name) for name in places if exists(answer.FIELDS[name], version)]
    for name, field in answer.FIELDS.items():
        if field.is_array and field.of is not None and exists(field, version):
            found += [
                code for one in getattr(answer, name) or () for code in codes_in(one, version)
            ]
    return found


@pytest.mark.parametrize("api", APIS.values(), ids=lambda api: api.name)
def test_each_api_can_be_refused_in_each_version(api: Api) -> None:
    for version in range(api.first_decoded, api.max_version + 1):
        request = filled(api.request_class(), version)
        try:
            response = refusal_of(request, api.response_class(), NOT_LEADER, version)
        except InvalidArgumentError:
            assert not codes_in(filled(api.response_class(), version), version), "there is a place"
            continue
        again = api.response_class().decode(response.encode_bytes(version), version)
        assert NOT_LEADER in codes_in(again, version), version


def test_a_produce_is_refused_for_each_partition() -> None:
    data = [PartitionProduceData(index=index, records=memoryview(b"")) for index in (3, 4)]
    request = ProduceRequest(topic_data=[TopicProduceData(name="t", partition_data=data)])
    response: Any = refusal_of(request, ProduceResponse, NOT_LEADER, 9)
    (topic,) = response.responses
    assert topic.name == "t"
    assert [(one.index, one.error_code) for one in topic.partition_responses] == [(3, 6), (4, 6)]


def test_a_fetch_is_refused_for_each_partition() -> None:
    topic = FetchTopic(topic="t", topic_id=b"i" * 16, partitions=[FetchPartition(partition=2)])
    response: Any = refusal_of(FetchRequest(topics=[topic]), FetchResponse, NOT_LEADER, 12)
    (answer,) = response.responses
    assert (answer.topic, answer.topic_id) == ("t", b"i" * 16)
    assert answer.partitions[0].partition_index == 2


def test_metadata_is_refused_for_each_topic() -> None:
    request = MetadataRequest(topics=[MetadataRequestTopic(name="a")])
    response: Any = refusal_of(request, MetadataResponse, 3, 9)
    assert [(topic.name, topic.error_code) for topic in response.topics] == [("a", 3)]
