"""`logcore broker`: run a broker until it is told to stop.

Invariant: one line on stdout when it is ready, and nothing else there; whatever prevents it from
starting ends as one sentence and a non-zero code. Nothing of `--dev` outlives the process.
Neighbours: `broker.config` reads the settings; `broker.serving` runs it.
"""

import gc
import logging
import os
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from logcore.cli.output import output_option, print_json
from logcore.cli.settings_usage import settings_of_options

if TYPE_CHECKING:
    from logcore.broker.config.broker_config import BrokerConfig
    from logcore.broker.endpoints import Endpoint
    from logcore.broker.server import Started

logger = logging.getLogger(__name__)

DEFAULT_PORT: Final = 9092
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
DIRECTORY_KEYS: Final = ("log.dir", "log.dirs")
DEV_SETTINGS: Final = {"group.initial.rebalance.delay.ms": "0"}
"""What suits a broker that serves one program: no waiting for more members of a group."""


HELP: Final = """Run a broker that any client of Apache Kafka can use, until SIGTERM or Ctrl-C.

Settings have Kafka's keys. Strongest first: --set, --listen and --data-dir; environment variables
such as LOGCORE_NUM_PARTITIONS=4 (KAFKA_NUM_PARTITIONS works too); the FILE; defaults. An unknown
key is an error that names the right one.

\b
logcore broker                            data in ./logcore-data, port 9092
logcore broker --dev                      nothing is kept
logcore broker -c server.properties -s num.partitions=4
"""


@click.command(
    "broker", help=HELP, short_help="Run a broker.", context_settings={"max_content_width": 100}
)
@click.option(
    "-c", "--config", "file", type=click.Path(exists=True, dir_okay=False), metavar="FILE",
    help="Settings: TOML, or a server.properties of Apache Kafka as it is.",
)  # fmt: skip
@click.option(
    "-d", "--data-dir", metavar="DIR",
    help="Where the logs are kept; the same as --set log.dirs=DIR.  [default: logcore-data]",
)  # fmt: skip
@click.option(
    "-l", "--listen", metavar="HOST:PORT",
    help="Where to listen, port 0 for any that is free; the same as "
    "--set listeners=PLAINTEXT://HOST:PORT.  [default: every address, port 9092]",
)  # fmt: skip
@click.option(
    "-s", "--set", "settings", multiple=True, metavar="KEY=VALUE",
    help="Set one key; may be repeated.",
)  # fmt: skip
@click.option(
    "--add-scram", multiple=True, metavar="SCRAM",
    help="Add a user who is not there yet, so that somebody can log in to a new cluster: "
    "'SCRAM-SHA-256=[name=alice,password=secret]'. May be repeated. Other users see the command "
    "line; the variable LOGCORE_ADD_SCRAM is seen by nobody else.",
)  # fmt: skip
@click.option(
    "--dev", is_flag=True,
    help="Throw-away: data in a temporary directory that is removed at the end, on 127.0.0.1, and "
    "on a free port if 9092 is taken.",
)  # fmt: skip
@click.option(
    "--log-level", type=click.Choice(LOG_LEVELS), default="warning", show_default=True,
    envvar="LOGCORE_LOG_LEVEL", help="What to tell on stderr.",
)  # fmt: skip
@click.option("--keys", is_flag=True, help="List every key with its default, and end.")
@output_option
def broker_command(
    *, file: str | None, data_dir: str | None, listen: str | None, settings: tuple[str, ...],
    add_scram: tuple[str, ...], dev: bool, log_level: str, keys: bool, output: str,
) -> None:  # fmt: skip
    """Run a broker; `HELP` is what a user reads."""
    if keys:
        list_keys(output)
        return
    kept = ["--data-dir"] if data_dir is not None else []
    kept += [f"--set {key}" for key in DIRECTORY_KEYS if key in names_of(settings)]
    if dev and kept:
        raise click.UsageError(f"--dev keeps nothing: leave out {' and '.join(kept)}, or --dev")
    start_logging(log_level)
    strong = list(settings)
    if listen is not None:
        strong.insert(0, f"listeners=PLAINTEXT://{address(listen)}")
    if add_scram:
        strong.insert(0, f"logcore.add.scram={','.join(add_scram)}")
    with data_directory(data_dir, dev=dev) as directory, without_collections():
        if directory is not None:
            strong.insert(0, f"log.dirs={directory}")
        with settings_of_options(lambda key: file is not None and key not in names_of(strong)):
            config = read_settings(file, strong, dev=dev)
        serve(config, output)


def names_of(settings: Iterable[str]) -> set[str]:
    """Return the keys of words such as ``KEY=VALUE``."""
    return {setting.partition("=")[0].strip() for setting in settings}


@contextmanager
def without_collections() -> Iterator[None]:
    """Collect no garbage until the broker is ready, and turns that on: a start makes none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def address(listen: str) -> str:
    """Check what follows `--listen`; a lone number is a port of every address."""
    host, _, port = listen.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the largest port
        raise click.BadParameter(
            f"{listen!r} is not HOST:PORT with a port up to 65535", param_hint="--listen"
        )
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{host}:{port}"


def start_logging(level: str) -> None:
    """Send what is logged to stderr; of requests refused by access rules always."""
    logging.basicConfig(level=level.upper(), format=LOG_FORMAT)
    logging.getLogger("logcore.audit").setLevel(logging.INFO)


@contextmanager
def data_directory(data_dir: str | None, *, dev: bool) -> Iterator[str | None]:
    """Yield the directory of logs, if one is named; a temporary one is removed afterwards."""
    if not dev:
        yield data_dir
        return
    import tempfile  # noqa: PLC0415 - only --dev needs it

    with tempfile.TemporaryDirectory(prefix="logcore-", ignore_cleanup_errors=True) as directory:
        yield directory


def read_settings(file: str | None, settings: Sequence[str], *, dev: bool) -> "BrokerConfig":
    """Join all sources of settings."""
    from logcore.broker.config.broker_config import BrokerConfig  # noqa: PLC0415 - when it runs

    defaults: dict[str, str] = {}
    if dev:
        defaults = DEV_SETTINGS | {"listeners": f"PLAINTEXT://127.0.0.1:{free_port()}"}
    config = BrokerConfig.load(file, os.environ, settings, defaults)
    if "node.id" not in config.static:
        from logcore.broker.identity import node_id_of  # noqa: PLC0415 - when it runs

        # Data that is there says whose it is; only who starts anew is node 1.
        found = node_id_of(config.log_dirs)
        if found is not None:
            return BrokerConfig.load(file, os.environ, settings, defaults | {"node.id": found})
    return config


def free_port() -> int:
    """Return the usual port, or 0 for any if somebody has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", DEFAULT_PORT))
        except OSError:
            return 0
    return DEFAULT_PORT


def serve(config: "BrokerConfig", output: str) -> None:
    """Run the broker."""
    from logcore.broker.serving import run  # noqa: PLC0415 - when it runs
    from logcore.common.errors import LogDirectoryOfflineError  # noqa: PLC0415

    for warning in config.warnings:
        logger.warning("%s", warning)
    for key, reason in config.without_effect():
        logger.info("%s is accepted and has no effect: %s", key, reason)
    try:
        run(config, lambda started: tell(started, output))
    except LogDirectoryOfflineError as error:
        raise click.ClickException(unusable(config.log_dirs) or str(error)) from error


def unusable(directories: Sequence[str]) -> str | None:
    """Say why none of some log directories can be used, if it can be seen from here."""
    for directory in directories:
        try:
            Path(directory).mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            return f"{directory} is not a directory"
        except OSError as error:
            return f"{directory} cannot be made: {error.strerror}"
        if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
            return f"{directory} cannot be written by this user"
    return None


def tell(started: "Started", output: str) -> None:
    """Print the line that says it is ready."""
    if output == "json":
        facts: dict[str, object] = {
            "listeners": started.listeners,
            "data_dirs": list(started.log_dirs),
            "durability": started.durability,
            "health": None if started.health is None else address_of(started.health),
            "cluster_id": started.cluster_id,
            "node_id": started.node_id,
            "pid": os.getpid(),
            "logs": started.report.loaded,
            "was_killed": started.was_killed,
            "truncated_bytes": started.report.truncated_bytes,
            "took_over": None if started.takeover is None else started.takeover.counts,
            "took_ms": started.took_ms,
        }
        print_json(facts)
    else:
        click.echo(line_of(started))
    sys.stdout.flush()


def address_of(endpoint: "Endpoint") -> str:
    """Return HOST:PORT."""
    return f"{endpoint.host}:{endpoint.port}"


def line_of(started: "Started") -> str:
    """Say where it listens, where the data is, and what an acknowledgement means."""
    line = f"ready on {', '.join(started.listeners)}; data in {', '.join(started.log_dirs)}"
    if started.health is not None:
        line += f"; health at {address_of(started.health)}"
    line += f"; durability: {started.durability}"
    if started.was_killed:
        report = started.report
        line += (
            f"; recovered {report.loaded} logs after a crash, "
            f"{report.truncated_bytes} bytes of unfinished writes cut off"
        )
    return line


def list_keys(output: str) -> None:
    """Print every key of the broker: name, type, default, and what it means."""
    from logcore.broker.config.broker_keys import BROKER  # noqa: PLC0415 - when asked
    from logcore.broker.config.docs import documentation  # noqa: PLC0415
    from logcore.broker.config.resources import BROKER_RESOURCE  # noqa: PLC0415
    from logcore.common.config import to_text  # noqa: PLC0415

    for name in sorted(BROKER):
        key = BROKER[name]
        if key.internal:
            continue
        meaning = documentation(BROKER_RESOURCE, name)
        default = to_text(key.default)
        if output == "json":
            shown = {"key": name, "type": key.type.name, "default": default, "meaning": meaning}
            print_json(shown)
        else:
            click.echo(f"{name} = {'' if default is None else default}\n    {meaning}")
