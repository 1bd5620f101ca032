"""`SchemaRegistry`: a client of a schema registry that speaks Confluent's API.

Invariant: what can never change (the schema of an id, the id that a subject gave a schema) is asked
for once, what can (the latest version) as often as ``latest.cache.ttl.sec`` says. Safe for threads.
Neighbours: `rules` has the settings of subjects, `transport` asks, `answers` understands;
`async_registry` is the twin for coroutines.
Source: Confluent's Schema Registry API reference, for paths and parameters.
"""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final

from logcore.common.clock import Clock, SystemClock
from logcore.common.types import override
from logcore.serialization.registry import answers
from logcore.serialization.registry.asking import (
    in_path,
    normalized,
    permanently,
    with_deleted,
)
from logcore.serialization.registry.config import REGISTRY_CONFIG, URL, Read
from logcore.serialization.registry.kept import Kept
from logcore.serialization.registry.rules import Rules
from logcore.serialization.registry.schema import (
    LATEST,
    RegisteredSchema,
    Schema,
    SubjectVersion,
    context_of,
)
from logcore.serialization.registry.transport import Transport

SCHEMAS_KEPT: Final = 10_000
"""Schemas whose ids are remembered: more than anybody has, and a bound all the same."""


class SchemaRegistry(Rules):
    """A schema registry, asked synchronously.

    Args:
        url: Where it is; several addresses, in a list or with commas between, are tried in turn.
        config: Settings by their dotted names, such as ``{"basic.auth.user.info": "me:secret"}``.
        token: Gives a bearer token whenever a request is made.
        clock: What time it is; for tests.
        **settings: The same settings, with underscores for dots.

    Raises:
        ConfigError: If a setting is unknown, or refused.

    Example:
        >>> from logcore.serialization import SchemaRegistry
        >>> with SchemaRegistry("localhost:8081", max_retries=0) as registry:
        ...     print(registry)
        SchemaRegistry(http://localhost:8081)
    """

    def __init__(
        self,
        url: str | Sequence[str] | None = None,
        *,
        config: Mapping[str, Any] | None = None,
        token: Callable[[], str] | None = None,
        clock: Clock | None = None,
        **settings: Any,  # noqa: ANN401 - settings are of many types
    ) -> None:
        told = dict(config or {}) | settings
        if url is not None:
            told[URL] = url if isinstance(url, str) else list(url)
        read = Read(REGISTRY_CONFIG, told)
        clock = clock or SystemClock()
        super().__init__(Transport(read, token, clock))
        ttl_s = read("latest.cache.ttl.sec", int)
        size = read("latest.cache.size", int)
        ttl_ms = None if ttl_s < 0 else ttl_s * 1000
        self._schemas: Kept[tuple[str, int | str], Schema] = Kept(SCHEMAS_KEPT, clock)
        self._registered: Kept[tuple[Any, ...], Any] = Kept(SCHEMAS_KEPT, clock)
        self._latest: Kept[str, RegisteredSchema] = Kept(size, clock, ttl_ms)

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(str, self._transport.endpoints))})"

    def __enter__(self) -> "SchemaRegistry":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections; twice is no error."""
        self._transport.close()

    def clear_caches(self) -> None:
        """Forget what the registry said; the next calls ask again."""
        self._schemas.clear()
        self._registered.clear()
        self._latest.clear()

    # ------------------------------------------------------------ schemas

    def register(self, subject: str, schema: Schema, *, normalize: bool = False) -> int:
        """Register a schema under a subject, as its next version unless it has it already.

        Args:
            subject: The subject.
            schema: The schema.
            normalize: Whether the registry brings it into one form first.

        Returns:
            The schema's id.

        Raises:
            IncompatibleSchemaError: If the subject's compatibility forbids it.
            InvalidSchemaError: If it is none.
            SchemaRegistryError: If the registry refuses, or does not answer.
        """
        key = ("register", subject, schema, normalize)
        known: int | None = self._registered.get(key)
        if known is not None:
            return known
        path = f"subjects/{in_path(subject)}/versions"
        answer = self._transport.ask("POST", path, normalized(normalize), schema.body())
        number = answers.member(answer, "id", int, self._place(path))
        self._registered.put(key, number)
        return number

    def lookup(
        self, subject: str, schema: Schema, *, normalize: bool = False, deleted: bool = False
    ) -> RegisteredSchema:
        """Find a schema under a subject.

        Args:
            subject: The subject.
            schema: The schema.
            normalize: Whether the registry brings it into one form first.
            deleted: Whether a version that was deleted counts.

        Raises:
            SubjectNotFoundError: If there is no such subject.
            SchemaNotFoundError: If the subject does not have it.
            SchemaRegistryError: If the registry refuses, or does not answer.
        """
        key = ("lookup", subject, schema, normalize, deleted)
        known: RegisteredSchema | None = self._registered.get(key)
        if known is not None:
            return known
        path = f"subjects/{in_path(subject)}"
        query = {**normalized(normalize), **with_deleted(deleted)}
        answer = self._transport.ask("POST", path, query, schema.body())
        found = answers.registered_of(answer, self._place(path))
        self._registered.put(key, found)
        return found

    def schema(self, id: int, *, subject: str | None = None, format: str | None = None) -> Schema:  # noqa: A002 - the API's words
        """Return the schema of an id.

        Args:
            id: The id, as records begin with.
            subject: A subject that has it: tells the context of the id, where there are several.
            format: Another form of it, such as ``serialized`` for Protobuf.

        Raises:
            SchemaNotFoundError: If the registry has no such id.
            SchemaRegistryError: If the registry refuses, or does not answer.
        """
        key = (f"{context_of(subject)} {format or ''}", id)
        return self._kept_schema(key, f"schemas/ids/{id}", {"subject": subject, "format": format})

    def schema_by_guid(self, guid: str, *, format: str | None = None) -> Schema:  # noqa: A002 - the API's word
        """Return the schema of a number that holds in every registry, where this one has such.

        Raises:
            SchemaNotFoundError: If the registry has no such schema.
            SchemaRegistryError: If the registry refuses, does not have such numbers, or is away.
        """
        path = f"schemas/guids/{in_path(guid)}"
        return self._kept_schema((format or "", guid), path, {"format": format})

    def _kept_schema(
        self, key: tuple[str, int | str], path: str, query: Mapping[str, object]
    ) -> Schema:
        known = self._schemas.get(key)
        if known is None:
            known = answers.schema_of(self._transport.ask("GET", path, query), self._place(path))
            self._schemas.put(key, known)
        return known

    def versions_of(self, id: int) -> tuple[SubjectVersion, ...]:  # noqa: A002 - the API's word
        """Return where the schema of an id is registered.

        Raises:
            SchemaNotFoundError: If the registry has no such id.
        """
        path = f"schemas/ids/{id}/versions"
        url = self._place(path)
        return tuple(
            SubjectVersion(
                answers.member(each, "subject", str, url), answers.member(each, "version", int, url)
            )
            for each in answers.items(self._transport.ask("GET", path), dict, url)
        )

    def schema_types(self) -> tuple[str, ...]:
        """Return the types of schemas that the registry takes."""
        return self._texts("schemas/types")

    # ------------------------------------------------------------ subjects

    def subjects(self, *, prefix: str | None = None, deleted: bool = False) -> tuple[str, ...]:
        """Return the subjects there are.

        Args:
            prefix: What they begin with; ``:*:`` is every context.
            deleted: Whether those that were deleted are among them.
        """
        return self._texts("subjects", {"subjectPrefix": prefix, **with_deleted(deleted)})

    def versions(self, subject: str, *, deleted: bool = False) -> tuple[int, ...]:
        """Return the versions that a subject has.

        Raises:
            SubjectNotFoundError: If there is no such subject.
        """
        return self._numbers("GET", f"subjects/{in_path(subject)}/versions", with_deleted(deleted))

    def version(
        self, subject: str, version: int | str = LATEST, *, deleted: bool = False
    ) -> RegisteredSchema:
        """Return one version of a subject.

        Args:
            subject: The subject.
            version: Its number, or ``latest``.
            deleted: Whether one that was deleted counts.

        Raises:
            SubjectNotFoundError: If there is no such subject.
            VersionNotFoundError: If the subject has no such version.
        """
        path = f"subjects/{in_path(subject)}/versions/{in_path(version)}"
        answer = self._transport.ask("GET", path, with_deleted(deleted))
        return answers.registered_of(answer, self._place(path))

    def latest(self, subject: str) -> RegisteredSchema:
        """Return the latest version of a subject, as it was at most ``latest.cache.ttl.sec`` ago.

        Raises:
            SubjectNotFoundError: If there is no such subject.
        """
        known = self._latest.get(subject)
        if known is None:
            known = self.version(subject)
            self._latest.put(subject, known)
        return known

    def referenced_by(self, subject: str, version: int | str = LATEST) -> tuple[int, ...]:
        """Return the ids of the schemas that refer to a version of a subject."""
        path = f"subjects/{in_path(subject)}/versions/{in_path(version)}/referencedby"
        return self._numbers("GET", path)

    def delete_subject(self, subject: str, *, permanent: bool = False) -> tuple[int, ...]:
        """Delete a subject, and return the versions that it had.

        Args:
            subject: The subject.
            permanent: Whether for good, after it was deleted without; its ids then mean nothing any
                more, and records that were written with them cannot be read.

        Raises:
            SubjectNotFoundError: If there is no such subject.
            SchemaInUseError: If others refer to it.
        """
        self.clear_caches()
        return self._numbers("DELETE", f"subjects/{in_path(subject)}", permanently(permanent))

    def delete_version(self, subject: str, version: int | str, *, permanent: bool = False) -> int:
        """Delete one version of a subject, and return its number; otherwise as `delete_subject`.

        Raises:
            VersionNotFoundError: If there is no such version.
            SchemaInUseError: If others refer to it.
        """
        self.clear_caches()
        path = f"subjects/{in_path(subject)}/versions/{in_path(version)}"
        answer = self._transport.ask("DELETE", path, permanently(permanent))
        return answers.items([answer], int, self._place(path))[0]

    def contexts(self) -> tuple[str, ...]:
        """Return the contexts there are: a subject of one is called ``:.CONTEXT:SUBJECT``."""
        return self._texts("contexts")
