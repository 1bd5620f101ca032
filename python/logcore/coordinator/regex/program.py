"""Matches names against an expression, in time that the expression cannot blow up.

Python's own `re` backtracks: an expression such as ``(a+)+b`` makes it run for years on a long
name, with the interpreter held all the while. A client chooses its expression freely, so this is a
machine of states instead, as in RE2: all ways to match are followed at once, and what was followed
once is remembered. A name costs at most its length times the size of the expression.
Invariant: a whole name matches, or it does not match. `work` only grows, by what matching cost.
Neighbours: `syntax` reads expressions, `sets` has their characters; `group.regex` runs them over
the topics, `transaction.listing` over transactional ids.
"""

from typing import Final

from logcore.common.errors import InvalidRegularExpressionError
from logcore.coordinator.regex.sets import CHARACTERS, WORD, Chars, bit_of
from logcore.coordinator.regex.syntax import (
    Alternate,
    Assertion,
    Concat,
    Node,
    Repeat,
    fault,
    parse,
)

SIZE_MAX: Final = 10_000
"""How many instructions an expression may need, repetitions written out."""
STATES_MAX: Final = 1_000
"""How many states are remembered before beginning anew."""
FOLLOWING_MAX: Final = 256
"""For how many characters a state remembers where they lead: all of ASCII, and some."""

_CHARS: Final = 0
_SPLIT: Final = 1
_ASSERT: Final = 2
_MATCH: Final = 3

_START: Final = -1
_END: Final = -1
_NEWLINE: Final = ord("\n")


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
        field: What a request calls it, for what is said of mistakes.
        search_max: How many steps may go into finding ways to match that are not remembered;
            None: any number.

    Attributes:
        work: How much work matching has been, in steps.

    Raises:
        InvalidRegularExpressionError: If it is none, or a huge one.
    """

    def __init__(self, text: str, field: str, search_max: int | None = None) -> None:
        self._code: list[tuple[int, int, int]] = []
        self._chars: list[Chars] = []
        self._compiled = 0
        self._text = text
        self._field = field
        self._search_left = search_max
        end = self._emit(_MATCH)
        start = self._compile(parse(text, field), end)
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
            raise fault(self._text, self._field, "expression too large")
        match node:
            case Chars():
                self._chars.append(node)
                return self._emit(_CHARS, len(self._chars) - 1, goal)
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
        """Whether a whole name matches.

        Raises:
            InvalidRegularExpressionError: If finding that out takes more steps than it may.
        """
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
        bit = bit_of(character)
        chars = self._chars
        places = frozenset(
            goal
            for operation, number, goal in self._reachable(state, code)
            if operation == _CHARS and chars[number].has(character, bit)
        )
        following = self._state(places, code)
        if len(state.following) < FOLLOWING_MAX:
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
        if self._search_left is not None:
            self._search_left -= len(seen)
            if self._search_left < 0:
                raise InvalidRegularExpressionError(
                    f"{self._field} `{self._text}` takes too much work to match."
                )
        return reached


def holds(assertion: str, before: int, after: int) -> bool:
    """Whether an assertion holds between two characters; `_START` and `_END` are the ends."""
    if assertion == "^":
        return before == _START
    if assertion == "$":
        return after == _END
    if assertion == "<":
        return before in {_START, _NEWLINE}
    if assertion == ">":
        return after in {_END, _NEWLINE}
    is_boundary = is_word(before) != is_word(after)
    return is_boundary == (assertion == "b")


def is_word(code: int) -> bool:
    """Whether a character is one of a word; an end is none."""
    return 0 <= code < CHARACTERS and bool(WORD >> code & 1)
