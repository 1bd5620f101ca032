"""`logcore completion`."""

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(logcore, shell):
    assert "_LOGCORE_COMPLETE" in logcore("completion", shell).stdout


def test_another_shell_is_refused(logcore):
    assert "bash" in logcore("completion", "dos", code=2).output
