"""docs/reference/metrics.md says what a broker registers."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_a_broker_registers():
    path = ROOT / "scripts" / "write_metrics_docs.py"
    spec = importlib.util.spec_from_file_location("write_metrics_docs", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")
    command = f"python {path.relative_to(ROOT)} docs/reference/metrics.md"
    assert page == script.document(), f"run: {command}"
