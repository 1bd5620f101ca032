"""Options that are no settings are usage errors; files are not."""

import click
import pytest

from logcore.cli.settings_usage import settings_of_options
from logcore.common.config import ConfigError


def test_whose_fault_it_is():
    def wrong(key):
        with settings_of_options({"of.file"}.__contains__):
            raise ConfigError(f"{key} is wrong", key=key)

    with pytest.raises(click.UsageError, match=r"of\.option is wrong"):
        wrong("of.option")
    with pytest.raises(ConfigError, match=r"of\.file is wrong"):
        wrong("of.file")


def test_other_errors_pass():
    with pytest.raises(KeyError), settings_of_options(lambda _: False):
        raise KeyError("x")
