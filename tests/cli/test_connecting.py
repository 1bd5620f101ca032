"""Where a cluster is: from options, the environment and files, the nearest first."""

import click
import pytest
from click.testing import CliRunner

from logcore.cli.connecting import (
    BOOTSTRAP_VARIABLE,
    DEFAULT_BOOTSTRAP,
    cluster_options,
    parse_pairs,
    read_settings,
)


@click.command()
@cluster_options
def shown(*, cluster):
    click.echo(f"{cluster.bootstrap_servers} {sorted(cluster.settings.items())}")


def run(*arguments, **environment):
    return CliRunner().invoke(shown, arguments, env=environment).output


def test_the_nearest_counts(tmp_path):
    assert run() == f"{DEFAULT_BOOTSTRAP} []\n"
    assert run(**{BOOTSTRAP_VARIABLE: "there:1"}) == "there:1 []\n"
    assert run("-b", "here:1", **{BOOTSTRAP_VARIABLE: "there:1"}) == "here:1 []\n"
    file = tmp_path / "client.properties"
    file.write_text("bootstrap.servers=filed:1\nsasl.mechanism = PLAIN\n", encoding="utf-8")
    assert run("--command-config", str(file)) == "filed:1 [('sasl.mechanism', 'PLAIN')]\n"
    both = run("--command-config", str(file), "-X", "sasl.mechanism=SCRAM-SHA-256")
    assert "SCRAM-SHA-256" in both


def test_pairs():
    assert parse_pairs(["a=1", "b=c=d", "e="]) == {"a": "1", "b": "c=d", "e": ""}
    for pair in ("a", "=1"):
        with pytest.raises(click.BadParameter, match="KEY=VALUE"):
            parse_pairs([pair])


def test_no_file():
    assert read_settings(None) == {}


@pytest.mark.parametrize("command", [("topic", "list"), ("consume", "t"), ("produce", "t")])
def test_nobody_there_is_said_soon(logcore, command):
    limit = ("-X", "default.api.timeout.ms=300")
    told = logcore(*command, "-b", "127.0.0.1:1", *limit, code=1, stdin="x\n").output
    assert "could not reach the cluster in 0.3 s" in told
    assert "127.0.0.1:1: Connection refused" in told


COMMANDS = (
    ("topic", "list"), ("consume", "t"), ("share", "consume", "g", "t"), ("produce", "t"),
    ("bench", "consume"),
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_settings_are_checked_first(logcore, command):
    wrong = ("-X", "reqest.timeout.ms=1", "-b", "127.0.0.1:1")
    assert "did you mean request.timeout.ms?" in logcore(*command, *wrong, code=2).stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_an_address_that_is_none_is_a_usage_error(logcore, command):
    assert "'nowhere' is not host:port" in logcore(*command, "-b", "nowhere", code=2).stderr


def test_a_file_that_is_wrong_is_no_usage_error(logcore, tmp_path):
    file = tmp_path / "client.properties"
    file.write_text("security.protocol=FOO\n", encoding="utf-8")
    command = ("topic", "list", "-b", "127.0.0.1:1", "--command-config", file)
    assert logcore(*command, code=1).stderr.startswith("Error: Invalid value FOO for ")
    assert "value BAR" in logcore(*command, "-X", "security.protocol=BAR", code=2).stderr
