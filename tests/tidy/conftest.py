"""Tidy's warning: files that near the cap are listed after the run, before they reach it."""

from tests.tidy.rules import FILE_LINES_WARN
from tests.tidy.tree import select


def pytest_terminal_summary(terminalreporter):
    for path, text in (select("", ".rs") | select("", ".py")).items():
        count = len(text.splitlines())
        if count > FILE_LINES_WARN and not path.endswith("kafka_errors.py"):
            terminalreporter.write_line(f"tidy: {path} has {count} lines; think of splitting it")
