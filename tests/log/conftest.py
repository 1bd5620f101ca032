"""What the tests of the log share: an open one."""

import pytest

from logcore import Log


@pytest.fixture
def log(tmp_path):
    with Log(tmp_path / "log") as log:
        yield log
