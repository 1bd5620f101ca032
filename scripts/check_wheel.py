"""Prove that a built wheel is what a user gets: small, able to open a log and to run a broker.

Called as `check_wheel.py DIRECTORY` with the one wheel in it. Installs it into an empty virtual
environment, away from the repository, writes, reads and reopens a log there, starts a broker, and
produces and consumes.
Neighbours: `make wheel` builds the wheel and runs this.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Final

SIZE_BYTES_MAX: Final = 8 * 1024 * 1024
PROBE: Final = """
import json, logcore, pathlib, subprocess, sys
assert "site-packages" in logcore.__file__, logcore.__file__
with logcore.Log("orders") as log:
    assert log.append(b"first") == 0
    assert list(log.append_batch([b"second", b"third"])) == [1, 2]
    log.flush()
with logcore.Log("orders", readonly=True) as log:
    assert log.end_offset == 3, log.end_offset
    values = [bytes(record.value) for record in log.read(0, 10)]
    assert values == [b"first", b"second", b"third"], values
names = sorted(path.name for path in pathlib.Path("orders").iterdir())
print("logcore", logcore.__version__, "opened a log:", *names)
program = pathlib.Path(sys.executable).with_name("logcore")
keys = subprocess.run([program, "broker", "--keys"], capture_output=True, check=True, text=True)
assert "num.partitions" in keys.stdout
command = [program, "broker", "--dev", "--listen", "127.0.0.1:0", "-o", "json"]
broker = subprocess.Popen(command, stdout=subprocess.PIPE)
ready = json.loads(broker.stdout.readline())
where = ["-b", ready["listeners"][0].partition("://")[2]]
subprocess.run([program, "topic", "create", "greetings", *where], check=True)
subprocess.run([program, "produce", "greetings", *where], input=b"hello", check=True)
asked = [program, "consume", "greetings", *where, "--format", "%s"]
consumed = subprocess.run(asked, capture_output=True, check=True)
assert consumed.stdout == b"hello", consumed
broker.terminate()
assert broker.wait(20) == 0, broker.returncode
print("logcore broker was ready on", *ready["listeners"])
"""


def find_wheel(directory: Path) -> Path:
    """Return the one wheel of a directory, after checking its size."""
    wheels = sorted(directory.glob("*.whl"))
    if len(wheels) != 1:
        sys.exit(f"expected one wheel in {directory}, found {len(wheels)}")
    size_bytes = wheels[0].stat().st_size
    print(f"{wheels[0].name}: {size_bytes / 1024 / 1024:.2f} MiB")
    if size_bytes > SIZE_BYTES_MAX:
        sys.exit(f"{wheels[0].name} has {size_bytes} bytes, the limit is {SIZE_BYTES_MAX}")
    return wheels[0]


def main() -> None:
    """Check the size, install, and run the probe."""
    wheel = find_wheel(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as directory:
        venv.create(Path(directory) / "venv", with_pip=True)
        python = Path(directory) / "venv" / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True)
        probe = subprocess.run([python, "-I", "-c", PROBE], check=False, cwd=directory)
    if probe.returncode != 0:
        sys.exit(f"{wheel.name} installs, but does not work")


if __name__ == "__main__":
    main()
