"""The tables: complete, consistent with each other, and quick to import."""

import subprocess
import sys

import pytest

from logcore.broker.config.broker_keys import BROKER, CLIENT_METRICS, GROUP, KAFKA_BROKER, TOPIC
from logcore.broker.config.tables.authorization import AUTHORIZATION
from logcore.broker.config.tables.group import GROUP_SYNONYMS
from logcore.broker.config.tables.own import DEFAULTS, OWN
from logcore.broker.config.tables.topic import TOPIC_SYNONYMS
from logcore.common.config import Update, to_text

TABLES = [BROKER, KAFKA_BROKER, TOPIC, GROUP, CLIENT_METRICS]


def test_every_key_of_apache_kafka_is_there():
    assert (len(KAFKA_BROKER), len(TOPIC), len(GROUP), len(CLIENT_METRICS)) == (363, 34, 17, 3)
    assert len(BROKER) == len(KAFKA_BROKER) + len(AUTHORIZATION) + len(OWN)


@pytest.mark.parametrize("table", TABLES)
def test_a_default_is_allowed_and_reads_back(table):
    for key in table.values():
        if key.default is not None:
            assert key.parse(to_text(key.default)) == key.default, key.name
            assert type(key.parse(to_text(key.default))) is type(key.default), key.name


def test_how_many_keys_change_while_a_broker_runs():
    count = {mode: sum(key.update is mode for key in KAFKA_BROKER.values()) for mode in Update}
    assert count == {Update.READ_ONLY: 261, Update.CLUSTER_WIDE: 65, Update.PER_BROKER: 37}


def test_a_topics_key_and_the_brokers_agree():
    for name, synonyms in TOPIC_SYNONYMS.items():
        for synonym, _ in synonyms:
            assert synonym in BROKER
        if len(synonyms) == 1:
            assert TOPIC[name].type == BROKER[synonyms[0][0]].type, name
            assert TOPIC[name].default == BROKER[synonyms[0][0]].default, name
    assert TOPIC.keys() - TOPIC_SYNONYMS.keys() == {
        "follower.replication.throttled.replicas", "internal.segment.bytes",
        "leader.replication.throttled.replicas", "remote.log.copy.disable",
        "remote.log.delete.on.disable", "remote.storage.enable",
    }  # fmt: skip


def test_a_groups_key_and_the_brokers_agree():
    for name, synonym in GROUP_SYNONYMS.items():
        assert GROUP[name].default == BROKER[synonym].default, name


def test_own_keys_have_their_prefix_and_other_defaults_are_known():
    assert all(key.name.startswith("logcore.") for key in OWN)
    assert all(name in KAFKA_BROKER for name in DEFAULTS)
    assert all(KAFKA_BROKER[name].default != value for name, value in DEFAULTS.items())


def test_starting_imports_no_documentation():
    code = (
        "import sys, logcore.broker.config.broker_config\n"
        "print([n for n in sys.modules if n.startswith('logcore.broker.config.') "
        "and n.endswith(('docs', 'no_effect', 'describe'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
