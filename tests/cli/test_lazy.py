"""Groups whose commands are imported on use."""

import sys

import click
import pytest
from click.testing import CliRunner

from logcore.cli.lazy import LazyGroup

SOURCE = "import click\n@click.command()\ndef greet_command():\n    click.echo('hello')\n"


@pytest.fixture
def group(tmp_path, monkeypatch):
    (tmp_path / "greetings_of_a_test.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    yield LazyGroup(name="group", modules={"greet": "greetings_of_a_test"})
    sys.modules.pop("greetings_of_a_test", None)


def test_names_are_listed_without_an_import(group):
    assert group.list_commands(click.Context(group)) == ["greet"]
    assert "greetings_of_a_test" not in sys.modules


def test_a_command_is_imported_and_run(group):
    assert CliRunner().invoke(group, ["greet"]).output == "hello\n"


def test_an_unknown_name_is_no_command(group):
    assert group.get_command(click.Context(group), "leave") is None
    assert CliRunner().invoke(group, ["leave"]).exit_code == 2
    assert "Did you mean 'greet'?" in CliRunner().invoke(group, ["gret"]).output
