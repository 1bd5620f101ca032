"""Each rule of tidy, caught in the act on a planted offence."""

import pytest

from tests.tidy import rules
from tests.tidy.test_structure import calls_upward, import_order

LONG = "\n" * 501
FUNCTION = "def f():\n" + "    x = 1\n" * 70
HOST = "https://" + "example.org/simple"

PLANTED = [
    (rules.long_file, "a.py", LONG, "split it"),
    (rules.no_opening, "a.py", "x = 1\n", "open with a docstring"),
    (rules.no_opening, "a.rs", "use std::fs;\n", "open with a //! comment"),
    (rules.banned_name, "python/logcore/utils.py", "", "says nothing"),
    (rules.banned_name, "rust/src/misc/mod.rs", "", "says nothing"),
    (rules.banned_name, "a.py", "class OffsetManager:\n", "what it does"),
    (rules.banned_name, "a.rs", "pub(crate) struct IndexManager {", "what it does"),
    (rules.machine_path, "a.md", "see /" + "work/notes", "one machine"),
    (rules.machine_path, "a.md", "cd /" + "home/ada/logcore", "one machine"),
    (rules.foreign_address, "a.txt", f"-i {HOST}", "links example.org"),
    (rules.foreign_address, "a.txt", f"git+{HOST}", "links example.org"),
    (rules.leftover, "a.rs", "// TO" + "DO: later", "do it now"),
    (rules.unsafe_code, "a.rs", "let x = unsafe { y };", "mmap.rs"),
    (rules.not_ascii, "a.rs", "let caf\u00e9 = 1;", "escape"),
]

INNOCENT = [
    (rules.long_file, "a.py", "\n" * 500),
    (rules.no_opening, "a.rs", "//! What it is for.\n"),
    (rules.banned_name, "rust/src/index.rs", "pub struct LogManager;"),
    (rules.machine_path, "a.md", "python/root/x and ~/work/x and $HOME/work/x and network/work/x"),
    (
        rules.foreign_address,
        "a.md",
        "http://127.0.0.1:8080/x https://kafka.apache.org/documentation",
    ),
    (rules.leftover, "a.rs", "// todos los santos"),
    (rules.unsafe_code, "a.rs", "// unsafe is refused\n#![deny(unsafe_code)]"),
]


@pytest.mark.parametrize(("rule", "path", "text", "expected"), PLANTED)
def test_a_planted_offence_is_found(rule, path, text, expected):
    (message,) = rule(path, text)
    assert message.startswith(path)
    assert expected in message


@pytest.mark.parametrize(("rule", "path", "text"), INNOCENT)
def test_the_innocent_pass(rule, path, text):
    assert rule(path, text) == []


def test_a_message_names_the_line():
    (message,) = rules.unsafe_code("a.rs", "// one\n// two\nunsafe { x }\n")
    assert message.startswith("a.rs:3:")


def test_a_function_is_refused_past_the_cap_and_a_known_one_may_only_shrink():
    (message,) = rules.long_function("a.py", FUNCTION + "    x = 2\n", {})
    assert "72 lines, at most 70" in message
    assert rules.long_function("a.py", FUNCTION, {"a.py::f": 71}) == []
    (message,) = rules.long_function("a.py", FUNCTION, {"a.py::f": 80})
    assert "shrank to 71" in message


def test_a_docstring_does_not_count_as_function():
    documented = 'def f():\n    """Say it.\n' + "\n" * 80 + '    """\n    return 1\n'
    assert rules.long_function("a.py", documented, {}) == []


def test_rust_import_order_is_that_of_the_list():
    order = import_order("pub mod error;\nmod fs;\npub(crate) mod log;\n")
    assert order == ["error", "fs", "log"]
    assert calls_upward("rust/src/log.rs", "use crate::fs::File;\n", order) == []
    (message,) = calls_upward("rust/src/fs.rs", "use crate::log::Log;\n", order)
    assert "`fs` stands above `log`" in message
    (message,) = calls_upward("rust/src/fs/real.rs", "fn f() -> crate::log::Log {}", order)
    assert "`fs` stands above `log`" in message
    (message,) = calls_upward("rust/src/log.rs", "use crate::Result;\n", order)
    assert "name the module" in message


def test_rust_tests_may_import_anything():
    order = ["fs", "log"]
    inline = "//! x\n#[cfg(test)]\nmod tests {\n    use crate::log::Log;\n}\n"
    assert calls_upward("rust/src/fs.rs", inline, order) == []
    assert calls_upward("rust/src/fs/tests.rs", "use crate::log::Log;", order) == []
