"""JAAS is read as Java reads it, and no error shows a password."""

import pytest

from logcore.common.config import ConfigError
from logcore.common.jaas import parse

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (f'{PLAIN} required user_a="b";', {"user_a": "b"}),
        (f"{PLAIN} required\n  user_a=b\n  user_c='d e' ;\n", {"user_a": "b", "user_c": "d e"}),
        (f"{PLAIN} required;", {}),
        (f'{PLAIN} REQUIRED a="x\\"y\\\\z\\n";', {"a": 'x"y\\z\n'}),
        (f'{PLAIN} sufficient a=";" b="=" c="";', {"a": ";", "b": "=", "c": ""}),
    ],
)
def test_modules(text: str, options: dict[str, str]):
    module = parse("key", text)
    assert (module.short_name, module.options) == ("PlainLoginModule", options)
    assert "x" not in repr(module).replace(PLAIN, "")


@pytest.mark.parametrize(
    "text",
    [
        "", ";", PLAIN, f"{PLAIN} required", f"{PLAIN} needed;", f'{PLAIN} required a="hunter2',
        f'{PLAIN} required a;', f'{PLAIN} required a="hunter2"', f'{PLAIN} required "a" "hunter2";',
        f'{PLAIN} required a=hunter2; {PLAIN} required a=hunter2;', f"{PLAIN} required =hunter2;",
    ],
)  # fmt: skip
def test_what_is_no_module(text: str):
    with pytest.raises(ConfigError) as caught:
        parse("some.key", text)
    assert str(caught.value).startswith("some.key: ")
    assert "hunter2" not in str(caught.value)
