"""Messages out of plain dictionaries, and their gist: so that a table of requests stays a table."""

import importlib
from collections.abc import Iterator
from typing import Any

from logcore.protocol.api_keys import ApiKey
from logcore.protocol.schema import Message, Struct
from tests.broker.wire import camel

TOLD = (
    "error_code",
    "partition_error_code",
    "acknowledge_error_code",
    "topic_config_error_code",
    "name",
    "topic",
    "topic_name",
    "topic_id",
    "group_id",
    "key",
    "transactional_id",
    "resource_type",
    "resource_name",
    "topic_authorized_operations",
    "cluster_authorized_operations",
    "authorized_operations",
    "is_internal",
)
"""What a gist keeps of a message, besides its lists."""


BESIDES = ("aborted_transactions", "status", "active_tasks", "standby_tasks", "warmup_tasks")
"""What a gist leaves out: it is a matter of time, or of how a refusal spells nothing."""


def request_of(key: ApiKey, body: dict[str, Any]) -> Message:
    """Return a request with the values of a dictionary, structs as dictionaries within it."""
    module = importlib.import_module(f"logcore.protocol.messages.{key.name.lower()}")
    request: Message = build(getattr(module, camel(key) + "Request"), body)
    return request


def build(kind: Any, body: dict[str, Any]) -> Any:
    """Return a struct with the values of a dictionary."""
    return kind(**{name: _value(kind.FIELDS[name].of, value) for name, value in body.items()})


def _value(of: Any, value: Any) -> Any:
    if of is not None and isinstance(value, list):
        return [build(of, each) for each in value]
    return build(of, value) if of is not None and isinstance(value, dict) else value


def structs(message: Any) -> Iterator[Struct]:
    """Yield a message and all structs within it."""
    if isinstance(message, Struct):
        yield message
        for name in message.FIELDS:
            yield from structs(getattr(message, name))
    elif isinstance(message, list):
        for each in message:
            yield from structs(each)


def codes_of(message: Any) -> set[int]:
    """Return every error code in a message, but for 0."""
    found = {
        getattr(struct, name)
        for struct in structs(message)
        for name in struct.FIELDS
        if name.endswith("error_code")
    }
    return found - {0}


def texts(message: Any) -> set[str | bytes]:
    """Return all texts and ids in a message."""
    found: set[str | bytes] = set()
    for struct in structs(message):
        for name in struct.FIELDS:
            value = getattr(struct, name)
            values = value if isinstance(value, list) else [value]
            found |= {each for each in values if isinstance(each, (str, bytes))}
    return found


def gist(message: Any) -> Any:
    """Return what of a response depends on who may what: codes and names, in a fixed order."""
    if isinstance(message, list):
        return sorted((gist(each) for each in message), key=repr)
    if not isinstance(message, Struct):
        return message
    kept = {name: getattr(message, name) for name in message.FIELDS if name in TOLD}
    for name, field in message.FIELDS.items():
        if field.of is not None and name not in BESIDES:
            kept[name] = gist(getattr(message, name))
    return kept
