"""The exceptions of logcore: what every other room imports, and what a user catches.

Four families under `LogcoreError`: those with a Kafka code (the table in `kafka_errors`, where
`KafkaError` is the common parent), those of clients (`client_errors`) and of their serializers
(`serialization_errors`), and those of the embedded log, which no wire ever carries.
Invariant: an exception says whose fault it is, and keeps the facts (path, offset, position) as
attributes, so that nobody parses a message.
Neighbours: `rust/bindings/src/error.rs` raises these by name, in one match.
"""

from logcore.common.client_errors import *
from logcore.common.error_base import *
from logcore.common.kafka_errors import *
from logcore.common.serialization_errors import *
from logcore.common.types import override


class InvalidArgumentError(LogcoreError, ValueError):
    """An argument of a call makes no sense, such as a negative offset."""


class LogClosedError(LogcoreError):
    """The log was closed before the call."""


class LogReadOnlyError(LogcoreError):
    """The log was opened with ``readonly=True`` and the call would write."""


class LogLockedError(LogcoreError):
    """Another process, or another handle of this one, holds the log directory.

    Attributes:
        path: The locked directory.
        pid: The process that holds it, where the lock file tells.
    """

    def __init__(
        self, message: str = "", *, path: str | None = None, pid: int | None = None
    ) -> None:
        super().__init__(message)
        self.path = path
        self.pid = pid


class LogPoisonedError(KafkaStorageError):
    """An earlier fsync failed: what is on disk is unknown until the log is opened again.

    Trying the fsync again would lie, because the kernel has dropped the pages it could not write.
    """


class LogDirectoryOfflineError(KafkaStorageError):
    """The log directory failed earlier and stays offline until restart.

    Attributes:
        path: The directory.
    """

    def __init__(self, message: str = "", *, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path


class LogIoError(KafkaStorageError, OSError):
    """The operating system refused an operation on a file of the log.

    Attributes:
        errno: The system's error number, such as ``errno.ENOSPC``.
        path: The file or directory; also as ``filename``, as every `OSError` has it.
    """

    def __init__(
        self, message: str = "", *, errno: int | None = None, path: str | None = None
    ) -> None:
        super().__init__(message)
        self.errno = errno
        self.strerror = message
        self.filename = path
        self.path = path

    @override
    def __str__(self) -> str:
        return str(self.strerror)

    @override
    def __reduce__(self) -> tuple[object, ...]:
        # OSError's own way to pickle would hand its three facts to our constructor by position.
        facts = {"errno": self.errno, "filename": self.filename}
        return type(self), (self.strerror,), self.__dict__ | facts


class LogCorruptError(CorruptMessageError):
    """Bytes on disk are not what was written.

    Attributes:
        path: The file.
        position: Where in the file the damage begins, in bytes.
    """

    def __init__(
        self, message: str = "", *, path: str | None = None, position: int | None = None
    ) -> None:
        super().__init__(message)
        self.path = path
        self.position = position


class UnsupportedFormatError(LogcoreError):
    """A file was written by a newer release, or in a format that logcore never writes.

    Attributes:
        path: The file.
    """

    def __init__(self, message: str = "", *, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path
