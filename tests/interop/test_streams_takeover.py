"""Kafka Streams, exactly once and in a streams group, lives through a takeover and the way back.

Invariant: the instance is started once; whatever broker is on its port, each word is counted once.
Neighbours: `test_takeover` for the directory; `test_streams_groups` for the group.
"""

import contextlib

import pytest

from tests.interop.streams_application import Application, counted, expected, run
from tests.interop.test_takeover import kafka_again, ours, tool
from tests.peers import kafka
from tests.peers.kafka.broker import free_port

pytestmark = [
    pytest.mark.long,
    pytest.mark.peer,
    pytest.mark.usefixtures("kafka_tools"),
    pytest.mark.timeout(600),
]

NAME = "count"
CONFIG = {
    "offsets.topic.num.partitions": "3",
    "transaction.state.log.num.partitions": "3",
    "group.streams.min.heartbeat.interval.ms": "500",
    "group.streams.heartbeat.interval.ms": "500",
}


def test_an_application_counts_on(tmp_path):
    port = free_port()
    bootstrap = f"127.0.0.1:{port}"
    application = Application(bootstrap, NAME, "streams", "exactly_once_v2", tmp_path)
    with contextlib.ExitStack() as stack:
        with kafka.running_kafka(tmp_path, port, CONFIG):
            run(bootstrap, NAME, "create")
            instance = stack.enter_context(application.instance(1))
            application.produce(0, 500)
            application.wait_for_count(500)
        with ours(tmp_path) as here:
            assert here.bootstrap == bootstrap
            found = here.ready["took_over"]
            assert isinstance(found, dict)
            assert found["streams groups"] == 1
            application.produce(500, 1_000)
            application.wait_for_count(1_000)
            assert NAME in tool(here, "streams-groups", "--list")
        with kafka_again(tmp_path, CONFIG):
            application.produce(1_000, 1_500)
            application.wait_for_count(1_500)
            instance.close()
            assert counted(bootstrap, NAME) == expected(1_500)
