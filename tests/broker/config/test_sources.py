"""Sources of settings, and which is stronger."""

import pytest

from logcore.broker.config.given_keys import Given
from logcore.broker.config.sources import (
    flatten,
    gather,
    key_of_variable,
    read_environment,
    read_file,
    read_settings,
)
from logcore.common.config import ConfigError


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_toml_if_it_is_called_so(tmp_path):
    toml = write(tmp_path, "a.toml", 'node.id = 3\n[log]\ndirs = ["a", "b"]\ncleaner.enable = true')
    assert {name: given.text for name, given in read_file(toml).items()} == {
        "node.id": "3", "log.dirs": "a,b", "log.cleaner.enable": "true",
    }  # fmt: skip
    properties = write(tmp_path, "server.properties", "node.id=3")
    assert read_file(properties) == {"node.id": Given("3", str(properties))}


def test_a_quoted_key_may_stand_beside_a_longer_one(tmp_path):
    path = write(tmp_path, "a.toml", '"log.dir" = "x"\n[log.dir.failure]\n"timeout.ms" = 5')
    assert {name: given.text for name, given in read_file(path).items()} == {
        "log.dir": "x", "log.dir.failure.timeout.ms": "5",
    }  # fmt: skip


def test_what_is_wrong_with_toml_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"a.toml: not TOML"):
        read_file(write(tmp_path, "a.toml", "a = ["))
    with pytest.raises(ConfigError, match=r"node.id is there twice"):
        flatten({"node": {"id": 1}, "node.id": 2})
    with pytest.raises(ConfigError, match=r"x: a datetime"):
        read_file(write(tmp_path, "a.toml", "x = 2020-01-01T00:00:00"))
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none")


@pytest.mark.parametrize(
    ("variable", "key"),
    [
        ("KAFKA_NUM_PARTITIONS", "num.partitions"),
        ("KAFKA_A__B___C_D", "a_b-c.d"),
        ("KAFKA_LISTENER_NAME_PUBLIC_SSL_CLIENT_AUTH", "listener.name.public.ssl.client.auth"),
    ],
)
def test_a_variable_means_a_key(variable, key):
    assert key_of_variable(variable, "KAFKA_") == key


def test_variables_that_are_no_settings_are_left_alone():
    own, kafka = read_environment(
        {
            "PATH": "/bin",
            "LOGCORE_LOG_LEVEL": "info",
            "LOGCORE_PORT": "tcp://10.0.0.1:9092",
            "LOGCORE_SERVICE_HOST": "10.0.0.1",
            "LOGCORE_PORT_9092_TCP_ADDR": "10.0.0.1",
            "KAFKA_HEAP_OPTS": "-Xmx1g",
            "KAFKA_OPTS": "",
            "KAFKA_NUM_PARTITIONS": "2",
            "LOGCORE_HEALTH_PORT": "9",
            "LOGCORE_NODE_ID": "4",
        }
    )
    assert list(own) == ["logcore.health.port", "node.id"]
    assert kafka == {"num.partitions": Given("2", "environment variable KAFKA_NUM_PARTITIONS")}


def test_set_needs_a_key_and_an_equals_sign():
    assert read_settings(["a=b=c", " d = "]) == {
        "a": Given("b=c", "--set"), "d": Given(" ", "--set"),
    }  # fmt: skip
    for wrong in ("a", "=b", ""):
        with pytest.raises(ConfigError, match="KEY=VALUE"):
            read_settings([wrong])


def test_the_stronger_source_wins(tmp_path):
    file = write(tmp_path, "p", "a=file\nb=file\nnum.partitions=1\nnum.io.threads=1")
    environment = {"KAFKA_NUM_PARTITIONS": "2", "KAFKA_NUM_IO_THREADS": "2", "LOGCORE_B": "own"}
    environment |= {"LOGCORE_NUM_PARTITIONS": "3", "KAFKA_ZORK": "1"}
    given, warnings = gather(file, environment, ["c=set"], {"a": "default", "e": "default"})
    assert {name: value.text for name, value in given.items()} == {
        "a": "file", "b": "own", "c": "set", "e": "default",
        "num.partitions": "3", "num.io.threads": "2",
    }  # fmt: skip
    assert warnings == [
        "environment variable KAFKA_ZORK is no key of the broker, and has no effect"
    ]
