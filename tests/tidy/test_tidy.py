"""Style as a test: no file is longer than the house allows."""

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TABLES = {"python/logcore/common/kafka_errors.py"}


def test_no_file_is_longer_than_500_lines():
    for path in [*ROOT.glob("python/**/*.py"), *ROOT.glob("tests/**/*.py")]:
        if str(path.relative_to(ROOT)) not in TABLES:
            assert len(path.read_text().splitlines()) <= 500, path
