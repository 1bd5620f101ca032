"""What a process occupies of the memory, now and at most, as the kernel counts it.

Neighbours: tests that send much, and look what stays of it.
"""

from pathlib import Path


def _of(field: str, pid: int | str) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith(field)).split()[1])


def rss_kib(pid: int | str = "self") -> int:
    """What it occupies now, in KiB."""
    return _of("VmRSS", pid)


def peak_kib(pid: int | str = "self") -> int:
    """What it has occupied at most since `forget_peak`, in KiB."""
    return _of("VmHWM", pid)


def forget_peak(pid: int | str = "self") -> None:
    """Count the most from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def own_kib(pid: int | str = "self") -> int:
    """What it occupies now apart from mapped files, which the kernel takes back at will, in KiB."""
    return _of("RssAnon", pid)
