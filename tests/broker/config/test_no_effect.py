"""What is said to have no effect has none, and nothing else is left unread."""

import re
from pathlib import Path

import logcore
from logcore.broker.config import no_effect
from logcore.broker.config.broker_keys import BROKER
from logcore.broker.config.no_effect import reason
from logcore.broker.config.tables.group import GROUP_SYNONYMS
from logcore.broker.config.tables.topic import TOPIC_SYNONYMS

PACKAGE = Path(logcore.__file__).parent
TABLES = re.compile(
    r".*/(broker/config/(tables/.*|no_effect\.py|describe\.py)|logcore/protocol/.*)"
)
THROUGH_TOPICS = {name for synonyms in TOPIC_SYNONYMS.values() for name, _ in synonyms}
THROUGH_GROUPS = set(GROUP_SYNONYMS.values())
BOUNDS_OF_GROUPS = re.compile(r"group\.\w+\.(min|max)\..*")
"""`rules` makes these names out of a group's key."""


def code():
    paths = [path for path in PACKAGE.rglob("*.py") if not TABLES.fullmatch(path.as_posix())]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def test_a_key_is_read_somewhere_or_has_its_reason():
    text = code()
    unread = [
        name
        for name in BROKER
        if reason(name) is None
        and name not in THROUGH_TOPICS | THROUGH_GROUPS
        and not BOUNDS_OF_GROUPS.fullmatch(name)
        and f'"{name}"' not in text
        and not re.search(rf"\b{name.replace('.', '_')}\b", text)
    ]
    assert unread == []


def test_a_reason_is_for_a_key_that_exists():
    assert set(no_effect._reasons()) <= BROKER.keys()


def test_keys_that_act_have_no_reason():
    for name in ("num.partitions", "log.retention.ms", "socket.request.max.bytes", "retention.ms"):
        assert reason(name) is None
