"""Resolve `requirements/*.in` into `requirements/*.txt`: every package pinned and hashed.

Invariant: what is written holds no address of any kind (no index, no link, no path), so that a
machine with its own mirror installs from the same file. Files are resolved in the order of `FILES`,
because a later one is constrained by those before it.
Neighbours: the Makefile installs the result with `--require-hashes`; `make lock` runs this.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = Path(__file__).resolve().parent.parent / "requirements"
FILES: Final = ("dev", "demo", "bench", "docs")
TOOL: Final = "pip-tools==7.6.2"
OPTIONS: Final = (
    "--quiet",
    "--upgrade",
    "--generate-hashes",
    "--allow-unsafe",
    "--strip-extras",
    "--no-annotate",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
)


def check_no_address(path: Path) -> None:
    """Fail if a locked file names a place instead of a package."""
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if "/" in line or line.startswith(("-i", "--index", "--extra", "--find", "--trusted")):
            sys.exit(f"{path.name}:{number}: names an address: {line}")


def main() -> None:
    """Resolve each file with pip-tools from a throw-away environment."""
    with tempfile.TemporaryDirectory() as directory:
        venv.create(directory, with_pip=True)
        binaries = Path(directory) / "bin"
        subprocess.run([binaries / "pip", "install", "--quiet", TOOL], check=True)
        for name in FILES:
            command = [str(binaries / "pip-compile"), *OPTIONS, "-o", f"{name}.txt", f"{name}.in"]
            subprocess.run(command, check=True, cwd=REQUIREMENTS)
            check_no_address(REQUIREMENTS / f"{name}.txt")
            print(f"locked requirements/{name}.txt")


if __name__ == "__main__":
    main()
