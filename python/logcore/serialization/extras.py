"""Packages that only some serializers need, imported when these are made.

Invariant: where one is missing, the error has the command that installs it.
Neighbours: `avro`, `protobuf` and `json_schema` import by it; the extras are in pyproject.toml.
"""

import importlib
from types import ModuleType

from logcore.common.errors import MissingPackageError


def extra(module: str, name: str) -> ModuleType:
    """Import a module of a package that may not be there.

    Args:
        module: The module, such as ``fastavro``.
        name: The extra that has it, such as ``avro``.

    Raises:
        MissingPackageError: If it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        message = f"this needs a package, {package}: pip install 'logcore[{name}]'"
        raise MissingPackageError(message) from error
