"""docs/reference/command-line.md says what the commands say."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_commands_make():
    path = ROOT / "scripts" / "write_cli_docs.py"
    spec = importlib.util.spec_from_file_location("write_cli_docs", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    page = (ROOT / "docs" / "reference" / "command-line.md").read_text("utf-8")
    command = f"python {path.relative_to(ROOT)} docs/reference/command-line.md"
    assert page == script.document(), f"run: {command}"
