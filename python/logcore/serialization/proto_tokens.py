"""The tokens of a ``.proto`` file.

Invariant: every character belongs to a token, a comment or white space; what does not is an error
that names its line. The last token is the empty one, at the end.
Neighbours: `proto_text` makes a file's description of them.
Source: Protocol Buffers' language specification for proto2 and proto3, lexical elements.
"""

import re
from typing import Final, NamedTuple

TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<name>\.?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
  | (?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
  | (?P<sign>[{}\[\]()<>=;,:+/-])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
ESCAPE: Final = re.compile(
    rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL
)
CLOSING: Final = {"{": "}", "[": "]", "(": ")", "<": ">"}
LETTERS: Final = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t",
                  b"v": b"\v"}  # fmt: skip


class FlawError(ValueError):
    """What is wrong with a ``.proto`` file, and in which line."""


class Token(NamedTuple):
    """A token.

    Attributes:
        kind: ``name``, ``number``, ``text``, ``sign`` or ``end``.
        text: The token as it stands there.
        position: Where it begins.
    """

    kind: str
    text: str
    position: int


def tokens(source: str) -> list[Token]:
    """Take a file apart.

    Raises:
        FlawError: If it has something that is no token.

    Example:
        >>> [token.text for token in tokens("int32 a = 1; // one")]
        ['int32', 'a', '=', '1', ';', '']
    """
    made = []
    position = 0
    while position < len(source):
        found = TOKEN.match(source, position)
        if found is None:
            shown = source[position : position + 20].partition("\n")[0]
            raise FlawError(f"line {line_of(source, position)}: what is {shown!r}?")
        if found.lastgroup != "space":
            made.append(Token(found.lastgroup or "", found[0], position))
        position = found.end()
    made.append(Token("end", "", position))
    return made


class Reading:
    """Goes over the tokens of a file.

    Args:
        source: The file's text.

    Raises:
        FlawError: From each method, where the file has something else.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = tokens(source)
        self._at = 0

    def kind_after(self) -> str:
        """Return the kind of the token after the next."""
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)].kind

    def back(self) -> None:
        """Go back by one token, to tell what is wrong with it."""
        self._at -= 1

    def skip(self) -> Token:
        """Take a token of any kind; at the end, it stays."""
        token = self._tokens[self._at]
        self._at += token.kind != "end"
        return token

    @property
    def next(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._at]

    def peek(self, ahead: int) -> str:
        """Return the text of a token further on."""
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)].text

    def flaw(self, wanted: str) -> FlawError:
        """Make the error for a token that should be another."""
        found = self.next.text or "the end"
        line = line_of(self._source, self.next.position)
        return FlawError(f"line {line}: {wanted} should stand where {found!r} does")

    def take(self, kind: str) -> str:
        """Take a token of a kind, and return its text."""
        token = self.next
        if token.kind != kind:
            raise self.flaw(f"a {kind}")
        self._at += 1
        return token.text

    def found(self, text: str) -> bool:
        """Take a token if it is this one, and say whether it was."""
        if self.next.text != text or self.next.kind == "text":
            return False
        self._at += 1
        return True

    def expect(self, text: str) -> None:
        """Take this token."""
        if not self.found(text):
            raise self.flaw(repr(text))

    def text(self) -> bytes:
        """Take texts in quotes that stand side by side, and return what they stand for together."""
        made = unquoted(self.take("text"))
        while self.next.kind == "text":
            made += unquoted(self.take("text"))
        return made

    def word(self) -> str:
        """Take a name without dots."""
        name = self.take("name")
        if "." in name:
            self.back()
            raise self.flaw("a name without dots")
        return name

    def integer(self) -> int:
        """Take a whole number."""
        sign = -1 if self.found("-") else 1
        text = self.take("number")
        try:
            octal = len(text) > 1 and text[0] == "0" and text.isdigit()
            return sign * int(text, 8 if octal else 0)
        except ValueError:
            self.back()
            raise self.flaw("a whole number") from None

    def pass_over(self, opening: str) -> None:
        """Go past what is in brackets, the opening one of which was taken."""
        closing = [CLOSING[opening]]
        while closing:
            token = self.next
            if token.kind == "end":
                raise self.flaw(repr(closing[-1]))
            self._at += 1
            if token.kind == "sign" and token.text in CLOSING:
                closing.append(CLOSING[token.text])
            elif token.kind == "sign" and token.text == closing[-1]:
                closing.pop()

    def statement(self) -> None:
        """Go past the rest of a statement, its semicolon included."""
        while not self.found(";"):
            token = self.next
            if token.kind == "end":
                raise self.flaw("';'")
            self._at += 1
            if token.kind == "sign" and token.text in CLOSING:
                self.pass_over(token.text)


def line_of(source: str, position: int) -> int:
    """Return the line that a position is on, from 1."""
    return source.count("\n", 0, position) + 1


def unquoted(text: str) -> bytes:
    r"""Return the bytes that a text in quotes stands for.

    Example:
        >>> unquoted(r"'a\n\x41\101'")
        b'a\nAA'
    """

    def meaning(found: "re.Match[bytes]") -> bytes:
        octal, hexadecimal, short, long, letter = found.groups()
        if octal:
            return bytes([int(octal, 8) & 0xFF])
        if hexadecimal:
            return bytes([int(hexadecimal, 16)])
        if short or long:
            return chr(min(int(short or long, 16), 0x10FFFF)).encode(errors="replace")
        return LETTERS.get(letter, letter)

    return ESCAPE.sub(meaning, text[1:-1].encode(errors="replace"))
