"""rdkafka_performance, librdkafka's own load generator: how it is had, and what it says.

Invariant: built once from the sources that the `rdkafka-sys` crate carries, into the cache of
peers; nothing of it is kept in this repository.
Neighbours: `cases` says with which arguments.
"""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.peers import peers_home

CRATE: Final = "4.10.0"
MANIFEST: Final = f"""\
[package]
name = "rdkafka-source"
version = "0.0.0"
edition = "2021"

[dependencies]
rdkafka-sys = {{ version = "={CRATE}", default-features = false }}

[workspace]
"""
RATE: Final = re.compile(r"(?:in|consumed in) \d+ms: (\d+) msgs/s")
FAILED: Final = re.compile(r"(\d+) failed\)")


def performance() -> Path:
    """Return the program, built by the first call on a machine."""
    home = peers_home() / f"rdkafka-{CRATE}"
    source = home / "vendor" / "rdkafka-sys" / "librdkafka"
    program = source / "examples" / "rdkafka_performance"
    if not program.exists():
        (home / "src").mkdir(parents=True, exist_ok=True)
        (home / "src" / "lib.rs").touch()
        (home / "Cargo.toml").write_text(MANIFEST)
        run(["cargo", "vendor", "--quiet", "vendor"], home)
        (source / "configure").chmod(0o755)
        # Neither encryption nor a codec is measured; without them it builds on any machine.
        off = ["gssapi", "ssl", "curl", "zstd"]
        run(["./configure", *(f"--disable-{name}" for name in off)], source)
        run(["make", "-j2", "libs"], source)
        run(["make", "-C", "examples", "rdkafka_performance"], source)
    return program


def run(command: Sequence[str], directory: Path) -> None:
    """Run one step of the build."""
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}:\n{(done.stdout + done.stderr)[-4000:]}")


def arguments_of(config: dict[str, str]) -> list[str]:
    """Return settings of librdkafka as arguments."""
    return [part for key, value in config.items() for part in ("-X", f"{key}={value}")]


def measured(arguments: Sequence[str], timeout_s: float = 120) -> float:
    """Run the program to its end and return messages a second, as it says.

    Raises:
        RuntimeError: If it fails, or any message does.
    """
    command = [str(performance()), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    said = done.stdout + done.stderr
    rates = RATE.findall(said)
    if done.returncode != 0 or not rates or any(map(int, FAILED.findall(said))):
        raise RuntimeError(f"{' '.join(command)}:\n{said[-2000:]}")
    return float(rates[-1])
