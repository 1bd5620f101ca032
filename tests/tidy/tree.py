"""The files that tidy looks at: everything we write, nothing that a tool makes.

Invariant: works in a plain copy of the tree as well as in a clone (git is not asked).
Neighbours: `rules` judges texts, `test_tidy` and `test_structure` bring the two together.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
ROOMS: Final = (
    ".ci",
    "benches",
    "docs",
    "examples",
    "python",
    "requirements",
    "rust",
    "scripts",
    "tests",
)
MADE: Final = {"target", "__pycache__", "corpus", "artifacts", "coverage", "golden"}
TEXT: Final = {
    "",
    ".in",
    ".md",
    ".py",
    ".pyi",
    ".rs",
    ".sh",
    ".toml",
    ".txt",
    ".xml",
    ".yaml",
    ".yml",
}
AS_CARGO_WRITES_IT: Final = "Cargo.lock"


def walk(directory: Path) -> Iterator[Path]:
    """Yield the files below a directory, without what tools make."""
    for path in sorted(directory.iterdir()):
        if path.is_dir():
            if path.name not in MADE and not path.name.startswith("."):
                yield from walk(path)
        else:
            yield path


@cache
def texts() -> dict[str, str]:
    """Return every text file of the project: path from the root -> content."""
    found = [path for path in sorted(ROOT.iterdir()) if path.is_file() and path.name != ".git"]
    for room in ROOMS:
        if (ROOT / room).is_dir():
            found.extend(walk(ROOT / room))
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in found
        if path.suffix in TEXT and path.name != AS_CARGO_WRITES_IT
    }


def select(prefix: str, suffix: str) -> dict[str, str]:
    """Return the files below a folder (`"python/"`) that end in a suffix (`".py"`)."""
    return {
        path: text
        for path, text in texts().items()
        if path.startswith(prefix) and path.endswith(suffix)
    }


def python_modules() -> dict[str, ast.Module]:
    """Return the package's modules, parsed: dotted name (`"logcore.common.errors"`) -> tree.

    A room's `__init__` goes by the name of the room.
    """
    modules = {}
    for path, text in select("python/", ".py").items():
        parts = path.removeprefix("python/").removesuffix(".py").split("/")
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules[name] = ast.parse(text)
    return modules
