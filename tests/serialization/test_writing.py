"""Which id and schema data is written with."""

import pytest

from logcore.common.config import ConfigError
from logcore.common.errors import SchemaError, SchemaNotFoundError, SubjectNotFoundError
from logcore.serialization import Schema, SchemaReference, SchemaRegistry
from logcore.serialization.writing import SerdeSettings, Writing, referenced
from tests.serialization.lying_registry import LyingRegistry, said

INT = Schema('"int"')
LONG = Schema('"long"')


def writing(registry, *, is_key=False, **settings):
    return Writing(registry, SerdeSettings(None, settings), is_key=is_key)


@pytest.mark.peer
def test_a_schema_is_registered_unless_that_is_forbidden(registry, topic):
    with pytest.raises(SubjectNotFoundError):
        writing(registry, auto_register_schemas=False).choose(topic, None, INT)
    number, schema = writing(registry).choose(topic, None, INT)
    assert schema == INT
    assert registry.latest(f"{topic}-value").id == number
    assert writing(registry, auto_register_schemas=False).choose(topic, None, INT)[0] == number
    with pytest.raises(SchemaNotFoundError):
        writing(registry, auto_register_schemas=False).choose(topic, None, LONG)
    keys = writing(registry, is_key=True, normalize_schemas=True)
    assert keys.choose(topic, None, INT)[0] == number
    assert registry.versions(f"{topic}-key") == (1,)


@pytest.mark.peer
def test_the_latest_schema_or_that_of_an_id(registry, topic):
    first = registry.register(f"{topic}-value", INT)
    second = registry.register(f"{topic}-value", LONG)
    assert writing(registry, use_latest_version=True).choose(topic, None, INT) == (second, LONG)
    assert writing(registry, use_schema_id=first).choose(topic, None, None) == (first, INT)
    assert registry.versions(f"{topic}-value") == (1, 2)


@pytest.mark.peer
def test_what_a_schema_needs_stands_before_it(registry, topic):
    def nest(name, *needs):
        fields = ",".join(f'{{"name":"{n.lower()}","type":"{n}"}}' for n in needs)
        text = f'{{"type":"record","name":"{name}","fields":[{fields}]}}'
        schema = Schema(
            text, references=tuple(SchemaReference(n, f"{topic}-{n}", 1) for n in needs)
        )
        registry.register(f"{topic}-{name}", schema)
        return schema

    nest("A")
    nest("B", "A")
    assert list(referenced(registry, nest("C", "B", "A"))) == ["A", "B"]


def test_a_choice_is_made_once_for_a_subject_and_a_schema():
    script = [said({"id": 7})]
    with LyingRegistry(script) as server, SchemaRegistry(server.url) as registry:
        found = writing(registry)
        for _ in range(3):
            registry.clear_caches()
            assert found.choose("orders", None, INT) == (7, INT)
        assert len(server.asked) == 1
        with pytest.raises(SchemaError, match="give a schema"):
            found.choose("orders", None, None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"use_latest_version": True, "auto.register.schemas": True}, "what is to be written"),
        ({"use_schema_id": 3, "auto.register.schemas": True}, "what is to be written"),
        ({"use_schema_id": 3, "use.latest.version": True}, "choose"),
        ({"use_latest": True}, "did you mean"),
        ({"subject_name_strategy": "Topic"}, "TopicNameStrategy"),
    ],
)
def test_settings_that_contradict_each_other(settings, message):
    with pytest.raises(ConfigError, match=message):
        SerdeSettings({}, settings)


def test_a_strategy_may_be_a_function():
    settings = SerdeSettings({"subject.name.strategy": lambda topic, *_: f"my-{topic}"}, {})
    assert settings.strategy("orders", False, None) == "my-orders"
    assert settings.registers
    assert not SerdeSettings({"use.latest.version": "true"}, {}).registers
