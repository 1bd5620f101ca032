"""Answers belong to the oldest request in flight, or are the broker's fault."""

import asyncio
from collections.abc import Iterator

import pytest

from logcore.client.pipeline import CORRELATION_ID_MAX, Pending, Pipeline
from logcore.protocol.errors import MalformedMessageError
from logcore.protocol.header import response_header
from logcore.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from logcore.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def sent(
    pipeline: Pipeline, loop: asyncio.AbstractEventLoop, request: HeartbeatRequest, version: int
) -> int:
    correlation_id, _ = pipeline.encode(request, version)
    pipeline.pending.append(
        Pending(correlation_id, 12, version, HeartbeatResponse, loop.create_future(), 0.0)
    )
    return correlation_id


def answer_to(correlation_id: int, version: int, error_code: int = 0) -> memoryview:
    body = HeartbeatResponse(error_code=error_code).encode_bytes(version)
    return memoryview(response_header(12, version, correlation_id) + body)


def test_answers_come_in_order(loop: asyncio.AbstractEventLoop) -> None:
    pipeline = Pipeline("me")
    first = sent(pipeline, loop, HeartbeatRequest(group_id="g"), 4)
    second = sent(pipeline, loop, HeartbeatRequest(group_id="g"), 4)
    pending, message = pipeline.answer(answer_to(first, 4, 27))
    assert pending.correlation_id == first
    assert isinstance(message, HeartbeatResponse)
    assert message.error_code == 27
    with pytest.raises(MalformedMessageError, match=f"{second} was the next"):
        pipeline.answer(answer_to(first, 4))


def test_an_answer_to_nothing() -> None:
    with pytest.raises(MalformedMessageError, match="no request"):
        Pipeline("me").answer(answer_to(0, 4))


def test_a_broken_answer_stays_in_flight(loop: asyncio.AbstractEventLoop) -> None:
    pipeline = Pipeline("me")
    first = sent(pipeline, loop, HeartbeatRequest(group_id="g"), 4)
    with pytest.raises(MalformedMessageError):
        pipeline.answer(answer_to(first, 4)[:-3])
    assert [pending.correlation_id for pending in pipeline.abandon()] == [first]
    assert not pipeline.pending


def test_a_greeting_that_is_too_new_is_answered_in_version_0(
    loop: asyncio.AbstractEventLoop,
) -> None:
    pipeline = Pipeline("me")
    correlation_id, _ = pipeline.encode(ApiVersionsRequest(), 4)
    pipeline.pending.append(
        Pending(correlation_id, 18, 4, ApiVersionsResponse, loop.create_future(), 0.0)
    )
    body = ApiVersionsResponse(error_code=35).encode_bytes(0)
    _, message = pipeline.answer(memoryview(response_header(18, 0, correlation_id) + body))
    assert isinstance(message, ApiVersionsResponse)
    assert message.error_code == 35


def test_numbers_begin_anew_after_the_last() -> None:
    pipeline = Pipeline("")
    pipeline._next_id = CORRELATION_ID_MAX
    assert pipeline.encode(HeartbeatRequest(group_id="g"), 4)[0] == CORRELATION_ID_MAX
    assert pipeline.encode(HeartbeatRequest(group_id="g"), 4)[0] == 0


def test_the_length_stands_in_front() -> None:
    _, buffers = Pipeline("me").encode(HeartbeatRequest(group_id="g"), 4)
    whole = b"".join(bytes(memoryview(buffer)) for buffer in buffers)
    assert int.from_bytes(whole[:4], "big") == len(whole) - 4
