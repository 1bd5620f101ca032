"""Every key has a meaning, and the truth is told about those that have no effect."""

from logcore.broker.config.docs import documentation, sentences
from logcore.broker.config.resources import TABLES


def told(kind, name):
    text = documentation(kind, name)
    assert text is not None
    return text


def test_every_key_has_a_sentence_and_nothing_else_has():
    assert {kind: set(table) for kind, table in sentences().items()} == {
        kind: set(table) for kind, table in TABLES.items()
    }


def test_a_sentence_looks_like_one():
    for table in sentences().values():
        for name, sentence in table.items():
            assert sentence[0].isupper(), name
            assert sentence.endswith((".", "${...}.")), name
            assert "  " not in sentence, name


def test_what_has_no_effect_says_so():
    assert "Accepted, has no effect: one event loop" in told(4, "num.io.threads")
    assert "no effect" not in told(4, "num.partitions")
    assert "no effect" not in told(32, "share.session.timeout.ms")


def test_another_default_is_told():
    assert "Apache Kafka's default: 3." in told(4, "offsets.topic.replication.factor")
    assert "Apache Kafka's default: none." in told(4, "node.id")


def test_a_listeners_key_means_what_its_base_means():
    assert documentation(4, "listener.name.x.ssl.client.auth") == documentation(
        4, "ssl.client.auth"
    )
    assert documentation(4, "zork") is None
    assert documentation(8, "root") is None
