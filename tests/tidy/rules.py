"""The rules that look at one file at a time. Each returns messages; none means tidy.

Invariant: a message says what to do instead. A rule is a pure function of path and text, so
`test_rules` can plant a violation of each.
Neighbours: `test_tidy` applies these to the tree; rules between files are in `test_structure`.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

FILE_LINES_MAX: Final = 500
FILE_LINES_WARN: Final = 350
FUNCTION_LINES_MAX: Final = 70

BANNED_NAMES: Final = {"util", "utils", "helper", "helpers", "misc", "tools", "stuff"}
MANAGERS: Final = {"LogManager", "ReplicaManager"}
LINKED_HOSTS: Final = {
    "arrow.apache.org",
    "cwiki.apache.org",
    "issues.apache.org",
    "json-schema.org",  # the name of a dialect
    "kafka.apache.org",
    "keepachangelog.com",
    "maven.apache.org",  # the XML namespace of a pom
    "semver.org",
    "www.apache.org",
}

DEFINITION: Final = re.compile(
    r"^\s*(?:pub(?:\([\w:]+\))? )?(?:class|struct|enum|trait) (\w+)", re.MULTILINE
)
LEFTOVER: Final = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
MACHINE_PATH: Final = re.compile(r"(?<![\w.~/$})])/(?:work|root|home/\w+|Users/\w+)/\w")
URL: Final = re.compile(r"\b(?:git\+)?https?://[^\s\"'<>)`]+")
LINE_COMMENT: Final = re.compile(r"//.*")
UNSAFE: Final = re.compile(r"\bunsafe\b")
CONFUSING: Final = re.compile(r"[^\x00-\x7f]")


def line_of(text: str, position: int) -> int:
    """Return the number of the line a position is on, from 1."""
    return text.count("\n", 0, position) + 1


def long_file(path: str, text: str) -> list[str]:
    """Refuse files past the cap."""
    count = len(text.splitlines())
    if count <= FILE_LINES_MAX:
        return []
    return [f"{path}: {count} lines, the cap is {FILE_LINES_MAX}: split it, one idea a file"]


def function_lengths(path: str, text: str) -> Iterator[tuple[str, int]]:
    """Yield each Python function as `path::name` with its lines, docstring not counted."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            first = body[0].lineno if body else node.lineno
            signature = node.body[0].lineno - node.lineno
            yield f"{path}::{node.name}", signature + (node.end_lineno or first) - first + 1


def long_function(path: str, text: str, known: dict[str, int]) -> list[str]:
    """Refuse functions past the cap; a known one may not grow, and must be struck off when cured.

    Rust's functions are held to the same cap by clippy's `too_many_lines`.
    """
    messages = []
    for name, lines in function_lengths(path, text):
        limit = known.get(name, FUNCTION_LINES_MAX)
        if lines > limit:
            messages.append(f"{name}: {lines} lines, at most {limit}: move a leaf out of it")
        elif name in known and lines < limit:
            messages.append(f"{name}: shrank to {lines}: write that into LONG_FUNCTIONS")
    return messages


def no_opening(path: str, text: str) -> list[str]:
    """Demand that a file says what it is for before it does anything."""
    if path.endswith((".py", ".pyi")):
        if ast.get_docstring(ast.parse(text)):
            return []
        return [f"{path}: open with a docstring: what it is for, its invariant, its neighbours"]
    if text.startswith("//! "):
        return []
    return [f"{path}: open with a //! comment: what it is for, its invariant, its neighbours"]


def banned_name(path: str, text: str) -> list[str]:
    """Refuse names that say nothing about what is inside."""
    messages = [
        f"{path}: `{part}` says nothing: name the folder or file after what it holds"
        for part in re.split(r"[/.]", path)
        if part.removeprefix("test_").removeprefix("_") in BANNED_NAMES
    ]
    defined = DEFINITION.findall(text) if path.endswith((".py", ".rs")) else []
    messages.extend(
        f"{path}: `{name}`: name the class after what it does, not Manager"
        for name in defined
        if name.endswith("Manager") and name not in MANAGERS
    )
    return messages


def machine_path(path: str, text: str) -> list[str]:
    """Refuse paths that exist on one machine only."""
    return [
        f"{path}:{line_of(text, found.start())}: a path of one machine: {found[0]}...: "
        "derive it from the file's own place, or from the environment"
        for found in MACHINE_PATH.finditer(text)
    ]


def foreign_address(path: str, text: str) -> list[str]:
    """Refuse addresses of hosts that nobody agreed to link, package registries above all."""
    messages = []
    for found in URL.finditer(text):
        host = urlsplit(found[0].removeprefix("git+")).hostname or ""
        if host not in LINKED_HOSTS and host not in {"localhost", "127.0.0.1"}:
            where = f"{path}:{line_of(text, found.start())}"
            messages.append(
                f"{where}: links {host}: name the thing instead, or add to LINKED_HOSTS"
            )
    return messages


def leftover(path: str, text: str) -> list[str]:
    """Refuse notes to self."""
    return [
        f"{path}:{line_of(text, found.start())}: {found[0]}: do it now, or open an issue"
        for found in LEFTOVER.finditer(text)
    ]


def unsafe_code(path: str, text: str) -> list[str]:
    """Refuse unsafe Rust; which files may is for the caller to know."""
    code = LINE_COMMENT.sub("", text)
    return [
        f"{path}:{line_of(code, found.start())}: unsafe: wrap what you need in rust/src/mmap.rs"
        for found in UNSAFE.finditer(code)
    ]


def not_ascii(path: str, text: str) -> list[str]:
    """Refuse characters in Rust that may look like others."""
    return [
        f"{path}:{line_of(text, found.start())}: {found[0]!r}: write it as an escape, \\u{{...}}"
        for found in CONFUSING.finditer(text)
    ]
