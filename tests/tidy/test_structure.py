"""Style as a test, between files: layers, mirrors, and what the documents must name.

The layer contracts of Python are import-linter's (pyproject.toml); here is what it cannot see.
"""

import ast
import re
import tomllib
from typing import Final

from tests.tidy import exemptions
from tests.tidy.rules import LINE_COMMENT
from tests.tidy.test_tidy import report
from tests.tidy.tree import ROOT, python_modules, select, texts

RUST_MODULE: Final = re.compile(r"^(?:pub(?:\([\w:]+\))? )?mod (\w+);", re.MULTILINE)
RUST_USE: Final = re.compile(r"(?<!\$)\bcrate::(\w+)")
RUST_TESTS: Final = re.compile(r"#\[cfg\(test\)\]\s*(?:#\[[^\n]*\]\s*)*mod \w+ \{.*", re.DOTALL)
RUST_TESTED: Final = re.compile(r"#\[cfg\(test\)\]\s*(?:#\[[^\n]*\]\s*)*mod \w+")
CLIENT_SIDE: Final = {
    "web", "sql", "connect", "streams", "producer", "consumer", "admin", "client",
}  # fmt: skip
BROKER_SIDE: Final = {"broker", "coordinator", "replication", "controller", "log"}


def import_order(library: str) -> list[str]:
    """Return the modules of a lib.rs in the order it lists them."""
    return RUST_MODULE.findall(library)


def calls_upward(path: str, text: str, order: list[str]) -> list[str]:
    """Return what a Rust file uses of the crate that does not stand above it in lib.rs."""
    own, *deeper = path.removeprefix("rust/src/").removesuffix(".rs").split("/")
    if "tests" in deeper:
        return []
    messages = []
    if "crate::{" in text:
        messages.append(f"{path}: crate::{{...}}: write one `use` per module")
    for used in RUST_USE.findall(LINE_COMMENT.sub("", RUST_TESTS.sub("", text))):
        if used not in order:
            messages.append(f"{path}: crate::{used}: name the module, not lib.rs's re-export of it")
        elif order.index(used) > order.index(own):
            messages.append(
                f"{path}: uses crate::{used}, but `{own}` stands above `{used}` in lib.rs"
            )
    return messages


def test_a_rust_module_uses_only_what_stands_above_it():
    order = import_order(texts()["rust/src/lib.rs"])
    files = select("rust/src/", ".rs")
    files.pop("rust/src/lib.rs")
    report([message for path, text in files.items() for message in calls_upward(path, text, order)])


def is_rust_tested(path: str, text: str) -> bool:
    """Whether a module has tests: inside it, or under its own or its folder's name."""
    names = path.removeprefix("rust/src/").removesuffix(".rs").split("/")
    if RUST_TESTED.search(text) or names[-1] == "tests":
        return True
    return any((ROOT / "rust" / "tests" / f"{name}.rs").is_file() for name in names)


def python_mirror(path: str) -> str:
    """Return where the tests of a module of the package belong."""
    folder, _, name = path.removeprefix("python/logcore/").rpartition("/")
    return "/".join(part for part in ("tests", folder, f"test_{name}") if part)


def is_table(path: str) -> bool:
    """Whether a module lies in a folder of tables, which are tested and imported by the folder."""
    return path.startswith(tuple(exemptions.TABLES))


def untested() -> list[str]:
    """Return the messages for modules without their mirror."""
    rust = select("rust/src/", ".rs")
    rust.pop("rust/src/lib.rs")
    messages = {
        path: f"{path}: has no tests: write rust/tests/<its name>.rs, or a tests module in it"
        for path, text in rust.items()
        if not is_rust_tested(path, text)
    }
    for path in select("python/logcore/", ".py"):
        if path.endswith("/__init__.py") or is_table(path):
            continue
        if python_mirror(path) not in texts():
            messages[path] = f"{path}: has no tests: write {python_mirror(path)}"
    found = [text for path, text in messages.items() if path not in exemptions.WITHOUT_MIRROR]
    cured = exemptions.WITHOUT_MIRROR.keys() - messages.keys()
    return found + [f"{path}: has tests now: strike it off WITHOUT_MIRROR" for path in cured]


def test_each_module_has_its_mirror_in_the_tests():
    report(untested())


def imported_names(tree: ast.Module) -> set[str]:
    """Return every dotted name a module imports, lazily by a string included."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and str(node.value).startswith("logcore."):
            names.add(str(node.value))
    return names


def test_no_python_module_that_nobody_imports():
    modules = python_modules()
    imported = set().union(*(imported_names(tree) for tree in modules.values()))
    orphans = modules.keys() - imported - {"logcore", *room_names()} - exemptions.UNIMPORTED.keys()
    report(
        [
            f"{name}: nobody imports it: use it, or remove it"
            for name in sorted(orphans)
            if not is_table(f"python/{name.replace('.', '/')}.py")
        ]
    )


def room_names() -> set[str]:
    """Return the dotted names of packages: folders, at any depth."""
    return {
        path.removeprefix("python/").removesuffix("/__init__.py").replace("/", ".")
        for path in select("python/", "/__init__.py")
    }


def rooms() -> set[str]:
    """Return the package's rooms, the folders right below it."""
    return {name.split(".")[1] for name in python_modules() if name.count(".") >= 1}


def test_the_architecture_names_every_package():
    text = texts()["docs/ARCHITECTURE.md"]
    names = {f"logcore.{room}" for room in rooms()} | {"rust/", "rust/bindings/"}
    report(
        [f"docs/ARCHITECTURE.md: say what `{name}` is for" for name in names if name not in text]
    )


def test_the_client_side_is_kept_from_the_broker_side():
    """The layers allow what is above to import what is below; this pair may not, at any depth."""
    contracts = tomllib.loads(texts()["pyproject.toml"])["tool"]["importlinter"]["contracts"]
    kept = {
        (source, target)
        for contract in contracts
        if contract["type"] == "forbidden"
        for source in contract["source_modules"]
        for target in contract["forbidden_modules"]
    }
    due = {
        (f"logcore.{client}", f"logcore.{broker}")
        for client in CLIENT_SIDE & rooms()
        for broker in BROKER_SIDE & rooms()
    }
    report([f"pyproject.toml: forbid {a} -> {b} by contract" for a, b in sorted(due - kept)])
