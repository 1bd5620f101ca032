"""docs/reference/clients.md says what the tables of keys and the docstrings say."""

import importlib.util
from importlib.resources import files
from pathlib import Path

import pytest

from logcore.broker.config.docs import read_sections
from logcore.client.config import CLIENT_CONFIG
from logcore.consumer.config import CONSUMER_CONFIG
from logcore.consumer.share_config import SHARE_CONSUMER_CONFIG
from logcore.producer.config import PRODUCER_CONFIG
from logcore.serialization.registry.config import REGISTRY_CONFIG, SERDE_CONFIG

ROOT = Path(__file__).parents[2]
OWN = {
    "client": set(CLIENT_CONFIG),
    "producer": set(PRODUCER_CONFIG) - set(CLIENT_CONFIG),
    "consumer": set(CONSUMER_CONFIG) - set(CLIENT_CONFIG),
    "share consumer": set(SHARE_CONSUMER_CONFIG) - set(CLIENT_CONFIG),
    "registry": set(REGISTRY_CONFIG),
    "serializer": set(SERDE_CONFIG),
}
ROOMS = {"registry": "serialization", "serializer": "serialization"}


@pytest.mark.parametrize("whose", OWN)
def test_each_key_has_its_sentence(whose):
    room = ROOMS.get(whose, "client")
    text = files(f"logcore.{room}").joinpath("docs.txt").read_text("utf-8")
    told = read_sections(text)[whose]
    assert set(told) == OWN[whose], f"write a sentence per key in python/logcore/{room}/docs.txt"
    assert list(told) == sorted(told)
    assert all(sentence.endswith(".") for sentence in told.values())


def test_the_page_is_what_tables_and_docstrings_make():
    path = ROOT / "scripts" / "write_client_docs.py"
    spec = importlib.util.spec_from_file_location("write_client_docs", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (ROOT / "docs" / "reference" / "clients.md").read_text("utf-8")
    command = f"python {path.relative_to(ROOT)} docs/reference/clients.md"
    assert page == script.document(), f"run: {command}"
