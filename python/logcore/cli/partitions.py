"""Partitions as they are named on the command line: ``orders``, or ``orders:0,2`` for some of it.

Invariant: what is returned is there; a number that is none is a usage error that says so.
Neighbours: `topic`, `group`, `share` and `cluster` name partitions so.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

if TYPE_CHECKING:
    from logcore.admin.admin import Admin
    from logcore.client.positions import TopicPartition

F = TypeVar("F", bound=Callable[..., Any])

METAVAR: Final = "TOPIC[:PARTITION,...]"


def topics_option(command: F) -> F:
    """Give a command ``--topic``, several times, as its argument `topics`."""
    return click.option(
        "-t", "--topic", "topics", multiple=True, metavar=METAVAR,
        help="Only this topic, or these partitions of it; may be repeated.",
    )(command)  # fmt: skip


def partitions_argument(command: F) -> F:
    """Give a command partitions to be about, as its argument `named`."""
    return click.argument("named", nargs=-1, required=True, metavar=f"{METAVAR}...")(command)


def named_partitions(admin: "Admin", words: Sequence[str]) -> "list[TopicPartition]":
    """Return the partitions that are named, in order.

    Raises:
        click.UsageError: If a number is none, or there is no such partition.
        UnknownTopicOrPartitionError: If there is no such topic.
    """
    found: set[TopicPartition] = set()
    for word in words:
        name, separator, numbers = word.partition(":")
        partitions = admin.offsets.partitions(name)
        if separator:
            wanted = _numbers(word, numbers)
            missing = wanted - {one.partition for one in partitions}
            if missing:
                raise click.UsageError(f"{name} has no partition {min(missing)}")
            partitions = [one for one in partitions if one.partition in wanted]
        found.update(partitions)
    return sorted(found)


def _numbers(word: str, numbers: str) -> set[int]:
    try:
        return {int(number) for number in numbers.split(",")}
    except ValueError:
        raise click.UsageError(f"{word}: write TOPIC:0,1,2") from None
