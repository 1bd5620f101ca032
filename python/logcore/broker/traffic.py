"""What goes through a broker: bytes by topic, and errors that clients were told.

Invariant: counting costs a dictionary access where records pass, and nothing is counted per
record. No more than `TOPICS_MAX` topics are told apart; others are counted together, nameless.
Neighbours: `plain_produce` and the handlers of Produce and Fetch count bytes; `dispatch` counts
errors; `parts_metrics` shows both.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, TypeAlias

from logcore.broker.apis import APIS
from logcore.common.errors import error_for_code
from logcore.common.metrics import Counter
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.field import StructMeta

TOPICS_MAX: Final = 1_000
OTHERS: Final = ""

_COUNTED_BY_HANDLERS: Final = frozenset({ApiKey.PRODUCE, ApiKey.FETCH})

Finder: TypeAlias = Callable[[Any], list[int]]
"""Returns the codes in a structure that are errors."""


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
        self._finders: dict[ApiKey, tuple[type, Finder] | None] = {}

    def refused(self, key: ApiKey, code: int) -> None:
        """Count an error of a request, or of an item of one."""
        self.errors.increment(APIS[key].name, error_for_code(code).kafka_name)

    def answered(self, key: ApiKey, response: object) -> None:
        """Count the errors that a response tells."""
        try:
            found = self._finders[key]
        except KeyError:
            found = self._finders[key] = _finder_of_api(key)
        if found is not None and type(response) is found[0]:
            for code in found[1](response):
                self.refused(key, code)


def _finder_of_api(key: ApiKey) -> tuple[type, Finder] | None:
    """Return the class of an API's responses, and what finds errors in one."""
    if key in _COUNTED_BY_HANDLERS:
        return None
    cls = APIS[key].response_class()
    finder = _finder(cls)
    return None if finder is None else (cls, finder)


def _finder(cls: StructMeta) -> Finder | None:
    """Return what finds the errors of a structure and of those in it; None if it has no place."""
    leaves, branches = [], []
    for name, field in cls.FIELDS.items():
        if field.of is None or not field.is_array:
            continue
        inner = _finder(field.of)
        if inner is _own_code:
            leaves.append(attrgetter(name))
        elif inner is not None:
            branches.append((attrgetter(name), inner))
    has_code = "error_code" in cls.FIELDS
    if not leaves and not branches:
        return _own_code if has_code else None

    def find(struct: Any) -> list[int]:  # noqa: ANN401 - of the class
        codes: list[int] = _own_code(struct) if has_code else []
        for items_of in leaves:
            codes += [item.error_code for item in items_of(struct) or () if item.error_code]
        for items_of, inner in branches:
            for item in items_of(struct) or ():
                codes += inner(item)
        return codes

    return find


def _own_code(struct: Any) -> list[int]:  # noqa: ANN401 - any structure with a code
    return [struct.error_code] if struct.error_code else []
