"""Where a group's offsets are to go: read from the options, decided partition by partition.

Invariant: an offset that is decided lies within its partition.
Neighbours: `group` and `share` reset with it; `partitions` reads which are meant.
Source: KIP-122, for what can be asked for.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

import click

from logcore.cli.numbers import DISTANCE, OFFSET
from logcore.cli.partitions import named_partitions
from logcore.cli.times import Moment

if TYPE_CHECKING:
    from logcore.admin.admin import Admin
    from logcore.client.positions import TopicPartition

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Target:
    """Where offsets are to go; one of these is set.

    Attributes:
        to_earliest: To the start.
        to_latest: To the end.
        to_offset: To this offset.
        to_time: To the first record as late as this.
        shift_by: So many records on, or back.
        offsets: To an offset of each partition's own.
    """

    to_earliest: bool = False
    to_latest: bool = False
    to_offset: int | None = None
    to_time: datetime | None = None
    shift_by: int | None = None
    offsets: "Mapping[TopicPartition, int] | None" = None


def target_options(command: F) -> F:
    """Give a command the ways to say where to, as its argument `target`."""

    def made(context: click.Context, parameter: click.Parameter, value: int | None) -> Target:
        del parameter
        told = {name: context.params.pop(name, None) for name in _NAMES}
        told["shift_by"] = value
        given = {name: one for name, one in told.items() if one is not None and one is not False}
        if len(given) != 1:
            raise click.UsageError(
                "say where to, once: --to-earliest, --to-latest, --to-offset, --to-time, "
                "--shift-by or --from"
            )
        return Target(**given)

    for option in (
        click.option("--shift-by", "target", type=DISTANCE, metavar="N", callback=made,
                     help="N records on; back if N is negative."),
        click.option("--from", "offsets", type=click.File("rb"), callback=offsets_of,
                     is_eager=True, metavar="FILE",
                     help="Offsets by partition, as JSON: what `lag -o json` printed."),
        click.option("--to-time", type=Moment(), is_eager=True, metavar="TIME",
                     help="The first record as late as this; 2h is two hours ago."),
        click.option("--to-offset", type=OFFSET, is_eager=True, metavar="OFFSET",
                     help="This offset."),
        click.option("--to-latest", is_flag=True, is_eager=True, help="The end."),
        click.option("--to-earliest", is_flag=True, is_eager=True, help="The start."),
    ):  # fmt: skip
        command = option(command)
    return command


_NAMES: Final = ("to_earliest", "to_latest", "to_offset", "to_time", "offsets")
_OFFSETS: Final = ("offset", "committed", "after", "start")
"""What an offset is called in JSON: of its own, or by `lag`, `reset` and `share offsets`."""


def offsets_of(
    _context: click.Context, _parameter: click.Parameter, file: "IO[bytes] | None"
) -> "dict[TopicPartition, int] | None":
    """Read offsets by partition from lines of JSON.

    Raises:
        click.BadParameter: If a line is none, or the same partition has two.
    """
    if file is None:
        return None
    import json  # noqa: PLC0415 - then only

    from logcore.client.positions import TopicPartition  # noqa: PLC0415

    with file:
        lines = list(file)
    found: dict[TopicPartition, int] = {}
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            partition = TopicPartition(str(told["topic"]), operator.index(told["partition"]))
            name = next(name for name in _OFFSETS if name in told)
            offset = operator.index(told[name])
        except (ValueError, KeyError, TypeError, StopIteration):
            raise click.BadParameter(
                f"line {number}: write "
                '{"topic": "orders", "partition": 0, "offset": 7} on each line'
            ) from None
        if partition in found:
            raise click.BadParameter(f"line {number}: {partition} is there twice")
        found[partition] = offset
    if not found:
        raise click.BadParameter("there are no offsets in it")
    return found


def partitions_to_reset(
    admin: "Admin",
    topics: Sequence[str],
    current: Mapping["TopicPartition", int],
    target: Target,
) -> "list[TopicPartition]":
    """Return the partitions that are meant, in order.

    Args:
        admin: The cluster.
        topics: What ``--topic`` named; what has offsets if nothing.
        current: The offsets there are.
        target: Where they are to go, which may name partitions itself.

    Raises:
        click.UsageError: If nothing is named and there are no offsets, or a number is none.
    """
    if target.offsets is not None:
        told = set(target.offsets)
        return sorted(told.intersection(named_partitions(admin, topics)) if topics else told)
    if not topics:
        if not current:
            raise click.UsageError("the group has no offsets: name the topics with --topic")
        return sorted(current)
    return named_partitions(admin, topics)


def planned(
    admin: "Admin",
    partitions: Iterable["TopicPartition"],
    current: Mapping["TopicPartition", int],
    target: Target,
) -> "dict[TopicPartition, int]":
    """Decide the new offset of each partition.

    Raises:
        click.UsageError: If a partition is to be shifted that has no offset.
        KafkaError: If a partition cannot be asked.
    """
    wanted = list(partitions)
    bounds = admin.offsets.bounds(wanted).raise_for_errors()
    if target.to_time is not None:
        found = admin.offsets.find(dict.fromkeys(wanted, target.to_time)).raise_for_errors()
        return {
            one: bounds[one][1] if at.offset is None else at.offset for one, at in found.items()
        }
    return {one: _offset(one, bounds[one], current.get(one), target) for one in wanted}


def _offset(
    partition: "TopicPartition", bounds: tuple[int, int], current: int | None, target: Target
) -> int:
    low, high = bounds
    if target.to_earliest:
        return low
    if target.to_latest:
        return high
    wanted = target.to_offset if target.offsets is None else target.offsets[partition]
    if wanted is not None:
        return min(max(wanted, low), high)
    assert target.shift_by is not None, "one of them is set"
    if current is None:
        raise click.UsageError(f"{partition} has no offset to shift")
    return min(max(current + target.shift_by, low), high)
