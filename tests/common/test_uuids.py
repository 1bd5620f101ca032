"""Ids of 16 bytes: fresh ones, and their text."""

import base64
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.uuids import ZERO_UUID, parse_uuid, random_uuid, uuid_text


@given(st.binary(min_size=16, max_size=16))
def test_text_is_read_back(value):
    text = uuid_text(value)
    assert text == base64.urlsafe_b64encode(value).decode().rstrip("=")
    assert parse_uuid(text) == value
    assert parse_uuid(text + "==") == value


def test_the_zero_id_is_spelled_as_kafka_does():
    assert uuid_text(ZERO_UUID) == "A" * 22


def test_a_fresh_id_is_a_random_uuid_and_never_an_option():
    made = {random_uuid() for _ in range(2000)}
    assert len(made) == 2000
    assert all(uuid.UUID(bytes=each).version == 4 for each in made)
    assert not any(uuid_text(each).startswith("-") for each in made)


def test_reserved_ids_and_dashes_are_drawn_again(monkeypatch):
    draws = [bytes([0xF8] + [0] * 15), bytes([1] * 16)]
    monkeypatch.setattr("os.urandom", lambda _: draws.pop(0))
    assert random_uuid()[0] == 1
    assert not draws


@pytest.mark.parametrize("text", ["", "A" * 21, "A" * 23, "A" * 21 + "+", "A" * 21 + " ", "é" * 22])
def test_what_is_no_id_is_refused(text):
    with pytest.raises(ValueError, match="is not an id"):
        parse_uuid(text)
