"""What README and tutorial show is what happens.

A document's blocks run in order, in one fresh directory: `python` blocks in one namespace, each
`text` block being what was printed before it, `console` blocks line by line through a shell. `...`
stands for anything. `$ export NAME=VALUE` holds from then on; a `py` block with a name is a file.
"""

import contextlib
import doctest
import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    "README.md",
    "docs/tutorial/log.md",
    "docs/tutorial/broker.md",
    "docs/tutorial/testing.md",
    "docs/tutorial/clients.md",
    "docs/tutorial/command-line.md",
    "docs/how-to/test-with-pytest.md",
    "docs/how-to/embed-a-log.md",
    "docs/how-to/from-confluent-kafka.md",
    "docs/how-to/from-aiokafka.md",
    "docs/how-to/from-kafka-python.md",
    "docs/how-to/log-clients-in.md",
    pytest.param("docs/how-to/schema-registry.md", marks=pytest.mark.peer),
    "docs/security.md",
]
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXPORT = re.compile(r"export (\w+)=(\S+)")
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def assert_like(found, expected, what):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    alike = doctest.OutputChecker().check_output(expected, found, flags)
    assert alike, f"{what}\nprinted:\n{found}\nnot:\n{expected}"


def run_python(code, namespace):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "<snippet>", "exec"), namespace)
    return printed.getvalue()


def run_console(block):
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, expected in COMMAND.findall(block):
        if exported := EXPORT.fullmatch(command):
            os.environ[exported[1]] = exported[2]
            continue
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PATH": programs},
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert_like(done.stdout, expected, command)


@pytest.fixture
def registry(request):
    """Say where a schema registry is, to the document that asks for one."""
    if "schema-registry" in request.getfixturevalue("document"):
        os.environ["LOGCORE_SCHEMA_REGISTRY"] = request.getfixturevalue("apicurio_registry").url
    yield
    os.environ.pop("LOGCORE_SCHEMA_REGISTRY", None)


@pytest.fixture
def brokers(tmp_path):
    """Kill what a document started and, failing half way, did not stop."""
    yield
    started = tmp_path / "broker.pid"
    if started.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(started.read_text()), signal.SIGKILL)


@pytest.mark.filterwarnings("ignore:(read|open)_text is deprecated:DeprecationWarning")
@pytest.mark.usefixtures("brokers", "registry")
@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_runs_as_it_stands(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    namespace: dict[str, object] = {}
    printed, code = None, ""
    for language, name, block in BLOCK.findall((ROOT / document).read_text(encoding="utf-8")):
        if language == "python":
            assert not printed, f"{document} does not show what this prints:\n{code}"
            code = block
            printed = run_python(block, namespace)
        elif language == "py" and name:
            Path(name).write_text(block)
        elif language == "text":
            assert_like(printed, block, code)
            printed = None
        elif language == "console":
            run_console(block)
            code = code or block
    assert not printed
    assert code, f"{document} shows no code"
