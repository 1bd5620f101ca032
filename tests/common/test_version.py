"""The compiled module was built of the version that is installed."""

from importlib.metadata import version

from logcore.common.version import VERSION


def test_it_is_the_installed_version() -> None:
    assert version("logcore") == VERSION
