"""docs/reference/acls.md says what the table of questions says."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_table_makes():
    path = ROOT / "scripts" / "write_acl_docs.py"
    spec = importlib.util.spec_from_file_location("write_acl_docs", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (ROOT / "docs" / "reference" / "acls.md").read_text("utf-8")
    assert page == script.document(), f"run: python {path.relative_to(ROOT)} docs/reference/acls.md"
