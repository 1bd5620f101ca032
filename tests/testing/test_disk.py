"""A disk that is full or broken is met by the broker as a real one is, and data stays."""

from logcore.testing.local_broker import LocalBroker
from tests.testing.produce import fetch, produce, wire_to

KAFKA_STORAGE_ERROR = 56


def test_a_full_disk_takes_the_directory_offline(tmp_path_factory) -> None:
    directories = [str(tmp_path_factory.mktemp(name)) for name in ("meta", "data")]
    settings = {
        "log.dirs": ",".join(directories),
        "metadata.log.dir": directories[0],
        "log.initial.task.delay.ms": "3600000",  # or upkeep meets the one fault
    }
    with LocalBroker(**settings) as broker:
        topic = broker.create_topic()
        with wire_to(broker.bootstrap_servers) as wire:
            assert produce(wire, topic, b"kept").error_code == 0
            broker.disk.fill(times=1)
            assert produce(wire, topic, b"lost").error_code == KAFKA_STORAGE_ERROR
        assert broker.disk.failed_count == 1
        broker.disk.repair()
        broker.restart()
        with wire_to(broker.bootstrap_servers) as wire:
            assert produce(wire, topic, b"again").base_offset == 1
            assert fetch(wire, topic).high_watermark == 2


def test_a_failed_fsync_is_no_acknowledgement() -> None:
    with LocalBroker() as broker:
        topic = broker.create_topic(flush_messages=1)
        with wire_to(broker.bootstrap_servers) as wire:
            assert produce(wire, topic, b"kept").error_code == 0
            broker.disk.break_syncs(times=1)
            assert produce(wire, topic, b"unsure").error_code == KAFKA_STORAGE_ERROR


def test_writes_may_fail_for_any_reason() -> None:
    with LocalBroker() as broker:
        topic = broker.create_topic()
        broker.disk.break_writes()
        with wire_to(broker.bootstrap_servers) as wire:
            assert produce(wire, topic, b"x").error_code == KAFKA_STORAGE_ERROR
