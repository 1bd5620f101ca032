"""What tests of commands share: a runner, and a small log."""

import json

import pytest
from click.testing import CliRunner

from logcore import Log
from logcore.cli.main import main


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
