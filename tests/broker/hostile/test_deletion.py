"""Topics that are deleted and made again while records are on their way to the disk."""

import threading
from pathlib import Path

import pytest

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from logcore.protocol.messages.delete_topics import DeleteTopicsRequest
from tests.broker.batches import batch
from tests.broker.handlers.asking import produce, produce_request
from tests.broker.running import running_broker

TOPIC = "comes-and-goes"
TIMES = 60
PRODUCERS = 4
UNKNOWN_TOPIC_OR_PARTITION = 3


def test_a_topic_that_goes_takes_nothing_else_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    codes: set[int] = set()
    done = threading.Event()
    with running_broker(tmp_path, log_flush_interval_messages="1") as running:
        other = running.topic()

        def work() -> None:
            wire = running.wire()
            sent = produce_request(TOPIC, batch([b"v"]))
            while not done.is_set():
                for _ in range(4):  # some wait behind others for the disk
                    wire.send(sent, 9)
                for _ in range(4):
                    answer = wire.receive(ApiKey.PRODUCE, 9).responses[0]
                    codes.add(answer.partition_responses[0].error_code)

        threads = [threading.Thread(target=work) for _ in range(PRODUCERS)]
        for thread in threads:
            thread.start()
        admin = running.wire()
        topic = CreatableTopic(name=TOPIC, num_partitions=1, replication_factor=1)
        for _ in range(TIMES):
            made = admin.ask(CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 5)
            assert made.topics[0].error_code == 0
            gone = admin.ask(DeleteTopicsRequest(topic_names=[TOPIC], timeout_ms=10_000), 3)
            assert gone.responses[0].error_code == 0
        done.set()
        for thread in threads:
            thread.join()
        assert codes == {0, UNKNOWN_TOPIC_OR_PARTITION}
        assert running.broker.parts.replicas.logs.offline_dirs() == []
        assert produce(running.wire(), other, batch([b"still there"])).error_code == 0
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
