"""docs/reference/client-metrics.md says what clients register."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_clients_register():
    path = ROOT / "scripts" / "write_client_metrics_docs.py"
    spec = importlib.util.spec_from_file_location("write_client_metrics_docs", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (ROOT / "docs" / "reference" / "client-metrics.md").read_text("utf-8")
    command = f"python {path.relative_to(ROOT)} docs/reference/client-metrics.md"
    assert page == script.document(), f"run: {command}"
