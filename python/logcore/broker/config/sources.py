"""Where a broker's settings come from: a file, the environment, the command line.

Precedence: `--set` over the environment over the file over defaults; in the environment
`LOGCORE_NUM_PARTITIONS` over `KAFKA_NUM_PARTITIONS`, the form that Apache Kafka's images take.
Invariant: each value keeps where it came from, for messages. Unknown keys of a file, of `--set` and
of `LOGCORE_*` are kept, to be refused by name; those of `KAFKA_*` become warnings, because whoever
set them may mean another program.
Neighbours: `properties` parses; `broker_config` checks what comes out.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from logcore.broker.config.broker_keys import BROKER
from logcore.broker.config.given_keys import Given, definition
from logcore.common import properties
from logcore.common.config import ConfigError, text_of

OWN_PREFIX: Final = "LOGCORE_"
KAFKA_PREFIX: Final = "KAFKA_"
_NOT_KEYS: Final = (
    r"LOGCORE_LOG_LEVEL"
    r"|(LOGCORE|KAFKA)_BOOTSTRAP_SERVERS"  # a client's
    r"|\w+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_\w+)"  # an orchestrator's, of a service
    r"|KAFKA_(\w+_)?OPTS|KAFKA_(DEBUG|HOME|JMX_PORT|MODE|VERSION)"  # a Java machine's
)
"""Variables that begin like settings and are none."""
_ADDRESSES: Final = ("tcp://", "udp://")
"""What an orchestrator's variable for a service's port, such as `KAFKA_PORT`, begins with."""


def read_file(path: Path) -> dict[str, Given]:
    """Read a file: TOML if it is called so, else Java's properties.

    Raises:
        OSError: If it cannot be read.
        ConfigError: If it is not TOML, or a value of it is no setting.
    """
    data = path.read_bytes()
    if path.suffix.lower() == ".toml":
        texts = _read_toml(path, data)
    else:
        texts = properties.parse(properties.decode(data))
    return {name: Given(text, str(path)) for name, text in texts.items()}


def _read_toml(path: Path, data: bytes) -> dict[str, str]:
    import tomllib  # noqa: PLC0415 - only who uses TOML pays for it

    try:
        return flatten(tomllib.loads(data.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}", key="") from None


def flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Turn nested tables into dotted keys.

    Raises:
        ConfigError: If a value is no setting, or a key is there twice.

    Example:
        >>> flatten({"log": {"retention.ms": 5, "dirs": ["a", "b"]}})
        {'log.retention.ms': '5', 'log.dirs': 'a,b'}
    """
    texts: dict[str, str] = {}
    for name, value in table.items():
        key = prefix + name
        if isinstance(value, dict):
            inner = flatten(value, f"{key}.")
        else:
            try:
                inner = {key: text_of(value)}
            except ValueError as error:
                raise ConfigError(f"{key}: {error}", key=key) from None
        for twice in inner.keys() & texts.keys():
            raise ConfigError(f"{twice} is there twice", key=twice)
        texts |= inner
    return texts


def key_of_variable(variable: str, prefix: str) -> str:
    """Return the key that a variable means: one underscore is a dot, two are one, three a dash.

    Example:
        >>> key_of_variable("KAFKA_NUM_PARTITIONS", "KAFKA_")
        'num.partitions'
    """
    signs = {1: ".", 2: "_", 3: "-"}
    name = variable.removeprefix(prefix).lower()
    return re.sub(r"_{1,3}", lambda found: signs[len(found[0])], name)


def read_environment(environment: Mapping[str, str]) -> tuple[dict[str, Given], dict[str, Given]]:
    """Return what the variables say: those of logcore, and those in the style of Kafka's images.

    Own keys are named with their prefix once: `LOGCORE_HEALTH_PORT` is `logcore.health.port`.
    """
    own, kafka = {}, {}
    for variable, text in environment.items():
        is_ours = variable.startswith((OWN_PREFIX, KAFKA_PREFIX))
        if not is_ours or re.fullmatch(_NOT_KEYS, variable) or text.startswith(_ADDRESSES):
            continue
        origin = f"environment variable {variable}"
        if variable.startswith(OWN_PREFIX):
            own[_with_prefix(key_of_variable(variable, OWN_PREFIX))] = Given(text, origin)
        else:
            kafka[key_of_variable(variable, KAFKA_PREFIX)] = Given(text, origin)
    return own, kafka


def _with_prefix(name: str) -> str:
    own = f"logcore.{name}"
    return own if own in BROKER and name not in BROKER else name


def read_settings(settings: Iterable[str]) -> dict[str, Given]:
    """Return what `--set KEY=VALUE` says.

    Raises:
        ConfigError: If one has no `=`.
    """
    given = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"--set {setting}: write it as KEY=VALUE", key=name)
        given[name.strip()] = Given(text, "--set")
    return given


def gather(
    file: str | os.PathLike[str] | None,
    environment: Mapping[str, str],
    settings: Iterable[str],
    defaults: Mapping[str, str],
) -> tuple[dict[str, Given], list[str]]:
    """Join the sources, the strongest on top; returns them with sentences to warn of.

    Raises:
        ConfigError: If a source cannot be understood.
        OSError: If the file cannot be read.
    """
    given = {name: Given(text, "defaults") for name, text in defaults.items()}
    if file is not None:
        given |= read_file(Path(file))
    own, kafka = read_environment(environment)
    given |= {name: value for name, value in kafka.items() if definition(name)}
    given |= own | read_settings(settings)
    warnings = [
        f"{value.origin} is no key of the broker, and has no effect"
        for name, value in kafka.items()
        if definition(name) is None
    ]
    return given, warnings
