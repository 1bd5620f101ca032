"""Packages that may not be there."""

import json
import sys

import pytest

from logcore.common.errors import MissingPackageError
from logcore.serialization.extras import extra


def test_what_is_there_is_imported():
    assert extra("json", "avro") is json


@pytest.mark.parametrize(
    ("module", "name"),
    [("fastavro.read", "avro"), ("google.protobuf", "protobuf"), ("jsonschema", "jsonschema")],
)
def test_what_is_missing_is_named_with_its_command(monkeypatch, module, name):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingPackageError, match=rf"pip install 'logcore\[{name}\]'") as caught:
        extra(module, name)
    assert isinstance(caught.value, ImportError)
