"""A broker starts, stops and starts again; what prevents it from starting is one clear error."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.config.configs import Configs
from logcore.broker.server import Broker, durability_of
from logcore.common.errors import LogcoreError, LogLockedError
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.messages.find_coordinator import FindCoordinatorRequest
from logcore.protocol.messages.join_group import JoinGroupRequest, JoinGroupRequestProtocol
from logcore.protocol.messages.metadata import MetadataRequest
from tests.broker.batches import batch
from tests.broker.handlers.asking import list_offset, produce
from tests.broker.running import running_broker, settings_of
from tests.broker.wire import Wire


def start_and_stop(path: Path, **settings: str) -> None:
    async def main() -> None:
        broker = Broker(BrokerConfig(settings_of(path, **settings)))
        try:
            await broker.start()
        finally:
            await broker.stop()

    asyncio.run(main())


def test_a_second_broker_on_the_directory_is_refused(tmp_path):
    with running_broker(tmp_path), pytest.raises(LogLockedError):
        start_and_stop(tmp_path)


def test_a_port_in_use_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LogcoreError, match=str(port)):
            start_and_stop(tmp_path, listeners=f"PLAINTEXT://127.0.0.1:{port}")
    start_and_stop(tmp_path)


def test_the_cluster_and_its_topics_stay_the_same(tmp_path):
    seen: list[Any] = []
    topic = ""
    for _ in range(2):
        with running_broker(tmp_path) as running:
            topic = topic or running.topic(partitions=3)
            answer = running.wire().ask(MetadataRequest(topics=None), 12)
            seen.append((answer.cluster_id, [(each.name, each.topic_id) for each in answer.topics]))
    assert seen[0] == seen[1]
    assert seen[0][1][0][0] == topic


def test_data_of_another_cluster_is_refused(tmp_path):
    start_and_stop(tmp_path)
    with pytest.raises(LogcoreError, match=r"logcore\.cluster\.id"):
        start_and_stop(tmp_path, logcore_cluster_id="AAAAAAAAAAAAAAAAAAAAAQ")


def test_acknowledged_records_survive_a_kill(tmp_path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    port = free_port()
    command = [
        *(sys.executable, "-m", "logcore.cli.main", "broker"),
        *("--data-dir", str(tmp_path), "--listen", f"127.0.0.1:{port}"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"ready")
        with Wire(port) as wire:
            create(wire)
            offsets = [produce(wire, "kept", batch([b"v"])).base_offset for _ in range(50)]
        assert offsets == list(range(50))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    with running_broker(tmp_path) as running:
        assert list_offset(running.wire(), "kept", -1).offset == 50


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def create(wire: Wire) -> None:
    request = MetadataRequest.decode(b"\0\0\0\1\0\4kept\1", 4)
    answer = wire.ask(request, 4)
    assert [(topic.name, topic.error_code) for topic in answer.topics] in (
        [("kept", 0)],
        [("kept", 5)],
    )


def test_what_an_acknowledgement_means_is_said():
    assert "not a power loss" in durability_of(Configs(BrokerConfig({})))
    safe = Configs(BrokerConfig({"log.flush.interval.messages": "1"}))
    assert "on disk" in durability_of(safe)


def test_whoever_waits_in_a_group_is_answered_at_the_stop(tmp_path):
    with running_broker(tmp_path, group_initial_rebalance_delay_ms="60000") as running:
        wire = Wire(running.port)
        wire.ask(FindCoordinatorRequest(key="g", key_type=0), 2)
        protocol = JoinGroupRequestProtocol(name="range", metadata=b"")
        request = JoinGroupRequest(
            group_id="g", session_timeout_ms=30_000, protocol_type="consumer", protocols=[protocol]
        )
        wire.send(request, 3)
    with wire:
        assert wire.receive(ApiKey.JOIN_GROUP, 3).error_code != 0
