"""Where a group's offsets are to go: read from the options, decided partition by partition.

Invariant: an offset that is decided lies within its partition.
Neighbours: `group` and `share` reset with it; `logcore.admin.offsets` knows the partitions.
Source: KIP-122, for what can be asked for.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from logcore.common.types import override

if TYPE_CHECKING:
    from logcore.admin.admin import Admin
    from logcore.client.positions import TopicPartition

F = TypeVar("F", bound=Callable[..., Any])

UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Target:
    """Where offsets are to go; one of these is set.

    Attributes:
        to_earliest: To the start.
        to_latest: To the end.
        to_offset: To this offset.
        to_time: To the first record as late as this.
        shift_by: So many records on, or back.
    """

    to_earliest: bool = False
    to_latest: bool = False
    to_offset: int | None = None
    to_time: datetime | None = None
    shift_by: int | None = None


class Moment(click.ParamType):  # type: ignore[type-arg]  # not in older clicks
    """A time: ``2026-01-31T12:00:00Z``, with a zone or in UTC, or ``2h`` for two hours ago."""

    name = "time"

    @override
    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> datetime:
        """Read one."""
        if isinstance(value, datetime):
            return value
        ago = re.fullmatch(r"(\d+)([smhdw])", str(value))
        if ago:
            return datetime.now(UTC) - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value}: write 2026-01-31T12:00:00Z, or 2h for two hours ago", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def topics_option(command: F) -> F:
    """Give a command ``--topic``, several times, as its argument `topics`."""
    return click.option(
        "-t", "--topic", "topics", multiple=True, metavar="TOPIC[:PARTITION,...]",
        help="Only this topic, or these partitions of it; may be repeated.",
    )(command)  # fmt: skip


def target_options(command: F) -> F:
    """Give a command the ways to say where to, as its argument `target`."""

    def made(context: click.Context, parameter: click.Parameter, value: int | None) -> Target:
        del parameter
        told = {name: context.params.pop(name, None) for name in _NAMES}
        told["shift_by"] = value
        given = {name: given for name, given in told.items() if given not in (None, False)}
        if len(given) != 1:
            raise click.UsageError(
                "say where to, once: --to-earliest, --to-latest, --to-offset, --to-time "
                "or --shift-by"
            )
        return Target(**given)

    for option in (
        click.option("--shift-by", "target", type=int, metavar="N", callback=made,
                     help="N records on; back if N is negative."),
        click.option("--to-time", type=Moment(), is_eager=True, metavar="TIME",
                     help="The first record as late as this; 2h is two hours ago."),
        click.option("--to-offset", type=int, is_eager=True, metavar="OFFSET", help="This offset."),
        click.option("--to-latest", is_flag=True, is_eager=True, help="The end."),
        click.option("--to-earliest", is_flag=True, is_eager=True, help="The start."),
    ):  # fmt: skip
        command = option(command)
    return command


_NAMES: Final = ("to_earliest", "to_latest", "to_offset", "to_time")


def partitions_to_reset(
    admin: "Admin", topics: Sequence[str], current: Mapping["TopicPartition", int]
) -> "list[TopicPartition]":
    """Return the partitions that are meant, in order.

    Args:
        admin: The cluster.
        topics: What ``--topic`` named; what has offsets if nothing.
        current: The offsets there are.

    Raises:
        click.UsageError: If nothing is named and there are no offsets, or a number is none.
    """
    if not topics:
        if not current:
            raise click.UsageError("the group has no offsets: name the topics with --topic")
        return sorted(current)
    found: list[TopicPartition] = []
    for word in topics:
        name, separator, numbers = word.partition(":")
        partitions = admin.offsets.partitions(name)
        if separator:
            wanted = _numbers(word, numbers)
            missing = wanted - {one.partition for one in partitions}
            if missing:
                raise click.UsageError(f"{name} has no partition {min(missing)}")
            partitions = [one for one in partitions if one.partition in wanted]
        found += partitions
    return sorted(set(found))


def _numbers(word: str, numbers: str) -> set[int]:
    try:
        return {int(number) for number in numbers.split(",")}
    except ValueError:
        raise click.UsageError(f"{word}: write TOPIC:0,1,2") from None


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
    if target.to_offset is not None:
        return min(max(target.to_offset, low), high)
    assert target.shift_by is not None, "one of them is set"
    if current is None:
        raise click.UsageError(f"{partition} has no offset to shift")
    return min(max(current + target.shift_by, low), high)
