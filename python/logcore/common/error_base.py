"""The root of all exceptions, and what every exception with a Kafka code has in common.

Invariant: a code belongs to exactly one class of the table in `kafka_errors`; a subclass that
names no code of its own (such as `LogPoisonedError`) answers with its parent's.
Neighbours: `kafka_errors` is the table; `errors` is what other rooms import.
"""

from typing import ClassVar

from logcore.common.types import override

_CLASS_BY_CODE: dict[int, type["KafkaError"]] = {}


class LogcoreError(Exception):
    """The root: whatever logcore raises on purpose is one of these.

    Example:
        >>> try:
        ...     raise LogcoreError("the disk is made of cheese")
        ... except LogcoreError as error:
        ...     print(error)
        the disk is made of cheese
    """


class KafkaError(LogcoreError):
    """An error that Kafka's protocol has a code for.

    Attributes:
        code: The number on the wire.
        kafka_name: The code as Apache Kafka spells it, such as ``OFFSET_OUT_OF_RANGE``.
        retriable: Whether the same request may succeed later.
        refresh_metadata: Whether a client should fetch fresh metadata before it tries again.
    """

    code: ClassVar[int] = -1
    kafka_name: ClassVar[str] = "UNKNOWN_SERVER_ERROR"
    retriable: ClassVar[bool] = False
    refresh_metadata: ClassVar[bool] = False

    @override
    def __init_subclass__(
        cls,
        *,
        code: int | None = None,
        kafka_name: str = "",
        retriable: bool = False,
        refresh_metadata: bool = False,
    ) -> None:
        """Register the class under its code; without a code it keeps its parent's four values."""
        super().__init_subclass__()
        if code is None:
            return
        assert code != 0, "0 is success and has no exception"
        assert kafka_name, f"{cls.__name__} has a code but no Kafka name"
        assert code not in _CLASS_BY_CODE, f"code {code} has two classes"
        cls.code = code
        cls.kafka_name = kafka_name
        cls.retriable = retriable
        cls.refresh_metadata = refresh_metadata
        _CLASS_BY_CODE[code] = cls


def error_for_code(code: int) -> type[KafkaError]:
    """Find the exception class of a code received from a broker.

    Args:
        code: A Kafka error code other than 0.

    Returns:
        The class; for a code newer than this release's table the class of code -1,
        `UnknownServerError`, as Apache Kafka's clients do.

    Raises:
        ValueError: If the code is 0, which is success.

    Example:
        >>> from logcore.common.errors import error_for_code
        >>> error_for_code(1).kafka_name
        'OFFSET_OUT_OF_RANGE'
    """
    if code == 0:
        raise ValueError("code 0 is success: there is no error to raise")
    return _CLASS_BY_CODE.get(code, _CLASS_BY_CODE[-1])
