"""What is read from a word: once, and what cannot be read is a usage error that says why."""

import click
import pytest

from logcore.cli.typed import Typed


class Colour(Typed):
    name = "colour"
    made = (bytes,)

    def read(self, text: str) -> bytes:
        if text != "red":
            raise ValueError(f"{text}: there is only red")
        return b"#f00"


def test_a_word_is_read_and_what_was_read_is_kept():
    assert Colour().convert("red", None, None) == b"#f00"
    assert Colour().convert(b"#0f0", None, None) == b"#0f0"


def test_what_cannot_be_read_is_said_in_its_own_words():
    with pytest.raises(click.BadParameter, match="blue: there is only red"):
        Colour().convert("blue", None, None)
