"""docs/reference/admin.md names each method of Java's `Admin`, and methods that there are."""

import importlib.util
import re
import shutil
import subprocess
from functools import cached_property
from pathlib import Path

import pytest

from logcore.admin.admin import Admin
from logcore.admin.async_admin import AsyncAdmin
from logcore.testing.local_broker import LocalBroker
from tests.peers import absent
from tests.peers.kafka import kafka_classpath

ROOT = Path(__file__).parents[2]
JAVA_CLASS = "org.apache.kafka.clients.admin.Admin"


@pytest.fixture(scope="module")
def script():
    path = ROOT / "scripts" / "write_admin_docs.py"
    spec = importlib.util.spec_from_file_location("write_admin_docs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_table_makes(script):
    page = (ROOT / "docs" / "reference" / "admin.md").read_text("utf-8")
    command = "python scripts/write_admin_docs.py docs/reference/admin.md"
    assert page == script.document(), f"run: {command}"


def test_each_method_of_ours_is_there(script, logcore_broker: LocalBroker):
    named = {name for ours, _ in script.JAVA.values() for name in ours}
    with Admin(logcore_broker.bootstrap_servers) as admin:
        for name in named:
            part, _, method = name.rpartition(".")
            assert callable(getattr(getattr(admin, part) if part else admin, method)), name


def public(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


def test_twins_have_the_same_parts_and_methods(logcore_broker: LocalBroker):
    parts = {name for name, kind in vars(AsyncAdmin).items() if isinstance(kind, cached_property)}
    assert parts <= public(Admin)
    with Admin(logcore_broker.bootstrap_servers) as admin:
        for part in map(admin.__getattribute__, parts):
            assert public(type(part)) == public(type(part.core)), part


@pytest.mark.peer
@pytest.mark.usefixtures("kafka_tools")
def test_each_method_of_javas_is_named(script):
    if shutil.which("javap") is None:
        absent("javap is not installed (it comes with a JDK)")
    command = ["javap", "-classpath", kafka_classpath(), JAVA_CLASS]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    theirs = set(re.findall(r"^  public abstract .*?\b(\w+)\(", shown, re.MULTILINE))
    assert len(theirs) > 50
    assert set(script.JAVA) == theirs
