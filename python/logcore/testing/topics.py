"""Making topics for tests, over the wire, so that any broker of Kafka's protocol will do.

Invariant: when a call returns, the topic is there and can be written to.
Neighbours: `local_broker`, `broker_process` and the plugin's `logcore_topic` call this.
"""

import itertools
import os
import socket
from collections.abc import Mapping
from typing import Final

from logcore.common.errors import error_for_code
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.frame import LENGTH, LENGTH_BYTES
from logcore.protocol.header import RequestHeader, request_header
from logcore.protocol.messages.create_topics import (
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
    CreateTopicsResponse,
)

VERSION: Final = 4
"""The last version whose header is not flexible."""
TIMEOUT_S: Final = 30
_NUMBERS: Final = itertools.count(1)


def fresh_name(prefix: str = "topic") -> str:
    """Return a name that no other call in this process returns."""
    return f"{prefix}-{os.getpid()}-{next(_NUMBERS)}"


def create_topic(
    bootstrap_servers: str,
    name: str,
    partitions: int = 1,
    configs: Mapping[str, object] | None = None,
) -> None:
    """Create a topic.

    Args:
        bootstrap_servers: The broker, as ``HOST:PORT``.
        name: The topic's name.
        partitions: How many partitions it gets.
        configs: Its settings, by Kafka's keys.

    Raises:
        KafkaError: Why it was not created.
    """
    told = [CreatableTopicConfig(name=key, value=str(on)) for key, on in (configs or {}).items()]
    topic = CreatableTopic(name=name, num_partitions=partitions, replication_factor=1, configs=told)
    request = CreateTopicsRequest(topics=[topic], timeout_ms=TIMEOUT_S * 1000)
    header = request_header(RequestHeader(ApiKey.CREATE_TOPICS, VERSION, 1, "logcore-testing"))
    message = header + request.encode_bytes(VERSION)
    host, _, port = bootstrap_servers.rpartition(":")
    with socket.create_connection((host, int(port)), TIMEOUT_S) as connection:
        connection.sendall(LENGTH.pack(len(message)) + message)
        with connection.makefile("rb") as incoming:
            (size,) = LENGTH.unpack(incoming.read(LENGTH_BYTES))
            answer = incoming.read(size)
    result = CreateTopicsResponse.decode(answer, VERSION, LENGTH_BYTES).topics[0]
    if result.error_code:
        raise error_for_code(result.error_code)(f"{name}: {result.error_message}")
