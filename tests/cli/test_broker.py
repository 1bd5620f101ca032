"""`logcore broker`: the line when it is ready, how it ends, and how it fails."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from logcore.cli.broker import address, free_port, read_settings, unusable

COMMAND = [sys.executable, "-m", "logcore.cli.main", "broker"]


@contextmanager
def running(*arguments, **environment):
    """Start a broker; yields its process and the first line that it printed."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def failing(*arguments):
    """Run a broker that cannot start; returns its exit code and what it said on stderr."""
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_line_when_ready_and_a_clean_end(tmp_path, number):
    data = tmp_path / "data"
    with running("-d", str(data), "-l", "127.0.0.1:0") as (process, line):
        assert line.startswith("ready on PLAINTEXT://127.0.0.1:")
        assert f"; data in {data}; durability: " in line
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


def test_json_when_ready_and_what_was_recovered(tmp_path):
    arguments = ["-d", str(tmp_path), "-l", "127.0.0.1:0", "-o", "json", "-s", "flush.messages=1"]
    arguments[-1] = "log.flush.interval.messages=1"
    with running(*arguments) as (_, line):
        first = json.loads(line)
        assert first["listeners"][0].startswith("PLAINTEXT://127.0.0.1:")
        assert first["data_dirs"] == [str(tmp_path)]
        assert "on disk before" in first["durability"]
        assert not first["was_killed"]
    with running(*arguments) as (_, line):
        again = json.loads(line)
        assert again["was_killed"]
        assert again["cluster_id"] == first["cluster_id"]
    with running(*arguments[:-4]) as (_, line):
        assert "recovered" in line


def test_dev_leaves_nothing_behind(tmp_path):
    with running("--dev", "-o", "json", TMPDIR=str(tmp_path)) as (process, line):
        (directory,) = json.loads(line)["data_dirs"]
        assert Path(directory).parent == tmp_path
        assert Path(directory).is_dir()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_dev_takes_any_port_if_the_usual_one_is_taken():
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 9092))
        except OSError:
            assert free_port() == 0
        else:
            taken.listen()
            assert free_port() == 0
    config = read_settings(None, ["listeners=PLAINTEXT://127.0.0.1:7"], dev=True)
    assert config.listeners[0].port == 7
    assert config["group.initial.rebalance.delay.ms"] == 0


def test_data_says_which_node_it_is_of(tmp_path):
    (tmp_path / "meta.properties").write_text("version=1\nnode.id=7\n")
    mine = [f"log.dirs={tmp_path}"]
    assert read_settings(None, mine, dev=False)["node.id"] == 7
    assert read_settings(None, [*mine, "node.id=3"], dev=False)["node.id"] == 3
    assert read_settings(None, [f"log.dirs={tmp_path}/new"], dev=False)["node.id"] == 1


def test_the_first_users_come_with_the_start_and_once(tmp_path):
    arguments = ["-d", str(tmp_path), "-l", "127.0.0.1:0", "--log-level", "info"]
    users = "SCRAM-SHA-256=[name=alice,password=x]", "SCRAM-SHA-512=[name=bob,password=y]"
    flags = [word for user in users for word in ("--add-scram", user)]
    for is_new in (True, False):
        with running(*arguments, *flags) as (process, line):
            assert line.startswith("ready on ")
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=20)
        assert ("added the users alice, bob" in err) == is_new
    code, err = failing(*arguments, "--add-scram", "alice:hunter2")
    assert code == 1
    assert "logcore.add.scram: write it as" in err
    assert "hunter2" not in err


def test_a_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = failing("-d", str(tmp_path), "-l", f"127.0.0.1:{port}")
    assert code == 1
    assert said.startswith(f"Error: cannot listen on 127.0.0.1:{port}")
    assert said.count("\n") == 1


def test_a_locked_directory(tmp_path):
    with running("-d", str(tmp_path), "-l", "127.0.0.1:0") as (process, _):
        code, said = failing("-d", str(tmp_path), "-l", "127.0.0.1:0")
        assert (code, said) == (1, f"Error: {tmp_path} is locked by process {process.pid}\n")


def test_a_data_directory_that_is_none(tmp_path):
    file = tmp_path / "file"
    file.touch()
    said = (1, f"Error: {file} is not a directory\n")
    assert failing("-d", str(file), "-l", "127.0.0.1:0") == said


def test_a_directory_that_cannot_be_made():
    assert (
        unusable(["/proc/none/such"]) == "/proc/none/such cannot be made: No such file or directory"
    )


def test_a_directory_that_can_be_used(tmp_path):
    assert unusable([str(tmp_path / "new")]) is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-s", "num.partition=3"], "--set: unknown key num.partition (did you mean"),
        (["-s", "num.partitions=0"], "--set: Invalid value 0 for configuration num.partitions"),
        (["-s", "nonsense"], "--set nonsense: write it as KEY=VALUE"),
        (["-s", "authorizer.class.name=org.X"], "logcore runs no Java"),
    ],
)
def test_a_bad_setting_is_a_usage_error(logcore, tmp_path, arguments, sentence):
    path = tmp_path / "server.properties"
    path.write_text("num.io.threads=3\n")
    for file in ((), ("-c", path)):
        said = logcore("broker", *arguments, *file, code=2).stderr
        assert sentence in said.splitlines()[-1]


def test_a_bad_file_is_one_sentence(logcore, tmp_path):
    path = tmp_path / "server.properties"
    path.write_text("num.partitions=many\n")
    said = logcore("broker", "-c", path, code=1).stderr
    assert said.startswith(f"Error: {path}: Invalid value many for configuration num.partitions")
    assert said.count("\n") == 1


def test_usage_errors_have_code_2(logcore, tmp_path):
    for what in (("-d", tmp_path), ("-s", f"log.dirs={tmp_path}"), ("-s", f" log.dir ={tmp_path}")):
        assert "keeps nothing" in logcore("broker", "--dev", *what, code=2).stderr
    assert "--listen" in logcore("broker", "-l", "nowhere", code=2).stderr
    assert "does not exist" in logcore("broker", "-c", tmp_path / "none", code=2).stderr


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("h:1", "h:1"),
        (":9092", ":9092"),
        ("9092", ":9092"),
        ("[::1]:2", "[::1]:2"),
        ("::1:2", "[::1]:2"),
    ],
)
def test_where_to_listen(listen, expected):
    assert address(listen) == expected


@pytest.mark.parametrize("listen", ["", "h", "h:", "h:x", "h:65536", "h:-1"])
def test_where_not_to_listen(listen):
    with pytest.raises(click.BadParameter):
        address(listen)


def test_help_and_keys(logcore, logcore_json):
    shown = logcore("broker", "--help").stdout
    assert all(
        option in shown for option in ("--config", "--data-dir", "--listen", "--set", "--dev")
    )
    assert "num.partitions = 1" in logcore("broker", "--keys").stdout.splitlines()
    keys = {each["key"]: each for each in logcore_json("broker", "--keys")}
    assert keys["node.id"]["default"] == "1"
    assert len(keys) > 340
