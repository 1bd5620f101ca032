"""The root command: version, help, and how failures look."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest

import logcore as package
from logcore.cli.main import main, sentence
from logcore.testing.topics import fresh_name


def test_version(logcore):
    assert logcore("--version").stdout == f"logcore {package.__version__}\n"


def test_help_imports_no_room_and_nothing_heavy():
    code = (
        "import sys\nfrom logcore.cli.main import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "log" in done.stdout
    assert {"logcore.log", "logcore._native", "numpy", "asyncio"}.isdisjoint(done.stderr.split())


def test_a_question_to_a_cluster_imports_only_what_it_needs(our_cluster):
    """What somebody waits for on each call: neither arrays, nor logins and TLS that nobody uses."""
    code = (
        "import sys\nfrom logcore.cli.main import main\n"
        f"main(['topic', 'list', '-b', {our_cluster!r}], standalone_mode=False)\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "logcore.admin.topics" in loaded
    rooms = {name.split(".")[1] for name in loaded if name.startswith("logcore.")}
    assert rooms == {"_native", "admin", "cli", "client", "common", "network", "protocol"}
    assert {"numpy", "hmac", "json", "tempfile"}.isdisjoint(loaded)
    assert {"logcore.client.sasl", "logcore.client.tls"}.isdisjoint(loaded)


def test_the_exit_of_the_program_looks_for_no_garbage():
    code = (
        "import atexit, gc, sys\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 1000))\n"  # called last
        "from logcore.cli.main import main\nsys.argv[1:] = ['--version']\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("True\n")


READING = {
    "apis", "consume", "describe", "dirs", "doctor", "features", "get", "hanging", "lag", "list",
    "moves", "offsets", "producers", "quorum", "topology", "wait",
}  # fmt: skip
"""Verbs that change nothing."""
OWN = {"bench", "broker", "completion", "log"}
"""Commands that speak to no cluster, or make what they change."""


def commands(command, *path):
    """Yield the path and the options of each command that does something."""
    if not isinstance(command, click.Group):
        yield path, {option for parameter in command.params for option in parameter.opts}
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from commands(command.get_command(context, name), *path, name)


def test_each_command_prints_json_if_asked():
    lacking = {path for path, options in commands(main) if "--output" not in options}
    assert lacking == {("completion",)}


def test_each_command_for_a_cluster_has_what_all_have():
    for path, options in commands(main):
        if path[0] not in OWN:
            assert {"--bootstrap", "--command-config", "-X"} <= options, path
            assert ("--dry-run" in options) is (path[-1] not in READING), path


def test_an_expected_failure_is_one_sentence(logcore, tmp_path):
    (tmp_path / "00000000000000000000.log").mkdir()
    result = logcore("log", "append", tmp_path, "value", code=1)
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_usage_error_has_code_2(logcore, tmp_path):
    assert "does not exist" in logcore("log", "dump", tmp_path / "none", code=2).stderr
    assert "No such command" in logcore("lug", code=2).stderr


@pytest.mark.parametrize("how", [("-o", "text"), ("-o", "json"), ("--format", "%s\n")])
def test_a_reader_that_goes_away_is_no_trouble(logcore, our_cluster, how):
    name = fresh_name()
    logcore("produce", name, "-b", our_cluster, stdin="x\n" * 50_000)
    process = started("consume", name, *how, "-b", our_cluster)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    assert process.communicate(timeout=60) == (None, "")


SAYS_FULL = "Error: No space left on device\n"


@pytest.mark.parametrize(
    ("arguments", "where", "code", "told"),
    [
        (["--help"], ">/dev/full", 1, SAYS_FULL),
        (["--version"], ">/dev/full", 1, SAYS_FULL),
        (["log", "dump", "few", "--records"], ">/dev/full", 1, SAYS_FULL),
        (["log", "dump", "few", "--records"], ">&-", 0, ""),
        (["log", "append", "few"], "<&- >&-", 0, ""),
        (["lug"], "2>/dev/full", 1, ""),
        (["lug"], "2>&-", 2, ""),
    ],
)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no stream is full here")
def test_streams_that_are_closed_or_full(few, arguments, where, code, told):
    program = [sys.executable, "-m", "logcore.cli.main", *arguments]
    command = ["sh", "-c", f'exec "$@" {where}', "sh", *program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=few.parent)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", told)


def test_ctrl_c_while_waiting_leaves_no_traceback():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        process = started("topic", "list", "-b", f"127.0.0.1:{deaf.getsockname()[1]}")
        deaf.accept()[0].close()
        with deaf.accept()[0]:  # it has come again, and waits for an answer
            process.send_signal(signal.SIGINT)
            told = process.communicate(timeout=60)
    assert (told[0], told[1].strip(), process.returncode) == ("", "Aborted!", 1)


def started(*arguments):
    """Start `logcore ARGUMENTS` as a process."""
    command = [sys.executable, "-m", "logcore.cli.main", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_errors_without_a_message_name_their_class():
    assert sentence(ValueError()) == "ValueError"
    assert sentence(ValueError("two\nlines")) == "two lines"
    bad = UnicodeEncodeError("utf-8", "a\udcff", 1, 2, "surrogates not allowed")
    assert sentence(bad) == "'a\\udcff' is no text in UTF-8"
    assert sentence(FileNotFoundError(2, "No such file", "x.log")) == "x.log: No such file"
