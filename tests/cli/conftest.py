"""What tests of commands share: a runner, a small log, and the clusters to run on.

Invariant: a test that asks for `cluster` runs against our broker, then against Apache Kafka; what
Kafka does in its own time is waited for with `tests.eventually`.
"""

import json

import pytest
from click.testing import CliRunner

from logcore import Log
from logcore.admin.admin import Admin
from logcore.cli.main import main
from logcore.testing.local_broker import LocalBroker
from logcore.testing.topics import fresh_name
from tests.admin.made import is_led
from tests.contestants import CONTESTANTS
from tests.eventually import eventually
from tests.guarded import guarded

__all__ = ["guarded"]


@pytest.fixture
def logcore():
    """Run `logcore ARGUMENTS`, expecting an exit code; returns click's result."""

    def run(*arguments, code=0, stdin=None):
        result = CliRunner().invoke(main, [str(part) for part in arguments], input=stdin)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


@pytest.fixture
def logcore_json(logcore):
    """Run `logcore ARGUMENTS -o json`; returns the objects of stdout."""

    def run(*arguments, code=0, stdin=None):
        result = logcore(*arguments, "-o", "json", code=code, stdin=stdin)
        return [json.loads(line) for line in result.stdout.splitlines()]

    return run


@pytest.fixture
def few(tmp_path):
    """A closed log of two batches and a single record."""
    path = tmp_path / "few"
    with Log(path) as log:
        log.append_batch([b"a", b"b", b"c"], [b"x", None, b"x"], [1000, 2000, 3000])
        log.append_batch([b"d", None], timestamps=[4000, 5000])
        log.append(b"\xff\x00", b"y", [("trace", b"7"), ("flag", None)], 6000)
    return path


@pytest.fixture(scope="session")
def our_cluster():
    """Our broker, for the commands that speak to one; returns its address."""
    with LocalBroker() as broker:
        yield broker.bootstrap_servers


@pytest.fixture(scope="session", params=CONTESTANTS)
def cluster(request):
    """A broker: ours, then Apache Kafka's; returns its address."""
    if request.param == "logcore":
        return request.getfixturevalue("our_cluster")
    return request.getfixturevalue("kafka_broker").bootstrap


@pytest.fixture
def ask(logcore, cluster):
    """Run `logcore ARGUMENTS` on the cluster; returns what it printed."""

    def run(*arguments, code=0, stdin=None):
        return logcore(*arguments, "-b", cluster, code=code, stdin=stdin).output

    return run


@pytest.fixture
def ask_json(logcore_json, cluster):
    """Run `logcore ARGUMENTS -o json` on the cluster; returns the objects of stdout."""

    def run(*arguments, code=0):
        return logcore_json(*arguments, "-b", cluster, code=code)

    return run


@pytest.fixture
def topic(ask, cluster):
    """A topic of three partitions; returns its name."""
    name = fresh_name()
    ask("topic", "create", name, "-p", "3")
    with Admin(cluster) as admin:
        eventually(lambda: is_led(admin, name))
    return name
