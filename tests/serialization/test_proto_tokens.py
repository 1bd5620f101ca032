"""The tokens of .proto files."""

import pytest

from logcore.serialization.proto_tokens import FlawError, Reading, line_of, tokens, unquoted


def shown(source):
    return [(token.kind, token.text) for token in tokens(source)]


def test_a_file_is_taken_apart():
    assert shown("a.b /* x\n*/ = .c.D[1.5e3, -0x1F] // y\n'z\\'';") == [
        ("name", "a.b"), ("sign", "="), ("name", ".c.D"), ("sign", "["), ("number", "1.5e3"),
        ("sign", ","), ("sign", "-"), ("number", "0x1F"), ("sign", "]"), ("text", "'z\\''"),
        ("sign", ";"), ("end", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("source", ["a\n\n?", 'a\n\n"open', "a\n\n/* open", "a\n\n\u00e9"])
def test_what_is_no_token(source):
    with pytest.raises(FlawError, match="line 3"):
        tokens(source)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (r'"a\"b"', b'a"b'),
        (r"'\n\t\\\?'", b"\n\t\\?"),
        (r'"\x41\101\0"', b"AA\0"),
        (r'"\u00e9\U0001F968"', "\u00e9\U0001f968".encode()),
        (r'"\UFFFFFFFF\ud800"', b"\xf4\x8f\xbf\xbf?"),
        ('"caf\u00e9"', "caf\u00e9".encode()),
    ],
)
def test_what_a_text_stands_for(text, meant):
    assert unquoted(text) == meant


def test_lines():
    assert [line_of("a\nb\nc", position) for position in (0, 2, 4)] == [1, 2, 3]


def test_reading():
    reading = Reading("a = -017; 'b' \"c\" {([x])} y;")
    assert reading.kind_after() == "sign"
    assert reading.word() == "a"
    assert not reading.found(";")
    reading.expect("=")
    assert reading.integer() == -15
    reading.statement()
    assert reading.text() == b"bc"
    reading.expect("{")
    reading.pass_over("{")
    reading.statement()
    assert reading.next.kind == "end"
    assert reading.skip() == reading.skip()


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("a.b", Reading.word), ("1.5", Reading.integer), ("09", Reading.integer),
        ("a", Reading.integer), ("1", Reading.text), ("(", lambda reading: reading.pass_over("(")),
        ("a (", Reading.statement), ("a", lambda reading: reading.expect("=")),
    ],
)  # fmt: skip
def test_what_should_stand_there(source, read):
    with pytest.raises(FlawError, match=r"line 1: .* should stand where"):
        read(Reading(source))
