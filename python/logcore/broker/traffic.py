"""What goes through a broker: bytes by topic, and errors that clients were told.

Invariant: counting costs a dictionary access where records pass, and nothing is counted per
record. No more than `TOPICS_MAX` topics are told apart; others are counted together, nameless.
Neighbours: `plain_produce` and the handlers of Produce and Fetch count bytes; `dispatch` counts
errors; `parts_metrics` shows both.
"""

from collections.abc import Iterator
from typing import Any, Final

from logcore.broker.apis import APIS
from logcore.common.errors import error_for_code
from logcore.common.metrics import Counter
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.field import StructMeta

TOPICS_MAX: Final = 1_000
OTHERS: Final = ""

_COUNTED_BY_HANDLERS: Final = frozenset({ApiKey.PRODUCE, ApiKey.FETCH})


class TopicBytes(dict[str, int]):
    """Bytes by topic.

    Example:
        >>> fetched = TopicBytes()
        >>> fetched.count("orders", 100)
        >>> fetched.count("orders", 20)
        >>> fetched
        {'orders': 120}
    """

    def count(self, topic: str, size_bytes: int) -> None:
        """Add to a topic's bytes."""
        if topic not in self and len(self) >= TOPICS_MAX:
            topic = OTHERS
        self[topic] = self.get(topic, 0) + size_bytes


class Traffic:
    """What went through a broker.

    Attributes:
        produced: Bytes of records taken, by topic; of requests, where they hold little else.
        fetched: Bytes of records sent, by topic.
        errors: Errors that clients were told, by API and error.
    """

    def __init__(self) -> None:
        self.produced = TopicBytes()
        self.fetched = TopicBytes()
        self.errors = Counter(
            "logcore_request_errors_total",
            "Errors that clients were told, by API and error; one for each item of a request",
            ("api", "error"),
        )
        self._plans: dict[ApiKey, _Plan | None] = {}

    def refused(self, key: ApiKey, code: int) -> None:
        """Count an error of a request, or of an item of one."""
        self.errors.increment(APIS[key].name, error_for_code(code).kafka_name)

    def answered(self, key: ApiKey, response: Any) -> None:  # noqa: ANN401 - any message
        """Count the errors that a response tells."""
        try:
            plan = self._plans[key]
        except KeyError:
            counted = key not in _COUNTED_BY_HANDLERS
            plan = self._plans[key] = _plan_of(APIS[key].response_class()) if counted else None
        if plan is not None and hasattr(response, "FIELDS"):
            for code in _codes(response, plan):
                self.refused(key, code)


class _Plan:
    """Where the errors of a structure are: its own, and those of structures in it."""

    __slots__ = ("has_code", "inner")

    def __init__(self, has_code: bool, inner: "list[tuple[str, _Plan]]") -> None:
        self.has_code = has_code
        self.inner = inner


def _plan_of(cls: StructMeta) -> _Plan | None:
    """Return where the errors of a structure are, None if it has no place for any."""
    inner = []
    for name, field in cls.FIELDS.items():
        plan = _plan_of(field.of) if field.of is not None and field.is_array else None
        if plan is not None:
            inner.append((name, plan))
    has_code = "error_code" in cls.FIELDS
    return _Plan(has_code, inner) if has_code or inner else None


def _codes(struct: Any, plan: _Plan) -> Iterator[int]:  # noqa: ANN401 - any structure
    """Yield the codes of a structure, and of those in it, that are errors."""
    if plan.has_code and struct.error_code:
        yield struct.error_code
    for name, inner in plan.inner:
        for item in getattr(struct, name) or ():
            yield from _codes(item, inner)
