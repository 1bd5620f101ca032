"""The room's list: cheap to import, and true."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from logcore import serialization


def test_type_checkers_and_python_see_the_same_names():
    (block,) = [
        node
        for node in ast.parse(Path(serialization.__file__).read_text()).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    listed = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert listed == serialization._EXPORTS


@pytest.mark.parametrize("name", sorted(serialization._EXPORTS))
def test_a_public_name_is_what_its_module_defines(name):
    module = import_module(serialization._EXPORTS[name])
    assert getattr(serialization, name) is getattr(module, name)
    assert name in dir(serialization)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'AvroSerialiser'"):
        getattr(serialization, "AvroSerialiser")  # noqa: B009 - a type checker knows it, too


def test_it_imports_nothing_that_a_program_may_not_need():
    probe = "import sys, logcore.serialization; print(*sorted(sys.modules))"
    command = [sys.executable, "-c", probe]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert {"json", "ssl", "http", "fastavro", "google", "jsonschema"}.isdisjoint(loaded)
