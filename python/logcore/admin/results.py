"""`Results`: what became of each thing that a request was about.

Invariant: every thing that was asked for is in it, with a value or with the error that it met.
Neighbours: every method of the admin clients that takes several things returns one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from logcore.common.errors import KafkaError, LogcoreError, error_for_code
from logcore.common.types import override

K = TypeVar("K")
V = TypeVar("V")
W = TypeVar("W")


class PartialFailureError(LogcoreError):
    """Some of the things that a request was about failed.

    Attributes:
        errors: The error of each, by what it was about.
    """

    def __init__(self, errors: Mapping[Any, KafkaError]) -> None:
        self.errors = errors
        listed = "; ".join(f"{key}: {error}" for key, error in errors.items())
        super().__init__(f"{len(errors)} failed: {listed}")


class Results(Mapping[K, V], Generic[K, V]):
    """A value or an error by what it is about.

    Looking up what failed raises its error, so that nothing goes unseen.

    Args:
        values: What succeeded.
        errors: What failed.

    Attributes:
        succeeded: What succeeded.
        errors: What failed.

    Example:
        >>> from logcore.common.errors import UnknownTopicOrPartitionError
        >>> error = UnknownTopicOrPartitionError("no such topic")
        >>> results = Results({"orders": 3}, {"oders": error})
        >>> results["orders"], list(results.errors)
        (3, ['oders'])
        >>> results["oders"]
        Traceback (most recent call last):
        logcore.common.kafka_errors.UnknownTopicOrPartitionError: no such topic
    """

    def __init__(self, values: Mapping[K, V], errors: Mapping[K, KafkaError] | None = None) -> None:
        self.succeeded = dict(values)
        self.errors = dict(errors or {})

    @override
    def __getitem__(self, key: K) -> V:
        error = self.errors.get(key)
        if error is not None:
            raise error
        return self.succeeded[key]

    @override
    def __iter__(self) -> Iterator[K]:
        yield from self.succeeded
        yield from self.errors

    @override
    def __len__(self) -> int:
        return len(self.succeeded) + len(self.errors)

    @override
    def __repr__(self) -> str:
        return f"Results({self.succeeded!r}, errors={self.errors!r})"

    def merged(self, other: "Results[K, V]") -> "Results[K, V]":
        """Return these results and others."""
        return Results(self.succeeded | other.succeeded, self.errors | other.errors)

    def raise_for_errors(self) -> "Results[K, V]":
        """Raise if something failed, else return these results.

        Raises:
            KafkaError: If all that was asked for is one thing, and it failed.
            PartialFailureError: If one of several failed.
        """
        if not self.errors:
            return self
        if len(self) == 1:
            raise next(iter(self.errors.values()))
        raise PartialFailureError(self.errors)


def error_of(code: int, message: str | None, what: object) -> KafkaError:
    """Make the error of a code that a broker answered with.

    Args:
        code: The code, not 0.
        message: What the broker says, if it says something.
        what: What it is about, for when it says nothing.
    """
    kind = error_for_code(code)
    meaning = (kind.__doc__ or kind.kafka_name).splitlines()[0]
    return kind(message or f"{what}: {meaning} [{kind.kafka_name}]")


def collect(
    answers: Iterable[W],
    key: Callable[[W], K],
    value: Callable[[W], V],
    code: Callable[[W], int] | None = None,
) -> Results[K, V]:
    """Sort the elements of a response into what succeeded and what failed.

    Args:
        answers: The elements, each with ``error_code`` and perhaps ``error_message``.
        key: What an element is about.
        value: What it says, if it is no error.
        code: Where its error code is, if elsewhere.
    """
    values: dict[K, V] = {}
    errors: dict[K, KafkaError] = {}
    for answer in answers:
        found = code(answer) if code is not None else getattr(answer, "error_code", 0)
        if found:
            message = getattr(answer, "error_message", None)
            errors[key(answer)] = error_of(found, message, key(answer))
        else:
            values[key(answer)] = value(answer)
    return Results(values, errors)


def nothing(_: object) -> None:
    """Say nothing of what succeeded but that it did."""
