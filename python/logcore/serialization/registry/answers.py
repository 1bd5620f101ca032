"""What the answers of a schema registry mean: values, or errors with whose fault it is.

Invariant: an answer of another shape is a `SchemaRegistryAnswerError`, never a KeyError; a message
of the registry's is told, but cut where it goes on for ever. Nothing here waits or asks.
Neighbours: `transport` brings answers; `registry` asks here what they say.
"""

import json
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from logcore.common.errors import (
    IncompatibleSchemaError,
    InvalidSchemaError,
    SchemaInUseError,
    SchemaNotFoundError,
    SchemaRegistryAnswerError,
    SchemaRegistryAuthError,
    SchemaRegistryBusyError,
    SchemaRegistryError,
    SubjectNotFoundError,
    VersionNotFoundError,
)
from logcore.serialization.registry.schema import (
    AVRO,
    RegisteredSchema,
    Schema,
    SchemaReference,
    SubjectConfig,
)

MESSAGE_CHARS: Final = 2000
OK: Final = range(200, 300)
MOVED: Final = range(300, 400)
BUSY: Final = 500
TOO_MANY: Final = 429
UNAUTHORIZED: Final = (401, 403)
NO_CONTENT: Final = 204
CONFLICTS: Final = (409, *range(40900, 41000))
CHANGE: Final = "change the schema, or the subject's compatibility"
BY_CODE: Final[dict[int, type[SchemaRegistryError]]] = {
    40401: SubjectNotFoundError,
    40402: VersionNotFoundError,
    40403: SchemaNotFoundError,
    40404: SubjectNotFoundError,
    40406: VersionNotFoundError,
    42201: InvalidSchemaError,
    42206: SchemaInUseError,
}
ADVICE: Final = {
    40403: "the record was written with another registry, or the schema was deleted for good",
    40405: "delete the subject without permanent=True first",
    40407: "delete the version without permanent=True first",
    42206: "delete first what refers to it",
}
"""What to do about some codes."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: The status of HTTP.
        kind: The content's type.
        data: The content.
        url: What was asked, without user and password.
        location: Where to ask instead, if it said so.
    """

    status: int
    kind: str
    data: bytes
    url: str
    location: str | None = None

    @property
    def is_busy(self) -> bool:
        """Whether the same may be asked again."""
        return self.status >= BUSY or self.status == TOO_MANY


def value_of(answer: Answer) -> Any:  # noqa: ANN401 - JSON
    """Return what an answer says.

    Raises:
        SchemaRegistryError: If it is a refusal, or no answer of a registry.
    """
    if answer.status in MOVED:
        message = f"{answer.url} sends us on to {answer.location}: give that as the address"
        raise SchemaRegistryAnswerError(message, status=answer.status, url=answer.url)
    if answer.status not in OK:
        raise error_of(answer)
    if answer.status == NO_CONTENT:
        return None
    try:
        return json.loads(answer.data)
    except (ValueError, RecursionError):
        raise nonsense(answer, "no JSON") from None


def nonsense(answer: Answer, what: str) -> SchemaRegistryAnswerError:
    """Make the error for an answer that no registry gives."""
    shown = answer.data[:80].decode(errors="backslashreplace")
    message = (
        f"{answer.url} answers {what} ({answer.status} {answer.kind}: {shown!r}): is it a schema "
        "registry, and is its path right?"
    )
    return SchemaRegistryAnswerError(message, status=answer.status, url=answer.url)


def error_of(answer: Answer) -> SchemaRegistryError:
    """Make the error for a refusal."""
    code, message = _told(answer.data)
    facts: dict[str, Any] = {"status": answer.status, "error_code": code, "url": answer.url}
    where = f"{answer.url}, status {answer.status}" + (f", code {code}" if code else "")
    if answer.is_busy:
        what = message or "no reason given"
        return SchemaRegistryBusyError(f"the registry cannot answer: {what} ({where})", **facts)
    if answer.status in UNAUTHORIZED:
        what = message or "who we are is not known, or not allowed"
        message = f"the registry refuses us: {what} ({where})"
        advice = "see basic.auth.user.info and bearer.auth.token"
        return SchemaRegistryAuthError(f"{message}: {advice}", **facts)
    if code is None:
        return nonsense(answer, "without a code")
    kind = IncompatibleSchemaError if code in CONFLICTS else BY_CODE.get(code, SchemaRegistryError)
    what_next = ADVICE.get(code) or (CHANGE if code in CONFLICTS else "")
    return kind(f"{message} ({where})" + (f": {what_next}" if what_next else ""), **facts)


def _told(data: bytes) -> tuple[int | None, str]:
    """Return the code and the message of a refusal, if it has them."""
    try:
        told = json.loads(data)
        return int(told["error_code"]), str(told["message"])[:MESSAGE_CHARS]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None, ""


def member(value: object, name: str, kind: type[T], url: str) -> T:
    """Return a member of an object.

    Raises:
        SchemaRegistryAnswerError: If it is not there, or of another kind.
    """
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind) or isinstance(found, bool) is not (kind is bool):
        message = f"{url} answers without {name}, or not as {kind.__name__}: is it a registry?"
        raise SchemaRegistryAnswerError(message, url=url)
    return found


def items(value: object, kind: type[T], url: str) -> tuple[T, ...]:
    """Return the parts of a list.

    Raises:
        SchemaRegistryAnswerError: If it is none, or has other things in it.
    """
    if not isinstance(value, list) or not all(isinstance(part, kind) for part in value):
        message = f"{url} answers something else than a list of {kind.__name__}"
        raise SchemaRegistryAnswerError(message, url=url)
    return tuple(value)


def schema_of(value: object, url: str) -> Schema:
    """Return the schema that an answer has.

    Raises:
        SchemaRegistryAnswerError: If it has none.
    """
    text = member(value, "schema", str, url)
    assert isinstance(value, dict)
    references = tuple(
        SchemaReference(
            member(each, "name", str, url),
            member(each, "subject", str, url),
            member(each, "version", int, url),
        )
        for each in items(value.get("references") or [], dict, url)
    )
    return Schema(text, str(value.get("schemaType") or AVRO), references)


def registered_of(value: object, url: str) -> RegisteredSchema:
    """Return the schema that an answer has, and where it is.

    Raises:
        SchemaRegistryAnswerError: If it does not say.
    """
    schema = schema_of(value, url)
    assert isinstance(value, dict)
    guid = value.get("guid")
    return RegisteredSchema(
        member(value, "subject", str, url),
        member(value, "version", int, url),
        member(value, "id", int, url),
        schema,
        guid if isinstance(guid, str) else None,
    )


def config_of(value: object, url: str) -> SubjectConfig:
    """Return the settings that an answer has; the level is called differently when it was just set.

    Raises:
        SchemaRegistryAnswerError: If it is no object.
    """
    if not isinstance(value, dict):
        raise SchemaRegistryAnswerError(f"{url} answers no settings", url=url)
    return SubjectConfig(
        value.get("compatibilityLevel") or value.get("compatibility"),
        value.get("normalize"),
        value.get("alias"),
        value.get("compatibilityGroup"),
    )
