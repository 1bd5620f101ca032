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


def test_nobody_there_is_said_soon(logcore):
    told = logcore(
        "topic", "list", "-b", "127.0.0.1:1", "-X", "default.api.timeout.ms=300", code=1
    ).output
    assert "127.0.0.1:1" in told
    assert "did you mean" in logcore("topic", "list", "-X", "reqest.timeout.ms=1", code=1).output
