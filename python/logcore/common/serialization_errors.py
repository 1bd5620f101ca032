"""The exceptions of serializers and of the schema registry.

Invariant: the class says whose fault it is: of the bytes and whoever wrote them, of the value and
whoever sent it, of a schema and whoever wrote that, of the registry, or of the way to it.
Neighbours: `errors` is what other rooms import; `logcore.serialization` raises these.
"""

from typing import ClassVar

from logcore.common.client_errors import ClientError, SerializationError


class MalformedDataError(SerializationError):
    """The bytes of a key or value are not what their format says: whoever wrote them is at fault.

    Read on past the record, or with the format that it was really written in.
    """


class UnfitValueError(SerializationError):
    """A value is none that its serializer or schema has: the program that sends it is at fault."""


class SchemaError(SerializationError):
    """A schema is none, or cannot be read by another: whoever wrote the schema is at fault."""


class MissingPackageError(ClientError, ImportError):
    """Something needs a package that is not installed; the message has the command that does it."""


class SchemaRegistryError(ClientError):
    """A schema registry refused, or its answer makes no sense.

    Attributes:
        status: The status of HTTP; None if there was no answer.
        error_code: The registry's own code, such as 40403; None if it gave none.
        url: What was asked, without user and password.
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        error_code: int | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.url = url


class SchemaRegistryUnreachableError(SchemaRegistryError, ConnectionError):
    """No registry answered at any of its addresses, nor when asked again.

    Attributes:
        attempts: What was tried, as address and reason.
    """

    retriable: ClassVar[bool] = True

    def __init__(self, message: str = "", *, attempts: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.attempts = attempts or {}


class SchemaRegistryBusyError(SchemaRegistryError):
    """The registry cannot answer now (5xx, or too many requests), nor when asked again."""

    retriable: ClassVar[bool] = True


class SchemaRegistryAnswerError(SchemaRegistryError):
    """What answers is no schema registry, or a broken one: look where the address leads."""


class SchemaRegistryAuthError(SchemaRegistryError):
    """The registry does not know us or does not let us, or its certificate is not trusted."""


class SubjectNotFoundError(SchemaRegistryError):
    """The registry has no such subject, or has deleted it."""


class VersionNotFoundError(SchemaRegistryError):
    """The subject has no such version, or it was deleted."""


class SchemaNotFoundError(SchemaRegistryError):
    """The registry has no such schema: its id is unknown, or the subject never had it.

    Of a record this says that it was written with another registry, or that a schema was deleted.
    """


class InvalidSchemaError(SchemaRegistryError):
    """The registry takes a schema for none."""


class IncompatibleSchemaError(SchemaRegistryError):
    """A schema is not compatible with those that its subject has, by the subject's own setting."""


class SchemaInUseError(SchemaRegistryError):
    """A schema cannot be deleted while others refer to it."""
