"""The response that refuses a request with one error code, in every place that has one.

Apache Kafka's request classes each know how to do that. Here the tables of the messages are enough:
a response repeats the topics, partitions or groups that its request named, and most have a place
for an error beside each.
Invariant: what is made can be encoded in the version of the request and names what it named.
Neighbours: `faults` sends what is made here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from logcore.common.errors import InvalidArgumentError
from logcore.protocol.field import Field, parse_versions
from logcore.protocol.schema import Message, Struct

_ERRORS: Final = ("error_code", "partition_error_code")
"""What the place for an error is called."""
_SAME: Final = {
    "index": ("partition_index", "partition"),
    "partition_index": ("partition", "index"),
    "partition": ("partition_index", "index"),
    "topic": ("name",),
    "name": ("topic", "topic_name"),
    "topic_name": ("name", "topic"),
    "resource_name": ("name",),
}
"""What a field of a response may be called in the request."""


_ELEMENTS_FIRST: Final = {"FetchResponse", "ShareFetchResponse", "ShareAcknowledgeResponse"}
"""Responses whose own error code is about a session: a fault is told beside its partition."""


def refusal_of(
    request: Message, response_class: type[Message], error_code: int, version: int
) -> Message:
    """Make the response that refuses all of a request: as a whole if there is a place for that.

    Args:
        request: What was asked for.
        response_class: The class of its responses.
        error_code: Kafka's number of the error.
        version: The version of the request.

    Raises:
        InvalidArgumentError: If the response has no place for an error that the request leads to.

    Example:
        >>> from logcore.protocol.messages.heartbeat import HeartbeatRequest, HeartbeatResponse
        >>> refusal_of(HeartbeatRequest(group_id="g"), HeartbeatResponse, 16, 4).error_code
        16
    """
    response = response_class()
    refusal = _Refusal(error_code, version)
    is_whole = response_class.__name__ not in _ELEMENTS_FIRST and refusal.mark(response)
    if not (is_whole or refusal.fill(request, response) or refusal.mark(response)):
        name = response_class.__name__.removesuffix("Response")
        raise InvalidArgumentError(
            f"{name}, version {version}, has no place for an error code in its response"
        )
    return response


@dataclass(frozen=True, slots=True)
class _Refusal:
    """The error that is written, and the version in which there are places for it."""

    error_code: int
    version: int

    def mark(self, answer: Any) -> bool:  # noqa: ANN401 - any struct
        """Write the error into a struct's own place for it; return whether there is one."""
        name = self._place(answer.FIELDS)
        if name is not None:
            setattr(answer, name, self.error_code)
        return name is not None

    def _place(self, fields: Mapping[str, Field]) -> str | None:
        """Return the field that has room for an error in this version, if there is one."""
        for name in _ERRORS:
            if name in fields and self.version in parse_versions(fields[name].versions):
                return name
        return None

    def fill(self, asked: Struct, answer: Any) -> bool:  # noqa: ANN401 - any struct
        """Answer each element of a request's arrays; return whether an error was written."""
        arrays = [
            name for name, field in asked.FIELDS.items() if field.is_array and getattr(asked, name)
        ]
        is_marked = False
        for name, field in answer.FIELDS.items():
            if not field.is_array or field.of is None or not self._leads_to_error(field):
                continue
            source = name if name in arrays else next(iter(arrays), None)
            if source is None:
                continue
            arrays.remove(source)
            setattr(answer, name, [self._element(field, one) for one in getattr(asked, source)])
            is_marked = True
        return is_marked

    def _element(self, field: Field, asked: object) -> object:
        """Make the answer to one element of an array of the request."""
        assert field.of is not None, "an array of structs"
        answer: Any = field.of()
        for name, part in answer.FIELDS.items():
            if part.kind == "records" and getattr(answer, name) is None:
                setattr(answer, name, b"")
            elif not (part.is_array or part.kind == "struct" or name in _ERRORS):
                value = _value(asked, name) if isinstance(asked, Struct) else asked
                if value is not None and type(value) is type(getattr(answer, name)):
                    setattr(answer, name, value)
                    if not isinstance(asked, Struct):
                        break  # a bare name or number names one field only
        if not self.mark(answer) and isinstance(asked, Struct):
            self.fill(asked, answer)
        return answer

    def _leads_to_error(self, field: Field) -> bool:
        """Whether the structs of an array have an error code, or those in their arrays have."""
        if field.of is None or self.version not in parse_versions(field.versions):
            return False
        return self._place(field.of.FIELDS) is not None or any(
            part.is_array and self._leads_to_error(part) for part in field.of.FIELDS.values()
        )


def _value(asked: Struct, name: str) -> object:
    for candidate in (name, *_SAME.get(name, ())):
        if candidate in asked.FIELDS:
            value: object = getattr(asked, candidate)
            return value
    return None
