"""Levels of loggers."""

import logging

import pytest

from logcore.broker.config.loggers import change, levels
from logcore.common.errors import InvalidConfigError, InvalidRequestError
from logcore.controller.configuration import ConfigOperation, KeyChange

SET, DELETE, APPEND = ConfigOperation.SET, ConfigOperation.DELETE, ConfigOperation.APPEND


@pytest.fixture
def logger():
    logger = logging.getLogger("logcore.tests.levels")
    logger.setLevel(logging.NOTSET)
    yield logger
    logger.setLevel(logging.NOTSET)


def test_levels_are_told_by_kafkas_names(logger):
    assert levels()[logger.name] == levels()["root"]
    for number, name in ((5, "TRACE"), (10, "DEBUG"), (30, "WARN"), (35, "WARN"), (50, "FATAL")):
        logger.setLevel(number)
        assert levels()[logger.name] == name
    logger.setLevel(1)
    assert levels()[logger.name] == "TRACE"


def test_a_level_is_set_and_unset(logger):
    change([KeyChange(logger.name, SET, "debug")], validate_only=True)
    assert logger.level == logging.NOTSET
    change([KeyChange(logger.name, SET, "debug")], validate_only=False)
    assert logger.level == logging.DEBUG
    change([KeyChange(logger.name, DELETE)], validate_only=False)
    assert logger.level == logging.NOTSET


@pytest.mark.parametrize(
    ("key", "operation", "value", "error"),
    [
        ("no.such", SET, "INFO", InvalidConfigError),
        ("root", SET, "LOUD", InvalidConfigError),
        ("root", DELETE, None, InvalidRequestError),
        ("root", APPEND, "INFO", InvalidRequestError),
    ],
)
def test_refused_and_nothing_is_changed(logger, key, operation, value, error):
    changes = [KeyChange(logger.name, SET, "DEBUG"), KeyChange(key, operation, value)]
    with pytest.raises(error):
        change(changes, validate_only=False)
    assert logger.level == logging.NOTSET
