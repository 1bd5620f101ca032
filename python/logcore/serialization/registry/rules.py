"""What a registry lets happen: how schemas may change, and who may write.

Invariant: None stands for all subjects that have no settings of their own.
Neighbours: `registry` is this and more.
Source: Confluent's Schema Registry API reference, for paths and parameters.
"""

from logcore.serialization.registry import answers
from logcore.serialization.registry.asking import Asking, in_path, normalized, path_of
from logcore.serialization.registry.schema import (
    LATEST,
    CompatibilityResult,
    Mode,
    Schema,
    SubjectConfig,
)


class Rules(Asking):
    """The settings of a registry and its subjects."""

    def check(
        self,
        subject: str,
        schema: Schema,
        version: int | str | None = LATEST,
        *,
        normalize: bool = False,
    ) -> CompatibilityResult:
        """Say whether a schema is compatible with one that a subject has, or with all of them.

        Args:
            subject: The subject.
            schema: The schema that might come next.
            version: With which; None for all that the subject's compatibility looks at.
            normalize: Whether the registry brings the schema into one form first.

        Raises:
            SubjectNotFoundError: If there is no such subject.
            VersionNotFoundError: If the subject has no such version.
        """
        path = f"compatibility/subjects/{in_path(subject)}/versions"
        if version is not None:
            path += f"/{in_path(version)}"
        query = {"verbose": True, **normalized(normalize)}
        answer = self._transport.ask("POST", path, query, schema.body())
        is_compatible = answers.member(answer, "is_compatible", bool, self._place(path))
        messages = answers.items(answer.get("messages") or [], str, self._place(path))
        return CompatibilityResult(is_compatible, messages)

    def config(self, subject: str | None = None, *, fallback: bool = True) -> SubjectConfig:
        """Return the settings of a subject, or of all that have none of their own.

        Args:
            subject: The subject; None for all.
            fallback: Whether a subject without its own settings has those of all.
        """
        path = path_of("config", subject)
        query = {"defaultToGlobal": True} if subject is not None and fallback else {}
        return answers.config_of(self._transport.ask("GET", path, query), self._place(path))

    def set_config(
        self,
        compatibility: str | None = None,
        *,
        subject: str | None = None,
        normalize: bool | None = None,
    ) -> SubjectConfig:
        """Change the settings of a subject, or of all that have none of their own.

        Args:
            compatibility: A `Compatibility`.
            subject: The subject; None for all.
            normalize: Whether schemas are brought into one form.

        Raises:
            SchemaRegistryError: If the registry does not take the value.
        """
        path = path_of("config", subject)
        told = SubjectConfig(compatibility, normalize)
        return answers.config_of(
            self._transport.ask("PUT", path, None, told.body()), self._place(path)
        )

    def delete_config(self, subject: str) -> None:
        """Take a subject's own settings away, so that it has those of all."""
        self._transport.ask("DELETE", path_of("config", subject))

    def mode(self, subject: str | None = None, *, fallback: bool = True) -> str:
        """Return what the registry lets its clients do, of a subject or at all: a `Mode`."""
        path = path_of("mode", subject)
        query = {"defaultToGlobal": True} if subject is not None and fallback else {}
        return answers.member(
            self._transport.ask("GET", path, query), "mode", str, self._place(path)
        )

    def set_mode(self, mode: Mode | str, *, subject: str | None = None, force: bool = False) -> str:
        """Change what the registry lets its clients do; `force` where schemas are there already."""
        path = path_of("mode", subject)
        query = {"force": True} if force else {}
        answer = self._transport.ask("PUT", path, query, {"mode": str(mode)})
        return answers.member(answer, "mode", str, self._place(path))

    def delete_mode(self, subject: str) -> None:
        """Take a subject's own mode away, so that it has that of all."""
        self._transport.ask("DELETE", path_of("mode", subject))
