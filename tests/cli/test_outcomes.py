"""What became of each thing is told, and a failure ends in code 1."""

import click
from click.testing import CliRunner

from logcore.admin.results import Results
from logcore.cli.outcomes import tell_outcomes
from logcore.common.errors import UnknownTopicOrPartitionError

RESULTS = Results({"a": None}, {"b": UnknownTopicOrPartitionError("not\nthere")})


def told(results, output):
    @click.command()
    def command():
        tell_outcomes(results, "deleted", output)

    return CliRunner().invoke(command)


def test_successes_and_failures():
    result = told(RESULTS, "text")
    assert result.stdout == "deleted a\n"
    assert result.stderr == "b: not there\n"
    assert result.exit_code == 1
    assert told(RESULTS, "json").stdout == '{"name": "a", "outcome": "deleted"}\n'
    assert told(Results({"a": None}), "text").exit_code == 0
