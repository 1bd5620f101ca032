"""Writes docs/reference/clients.md: the keys of the clients, and what each class can do.

Derived from the tables of keys, their sentences and the docstrings, so that the document cannot say
anything else; a test compares.

    python scripts/write_client_docs.py docs/reference/clients.md
"""

import importlib
import inspect
import re
import sys
from dataclasses import is_dataclass
from enum import Enum
from importlib.resources import files
from inspect import Parameter
from pathlib import Path

from logcore.admin.config import ADMIN_CONFIG
from logcore.broker.config.docs import read_sections
from logcore.client.config import CLIENT_CONFIG
from logcore.common.config import ConfigDef, ConfigKey, Type, to_text
from logcore.consumer.config import CONSUMER_CONFIG
from logcore.consumer.share_config import SHARE_CONSUMER_CONFIG
from logcore.producer.config import PRODUCER_CONFIG
from logcore.serialization.registry.config import REGISTRY_CONFIG, SERDE_CONFIG

HEAD = """# Clients: settings and methods

Settings have Kafka's dotted names, types and, but where it is said, defaults. As keywords of Python
they have underscores: `Producer(linger_ms=20)` is `Producer({"linger.ms": 20})`. A key that is not
listed is an error that names the nearest one; one that is listed does something.

This page is written by `scripts/write_client_docs.py` from the tables of keys and the docstrings.
How to use the clients: [the tutorial](../tutorial/clients.md).

"""

METHODS = """
## Methods

Each class has a twin for coroutines, whose methods have the same names and parameters:
`AsyncProducer`, `AsyncConsumer`, `AsyncShareConsumer`, `AsyncAdmin`. There one waits with `await`,
and `async for` goes over records. What a method takes, returns and raises is in its docstring:
`help(Producer.send)`.
"""

REGISTRY = """
Names are those of Confluent's clients, and so are most defaults.
How to use it: [with a schema registry](../how-to/schema-registry.md).
"""

COLUMNS = """
| key | type | default | allowed | meaning |
|---|---|---|---|---|
"""

CLASSES = {
    "Producer": "logcore.producer.producer.Producer",
    "Consumer": "logcore.consumer.consumer.Consumer",
    "ShareConsumer": "logcore.consumer.share_consumer.ShareConsumer",
    "Admin.topics": "logcore.admin.topics.AsyncTopics",
    "Admin.configs": "logcore.admin.configs.AsyncConfigs",
    "Admin.groups": "logcore.admin.groups.AsyncGroups",
    "Admin.offsets": "logcore.admin.offsets.AsyncOffsets",
    "Admin.share_groups": "logcore.admin.share_groups.AsyncShareGroups",
    "Admin.transactions": "logcore.admin.transactions.AsyncTransactions",
    "Admin.acls": "logcore.admin.acls.AsyncAcls",
    "Admin.users": "logcore.admin.users.AsyncUsers",
    "Admin.quotas": "logcore.admin.users.AsyncQuotas",
    "Admin.tokens": "logcore.admin.tokens.AsyncTokens",
    "Admin.cluster": "logcore.admin.cluster.AsyncClusterAdmin",
    "Admin.replicas": "logcore.admin.replicas.AsyncReplicas",
    "Admin.quorum": "logcore.admin.quorum.AsyncQuorum",
    "SchemaRegistry": "logcore.serialization.registry.registry.SchemaRegistry",
    "SchemaRegistry: what may happen": "logcore.serialization.registry.rules.Rules",
}
"""Title -> class; where the twins are described in one of the two, that one."""


def code(text: str | None) -> str:
    """Return a value for a cell."""
    return f"`{text}`" if text else ""


def line(*cells: str) -> str:
    """Return a row."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def table(definition: ConfigDef, own: set[str], sentences: dict[str, str]) -> str:
    """Return the rows of some keys of a table."""
    page = COLUMNS
    for name in sorted(own):
        key = definition[name]
        page += line(
            code(name), key.type.name.lower(), default_of(key), allowed(key), sentences[name]
        )
    return page


def default_of(key: ConfigKey) -> str:
    """Return the default of a key."""
    return code(to_text(key.default)) or "none"


def allowed(key: ConfigKey) -> str:
    """Return what is allowed beyond the type."""
    return "" if key.type is Type.BOOLEAN or key.check is None else code(str(key.check))


def plain(text: str) -> str:
    """Return a docstring's reST for Markdown."""
    return re.sub(r"``(.+?)``", r"`\1`", " ".join(text.split()))


def first_sentence(thing: object) -> str:
    """Return the first paragraph of a docstring."""
    return plain((inspect.getdoc(thing) or "").partition("\n\n")[0])


def shown_value(value: object) -> str:
    """Return a default as a program would write it."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    return f"{type(value).__name__}()" if is_dataclass(value) else repr(value)


def parameters(method: object) -> str:
    """Return the names of a method's parameters, as it is called."""
    assert callable(method)
    shown: list[str] = []
    is_keyword_only = False
    stars: dict[object, str] = {Parameter.VAR_POSITIONAL: "*", Parameter.VAR_KEYWORD: "**"}
    for parameter in inspect.signature(method).parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is Parameter.KEYWORD_ONLY and not is_keyword_only:
            is_keyword_only = True
            if not any(each.startswith("*") for each in shown):
                shown.append("*")
        default = (
            "" if parameter.default is Parameter.empty else f"={shown_value(parameter.default)}"
        )
        shown.append(f"{stars.get(parameter.kind, '')}{parameter.name}{default}")
    return ", ".join(shown)


def methods(cls: type) -> str:
    """Return the rows of a class's public methods."""
    page = "\n| method | what it does |\n|---|---|\n"
    for name, method in vars(cls).items():
        if not name.startswith("_") and callable(method):
            page += line(code(f"{name}({parameters(method)})"), first_sentence(method))
    return page


def registry_settings() -> str:
    """Return the settings of a schema registry's client, and of the serializers that ask it."""
    told = read_sections(
        files("logcore.serialization").joinpath("docs.txt").read_text(encoding="utf-8")
    )
    page = "\n## Settings of a schema registry\n" + REGISTRY
    page += table(REGISTRY_CONFIG, set(REGISTRY_CONFIG), told["registry"])
    page += "\nSerializers that ask a registry have these:\n"
    return page + table(SERDE_CONFIG, set(SERDE_CONFIG), told["serializer"])


def document() -> str:
    """Return the whole page."""
    text = files("logcore.client").joinpath("docs.txt").read_text(encoding="utf-8")
    sentences = read_sections(text)
    shared = set(CLIENT_CONFIG)
    page = (
        HEAD + "## Settings of every client\n" + table(CLIENT_CONFIG, shared, sentences["client"])
    )
    for title, definition in (
        ("producer", PRODUCER_CONFIG),
        ("consumer", CONSUMER_CONFIG),
        ("share consumer", SHARE_CONSUMER_CONFIG),
    ):
        page += f"\n## Settings of a {title}\n"
        page += table(definition, set(definition) - shared, sentences[title])
    assert set(ADMIN_CONFIG) == shared, "an admin client has settings of its own now: show them"
    page += "\nAn admin client has those of every client.\n" + registry_settings()
    page += METHODS
    for title, path in CLASSES.items():
        module, _, name = path.rpartition(".")
        cls = getattr(importlib.import_module(module), name)
        page += f"\n### `{title}`\n\n{first_sentence(cls)}\n{methods(cls)}"
    return page


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
