"""The keys that all clients share have Kafka's names and defaults."""

from logcore.client.config import CLIENT_CONFIG, CLIENT_KEYS

OWN = {"sasl.username", "sasl.password"}
"""Names that librdkafka and others have for what Java puts into sasl.jaas.config."""


def test_defaults_are_within_bounds() -> None:
    for key in CLIENT_KEYS:
        if key.default is not None and not isinstance(key.default, tuple):
            assert key.parse(str(key.default)) is not None, key.name


def test_each_key_is_there_once() -> None:
    names = [key.name for key in CLIENT_KEYS]
    assert len(names) == len(set(names))
    assert all(name in CLIENT_CONFIG for name in names)
    assert names == [name.lower() for name in names]
    assert set(names) >= OWN
