"""From the results of a run to docs/benchmarks.md and its plot.

Invariant: every number in the document comes from the results file; what the document says by hand
stands in `TEXT` and promises nothing about a number, or between the marks `HAND_*`, which a new run
keeps.
Neighbours: the benches leave `extra_info`, `targets` judges.
Use: `python -m benches.report target/bench/results.json docs/benchmarks.md`.
"""

import json
import os
import platform
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from benches.broker.report import SECTION as BROKER
from benches.clients.report import SECTION as CLIENTS
from benches.peers import WRITERS
from benches.targets import TARGETS, Cases

TEXT: Final = """\
# Benchmarks

Written by `make bench` (`benches/report.py`); figures are of one run on one machine and tell how
the contestants relate there, not what another machine does.

**How it is measured.** Within a case all contestants take turns, round by round, and what is shown
is the median of their rounds. Every store starts in an empty directory on the same file system,
with the same distinct payloads that no codec makes smaller. Cases of different durability are never
compared: *not durable* means that nobody waits for the disk (a crash of the machine may lose the
newest records, a crash of the process may not, but see linger below), *durable* that each append
returns after an fsync that covered it. logcore writes a CRC in all of them, and checks it wherever
records are decoded or come ready-made. *raw file* is the same payload bytes by `os.write` without
lengths, checksums or any means to find a record again: a ceiling, not a store, and not counted as
the best peer.

- *logcore, linger 5 ms* keeps single records up to 5 ms in the process, and a killed process loses
  those; the Python file's buffer does the same, without a bound in time.
- DuckDB is built for analysis; single rows are not what it is for. Its WAL cannot be told not to
  wait, so it is durable in both tables.
- Group commit: threads call RocksDB and logcore at once, the others under a lock. RocksDB is
  reached through rocksdict, whose figures suggest that it lets no other thread run while it writes.
"""

HAND_BEGIN: Final = "<!-- by hand, kept by the next run -->"
HAND_END: Final = "<!-- end of what is by hand -->"


def cases_of(results: dict[str, Any]) -> tuple[Cases, dict[tuple[str, str], dict[str, Any]]]:
    """Return the figures of each case, and what each case is."""
    cases: Cases = defaultdict(dict)
    about: dict[tuple[str, str], dict[str, Any]] = {}
    for one in results["benchmarks"]:
        info = one["extra_info"]
        seconds = max(one["stats"]["median"], 1e-12)
        notes = {name: info[name] for name in ("private_bytes", "rss_bytes") if name in info}
        key = (info["subject"], info["case"])
        about[key] = info
        cases[key][info["peer"]] = {
            "seconds": seconds,
            "rate": 1 / seconds,
            "spread": one["stats"]["iqr"] / seconds,
            "disk": info["disk_bytes"] / info["count"],
        } | notes
    return dict(cases), about


def rate_text(rate: float) -> str:
    """Return a rate per second in a form that is read at a glance."""
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if rate >= limit * 0.9995:
            return f"{rate / limit:.3g} {unit}/s"
    return f"{rate:.3g}/s"


def time_text(seconds: float) -> str:
    """Return a duration in a form that is read at a glance."""
    for limit, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= limit:
            return f"{seconds / limit:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def best_store(rows: dict[str, dict[str, float]]) -> float:
    """Return the rate of the fastest contestant that is neither ours nor the raw file."""
    others = [
        row["rate"]
        for name, row in rows.items()
        if not name.startswith("logcore") and name != "raw file"
    ]
    return max(others, default=0.0)


def table(rows: dict[str, dict[str, float]], info: dict[str, Any]) -> list[str]:
    """Return the table of one case, fastest first."""
    best, raw = best_store(rows), rows.get("raw file", {}).get("rate", 0.0)
    size = info["size_bytes"]
    names = ["contestant", f"median per {info['unit']}", "rate"]
    names += ["payload"] * bool(size) + ["to best store"] * bool(best) + ["to raw"] * bool(raw)
    has_disk = any(row["disk"] for row in rows.values()) and info["subject"].startswith("append")
    names += [f"disk per {info['unit']}"] * has_disk
    memory = next((n for n in ("private_bytes", "rss_bytes") if n in next(iter(rows.values()))), "")
    names += ["memory"] * bool(memory)
    lines = [f"| {' | '.join(names)} |", "|---" + "|---:" * (len(names) - 1) + "|"]
    for name, row in sorted(rows.items(), key=lambda item: -item[1]["rate"]):
        cells = [f"**{name}**" if name.startswith("logcore") else name]
        cells += [time_text(row["seconds"]), rate_text(row["rate"])]
        cells += [f"{row['rate'] * size / 1e6:,.0f} MB/s"] * bool(size)
        cells += [f"{row['rate'] / to:.3g}x" for to in (best, raw) if to]
        cells += [f"{row['disk']:,.0f} B"] * has_disk
        cells += [f"{row[memory] / 1024:,.1f} KiB"] if memory else []
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def target_table(cases: Cases) -> list[str]:
    """Return the verdicts."""
    lines = ["| target | bound | measured | |", "|---|---:|---:|---|"]
    for target in TARGETS:
        figure, verdict = target.verdict(cases)
        bound = f"{'at most' if target.most else 'at least'} {target.bound:g} {target.unit}"
        lines.append(f"| {target.sentence} | {bound} | {figure} | {verdict} |")
    return lines


def machine_line(results: dict[str, Any]) -> str:
    """Say what the figures were measured on."""
    info = results["machine_info"]
    cpu = info.get("cpu", {}).get("brand_raw") or platform.processor() or "unknown CPU"
    return (
        f"Machine: {cpu}, {os.cpu_count()} CPUs; {info['system']} {info['release']}; "
        f"CPython {info['python_version']}; {results['datetime'][:16].replace('T', ' ')} UTC. "
        f"Command: `make bench`."
    )


def plot(cases: Cases, path: Path) -> None:
    """Draw the rates of the main cases, one panel a case."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "logcore"
    from matplotlib import pyplot  # noqa: PLC0415 - after the choice of a back end

    chosen = [
        key
        for key in cases
        if "100 B" in key[1] and key[0] != "open" and "thread" not in key[1]
        and "batches as bytes" not in key[1] and "one buffer" not in key[1]
    ]  # fmt: skip
    rows = max(1, (len(chosen) + 1) // 2)
    figure, axes = pyplot.subplots(rows, 2, figsize=(11, 2.4 * rows), squeeze=False)
    for axis in list(axes.flat)[len(chosen) :]:
        axis.set_visible(False)
    for axis, key in zip(axes.flat, chosen, strict=False):
        bars = sorted(cases[key].items(), key=lambda item: item[1]["rate"])
        colours = ["#c43" if name.startswith("logcore") else "#89a" for name, _ in bars]
        drawn = axis.barh([n for n, _ in bars], [row["rate"] for _, row in bars], color=colours)
        axis.bar_label(drawn, [rate_text(row["rate"]) for _, row in bars], padding=3, fontsize=7)
        axis.set_xticks([])
        axis.margins(x=0.25)
        axis.set_title(f"{key[0]}: {key[1]}", fontsize=9, loc="left")
        axis.tick_params(labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None, "Creator": None})


def written_by_hand(path: Path) -> str:
    """Return what the document has between its marks: why targets were missed, by profile."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    _, found, rest = text.partition(HAND_BEGIN)
    return rest.partition(HAND_END)[0] if found else "\n"


def document(results: dict[str, Any], image: str, by_hand: str) -> str:
    """Return the whole document."""
    cases, about = cases_of(results)
    parts = [TEXT, machine_line(results), ""]
    note = os.environ.get("BENCH_NOTE")
    parts += [f"**About this run:** {note}", ""] if note else []
    parts += ["## Targets", "", *target_table(cases), ""]
    parts += [f"{HAND_BEGIN}{by_hand}{HAND_END}", ""]
    parts += [f"![Rates of the main cases, records a second]({image})", ""]
    for subject in dict.fromkeys(subject for subject, _ in cases):
        parts += [f"## {subject.capitalize()}", ""]
        for key in cases:
            if key[0] == subject:
                parts += [f"### {key[1][0].upper()}{key[1][1:]}", ""]
                parts += [*table(cases[key], about[key]), ""]
    parts += ["## How each is made durable", "", "| contestant | durable means |", "|---|---|"]
    parts += [f"| {peer.name} | {peer.durable_means} |" for peer in WRITERS]
    return "\n".join(parts) + "\n"


def main(source: str, target: str) -> None:
    """Write the document beside its plot."""
    results = json.loads(Path(source).read_text(encoding="utf-8"))
    path = Path(target)
    plot(cases_of(results)[0], path.parent / "images" / "benchmarks.svg")
    text = document(results, "images/benchmarks.svg", written_by_hand(path))
    text += "".join(f"\n{kept}" for kept in (BROKER.kept(path), CLIENTS.kept(path)) if kept)
    path.write_text(text, encoding="utf-8")
    for target_ in TARGETS:
        figure, verdict = target_.verdict(cases_of(results)[0])
        print(f"{verdict.strip('*'):>12}  {figure:>12}  {target_.sentence}")


if __name__ == "__main__":
    main(*sys.argv[1:])
