"""Matches names against an expression, in time that the expression cannot blow up.

Python's own `re` backtracks: an expression such as ``(a+)+b`` makes it run for years on a long
name, with the interpreter held all the while. A member chooses its expression freely, so this is a
machine of states instead, as in RE2: all ways to match are followed at once, and what was followed
once is remembered. A name costs at most its length times the size of the expression.
Invariant: a whole name matches, or it does not match. `work` only grows, by what matching cost.
Neighbours: `syntax` reads expressions; `group.regex` runs them over the topics.
"""

from typing import Final

from logcore.common.errors import InvalidRegularExpressionError
from logcore.coordinator.regex.sets import CHARACTERS, WORD
from logcore.coordinator.regex.syntax import (
    Alternate,
    Assertion,
    Chars,
    Concat,
    Node,
    Repeat,
    parse,
)

SIZE_MAX: Final = 10_000
"""How many instructions an expression may need, repetitions written out."""
STATES_MAX: Final = 1_000
"""How many states are remembered before beginning anew."""

_CHARS: Final = 0
_SPLIT: Final = 1
_ASSERT: Final = 2
_MATCH: Final = 3

_START: Final = -1
_END: Final = -1


class _State:
    """Where all the ways to match stand after some characters.

    Attributes:
        places: The instructions to go on with.
        before: The last character, as a number; `_START` at the start.
        following: Where each next character leads, as far as that was asked.
        is_accepting: Whether the name may end here; None while it was not asked.
    """

    __slots__ = ("before", "following", "is_accepting", "places")

    def __init__(self, places: frozenset[int], before: int) -> None:
        self.places = places
        self.before = before
        self.following: dict[str, _State] = {}
        self.is_accepting: bool | None = None


class Program:
    """An expression, ready to match.

    Args:
        text: The expression.

    Attributes:
        work: How much work matching has been, in steps.

    Raises:
        InvalidRegularExpressionError: If it is none, or a huge one.
    """

    def __init__(self, text: str) -> None:
        self._code: list[tuple[int, int, int]] = []
        self._compiled = 0
        self._text = text
        end = self._emit(_MATCH)
        start = self._compile(parse(text), end)
        self._has_assertions = any(operation == _ASSERT for operation, _, _ in self._code)
        self._states: dict[tuple[frozenset[int], int], _State] = {}
        self._start = frozenset((start,))
        self.work = 0

    # ------------------------------------------------------------ compiling

    def _emit(self, operation: int, argument: int = 0, goal: int = 0) -> int:
        self._code.append((operation, argument, goal))
        return len(self._code) - 1

    def _compile(self, node: Node, goal: int) -> int:
        """Write a node's instructions; return where it begins. What follows it is at `goal`."""
        self._compiled += 1
        if self._compiled > SIZE_MAX:
            raise InvalidRegularExpressionError(
                f"SubscribedTopicRegex `{self._text}` is not a valid regular expression: "
                "expression too large."
            )
        match node:
            case Chars(mask):
                return self._emit(_CHARS, mask, goal)
            case Assertion(kind):
                return self._emit(_ASSERT, ord(kind), goal)
            case Concat(parts):
                for part in reversed(parts):
                    goal = self._compile(part, goal)
                return goal
            case Alternate(choices):
                starts = [self._compile(choice, goal) for choice in choices]
                while len(starts) > 1:
                    starts[-2:] = [self._emit(_SPLIT, starts[-2], starts[-1])]
                return starts[0]
            case Repeat():
                return self._compile_repeat(node, goal)

    def _compile_repeat(self, node: Repeat, goal: int) -> int:
        if node.most is None:
            loop = self._emit(_SPLIT)
            self._code[loop] = (_SPLIT, self._compile(node.node, loop), goal)
            goal = loop
        else:
            past = goal
            for _ in range(node.most - node.least):
                goal = self._emit(_SPLIT, self._compile(node.node, goal), past)
        for _ in range(node.least):
            goal = self._compile(node.node, goal)
        return goal

    # ------------------------------------------------------------ matching

    def matches(self, name: str) -> bool:
        """Whether a whole name matches."""
        state = self._state(self._start, _START)
        for character in name:
            following = state.following.get(character)
            if following is None:
                following = self._follow(state, character)
            state = following
            if not state.places:
                break
        self.work += len(name) + 1
        if state.is_accepting is None:
            state.is_accepting = self._is_accepting(state)
        return state.is_accepting

    def _state(self, places: frozenset[int], before: int) -> _State:
        # Without assertions it does not matter what came before.
        key = (places, before if self._has_assertions else _START)
        state = self._states.get(key)
        if state is None:
            if len(self._states) >= STATES_MAX:
                self._states.clear()
            state = self._states[key] = _State(*key)
        return state

    def _follow(self, state: _State, character: str) -> _State:
        code = ord(character)
        bit = 1 << code if code < CHARACTERS else 0
        places = frozenset(
            goal
            for operation, mask, goal in self._reachable(state, code)
            if operation == _CHARS and mask & bit
        )
        following = self._state(places, code)
        state.following[character] = following
        return following

    def _is_accepting(self, state: _State) -> bool:
        return any(operation == _MATCH for operation, _, _ in self._reachable(state, _END))

    def _reachable(self, state: _State, after: int) -> list[tuple[int, int, int]]:
        """Return the instructions that can be got to without a character, before `after`."""
        code = self._code
        seen = set(state.places)
        left = list(state.places)
        reached: list[tuple[int, int, int]] = []
        while left:
            instruction = code[left.pop()]
            operation, argument, goal = instruction
            if operation == _SPLIT:
                goals: tuple[int, ...] = (argument, goal)
            elif operation == _ASSERT and holds(chr(argument), state.before, after):
                goals = (goal,)
            else:
                reached.append(instruction)
                continue
            for each in goals:
                if each not in seen:
                    seen.add(each)
                    left.append(each)
        self.work += len(seen)
        return reached


def holds(assertion: str, before: int, after: int) -> bool:
    """Whether an assertion holds between two characters; `_START` and `_END` are the ends."""
    if assertion == "^":
        return before == _START
    if assertion == "$":
        return after == _END
    is_boundary = is_word(before) != is_word(after)
    return is_boundary == (assertion == "b")


def is_word(code: int) -> bool:
    """Whether a character is one of a word; an end is none."""
    return 0 <= code < CHARACTERS and bool(WORD >> code & 1)
