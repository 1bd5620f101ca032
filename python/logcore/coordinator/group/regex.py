"""Finds the topics of the expressions by which members subscribe, a slice of work at a time.

Going over all topics can take longer than the event loop may stand still, so a resolution is an
object that is asked to go on, for so many steps, until it is over. It works on the topics as they
were when it began; those that came since are found by the next one.
Invariant: an internal topic is found like any other, as in Kafka; a topic that the member may not
describe is not.
Neighbours: `consumer_regex` decides when to resolve, and loads this then; `regex.program`
of the coordinators matches.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from logcore.common.errors import InvalidRegularExpressionError
from logcore.coordinator.group.context import MayDescribe
from logcore.coordinator.regex.program import Program

STEPS_PER_SLICE: Final = 50_000
"""How much work is done at once: some milliseconds."""

_NAMES_PER_LOOK: Final = 64
_FIELD: Final = "SubscribedTopicRegex"


def check(text: str) -> None:
    """Refuse what is no expression.

    Raises:
        InvalidRegularExpressionError: If it is none.
    """
    Program(text, _FIELD)


class Resolution:
    """One pass over the topics.

    Args:
        regexes: The expressions; one that is none, from an old record, matches nothing.
        names: The topics.
        may_describe: Tells whether the member that subscribes may know of a topic.
    """

    def __init__(
        self, regexes: Iterable[str], names: Iterable[str], may_describe: MayDescribe
    ) -> None:
        self._programs: dict[str, Program | None] = {}
        for text in regexes:
            try:
                self._programs[text] = Program(text, _FIELD)
            except InvalidRegularExpressionError:
                self._programs[text] = None
        self._found: dict[str, set[str]] = {text: set() for text in self._programs}
        self._names = iter(list(names))
        self._may_describe = may_describe

    @property
    def found(self) -> dict[str, frozenset[str]]:
        """The topics of each expression, once it is over."""
        return {text: frozenset(names) for text, names in self._found.items()}

    def go_on(self, steps: int = STEPS_PER_SLICE) -> bool:
        """Work for about so many steps; return whether it is over."""
        limit = self._work() + steps
        while self._work() < limit:
            names = list(islice(self._names, _NAMES_PER_LOOK))
            if not names:
                return True
            for name in names:
                self._look_at(name)
        return False

    def _work(self) -> int:
        return sum(program.work for program in self._programs.values() if program is not None)

    def _look_at(self, name: str) -> None:
        matched = [
            text
            for text, program in self._programs.items()
            if program is not None and program.matches(name)
        ]
        if matched and self._may_describe(name):
            for text in matched:
                self._found[text].add(name)
