"""What a running broker shows to Prometheus of its parts."""

import re

from logcore.broker import parts_metrics
from logcore.common.errors import KafkaStorageError
from tests.broker.batches import batch
from tests.broker.handlers.asking import produce
from tests.broker.handlers.grouping import new_group
from tests.broker.handlers.share_grouping import beat
from tests.broker.handlers.test_alter_client_quotas import ask as alter
from tests.broker.handlers.test_alter_client_quotas import entry
from tests.broker.running import Running


def shown(broker: Running) -> list[str]:
    lines: list[str] = broker.call(broker.broker.parts.metrics.render).splitlines()
    return lines


def test_partitions_and_bytes(broker: Running, monkeypatch):
    topic = broker.topic(partitions=2)
    records = batch([b"a", b"b", b"c"])
    produce(broker.wire(), topic, records)
    lines = shown(broker)
    assert f'logcore_log_end_offset{{topic="{topic}",partition="0"}} 3' in lines
    assert f'logcore_log_end_offset{{topic="{topic}",partition="1"}} 0' in lines
    assert f'logcore_log_size_bytes{{topic="{topic}",partition="0"}} {len(records)}' in lines
    assert any(
        line.startswith(f'logcore_produced_bytes_total{{topic="{topic}"}}') for line in lines
    )
    monkeypatch.setattr(parts_metrics, "PARTITIONS_MAX", 1)
    assert sum(line.startswith("logcore_log_size_bytes{") for line in shown(broker)) == 1


def test_a_partition_whose_directory_is_offline_is_not_shown(broker: Running):
    topic = broker.topic(partitions=2)
    broker.broker.parts.replicas.get(topic, 0).fail(KafkaStorageError("offline"))
    shown_of = [line for line in shown(broker) if f'topic="{topic}"' in line]
    assert {re.findall(r'partition="(\d)"', line)[0] for line in shown_of} == {"1"}


def test_quotas_show_what_their_clients_take(broker: Running):
    alter(broker, entry([("client-id", "test")], "producer_byte_rate", 1e9))
    produce(broker.wire(), broker.topic(), batch([b"v" * 1000]))
    rate = 'logcore_quota_rate{quota="produce",user="",client_id="test"} '
    [line] = [line for line in shown(broker) if line.startswith(rate)]
    assert float(line.split()[-1]) > 100
    alter(broker, entry([("client-id", "test")], "producer_byte_rate", None))


def test_groups_and_transactions(broker: Running):
    wire = broker.wire()
    topic = broker.topic()
    beat(wire, new_group(wire), [topic])
    assert any(
        line.startswith('logcore_group_generations{type="share"} ') for line in shown(broker)
    )
    described = {name for name, *_ in broker.broker.parts.metrics.described()}
    assert {"logcore_transactional_ids", "logcore_purgatory_requests"} <= described


def test_every_metric_is_named_and_told_as_it_should_be(broker: Running):
    for name, kind, labels, text in broker.broker.parts.metrics.described():
        assert re.fullmatch(r"logcore_[a-z_]+", name), name
        assert (kind == "counter") == name.endswith("_total"), name
        assert text[0].isupper()
        assert not text.endswith("."), name
        assert all(re.fullmatch(r"[a-z_]+", label) for label in labels)
