"""The public list: `import logcore` is cheap, and gives what it says on first use."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import logcore

ROOM = Path(logcore.__file__)


def imports_for_type_checkers():
    (block,) = [
        node
        for node in ast.parse(ROOM.read_text()).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_type_checkers_and_python_see_the_same_names():
    assert imports_for_type_checkers() == logcore._EXPORTS


@pytest.mark.parametrize("name", sorted(logcore._EXPORTS))
def test_a_public_name_is_what_its_module_defines(name):
    assert getattr(logcore, name) is getattr(importlib.import_module(logcore._EXPORTS[name]), name)
    assert name in dir(logcore)


def test_the_version_is_that_of_the_workspace():
    manifest = ROOM.parent.parent.parent / "Cargo.toml"
    assert f'version = "{logcore.__version__}"' in manifest.read_text()


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Lug'"):
        getattr(logcore, "Lug")  # noqa: B009 - a literal would fail the type check first


def test_importing_the_package_imports_nothing_else_of_ours_and_nothing_heavy():
    probe = "import sys, logcore; print(*sorted(sys.modules), sep='\\n')"
    command = [sys.executable, "-c", probe]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "logcore" in loaded
    assert [name for name in loaded if name.startswith("logcore.")] == []
    assert {"numpy", "click", "uvloop", "asyncio"}.isdisjoint(loaded)


@pytest.mark.parametrize("name", ["Admin", "Consumer", "Producer"])
def test_a_client_imports_what_it_needs_only(name):
    """Neither the arrays of columns, nor what serves: a program starts as quickly as it can."""
    probe = f"import sys; from logcore import {name}; print(*sorted(sys.modules), sep='\\n')"
    command = [sys.executable, "-c", probe]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    rooms = {module.split(".")[1] for module in loaded if module.startswith("logcore.")}
    assert rooms.isdisjoint({"broker", "controller", "coordinator", "log", "testing"})
    assert {"numpy", "click", "hmac", "tempfile"}.isdisjoint(loaded)
