"""Every message in every version: written, read, cut short, damaged, with fields nobody knows.

The mirror of all modules of `messages` and `internal`, which are tables.
"""

import random
import zlib

import pytest

from logcore.protocol import messages
from logcore.protocol.api_keys import FLEXIBLE_FROM, ApiKey, message_classes
from logcore.protocol.errors import MalformedMessageError
from tests.protocol import catalogue
from tests.protocol.catalogue import Values, every_version, name_of

ALL = every_version()
FLEXIBLE = [(cls, version) for cls, version in ALL if version >= cls.FLEXIBLE]
SAMPLES = 4
DAMAGES = 60
UNKNOWN_TAGS = b"\x02" + b"\xf0\x01\x03abc" + b"\xf1\x01\x00"


@pytest.mark.parametrize(("cls", "version"), ALL, ids=name_of)
def test_what_is_written_is_read(cls, version):
    values = Values((cls.__name__, version))
    for _ in range(SAMPLES):
        message = values.message(cls, version)
        written = message.encode_bytes(version)
        assert cls.decode(written, version) == message
        assert cls.decode(bytearray(b"before" + written + b"behind"), version, 6) == message


@pytest.mark.parametrize(("cls", "version"), ALL, ids=name_of)
def test_defaults_are_written_and_read(cls, version):
    message = cls()
    try:
        written = message.encode_bytes(version)
    except catalogue.NOT_NULL:
        assert any(field.default is None for field in cls.FIELDS.values())
    else:
        assert cls.decode(written, version) == message


@pytest.mark.parametrize(("cls", "version"), ALL, ids=name_of)
def test_a_message_cut_short_is_malformed(cls, version):
    written = Values((cls.__name__, version, "cut")).message(cls, version).encode_bytes(version)
    for end in range(min(len(written), 400)):
        with pytest.raises(MalformedMessageError):
            cls.decode(written[:end], version)


@pytest.mark.parametrize(("cls", "version"), ALL, ids=name_of)
def test_damaged_bytes_are_malformed_or_another_message(cls, version):
    chance = random.Random(zlib.crc32(f"{cls.__name__} {version}".encode()))
    written = Values((cls.__name__, version, "hit")).message(cls, version).encode_bytes(version)
    for _ in range(DAMAGES if written else 0):
        damaged = bytearray(written)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.choice((0, 1, 127, 128, 255))
        try:
            message = cls.decode(damaged, version)
        except MalformedMessageError:
            continue
        again = message.encode_bytes(version)
        assert cls.decode(again, version).encode_bytes(version) == again


@pytest.mark.parametrize(("cls", "version"), FLEXIBLE, ids=name_of)
def test_unknown_tagged_fields_are_skipped(cls, version):
    message = Values((cls.__name__, version), tagged=False).message(cls, version)
    written = message.encode_bytes(version)
    assert written.endswith(b"\x00"), "no tagged fields"
    assert cls.decode(written[:-1] + UNKNOWN_TAGS, version) == message


def test_the_table_of_keys_agrees_with_the_messages():
    for key in ApiKey:
        for cls in message_classes(key):
            assert key == cls.API_KEY
            assert FLEXIBLE_FROM[key] == cls.FLEXIBLE
    assert len(catalogue.message_classes(messages)) == 2 * len(ApiKey)


def test_request_and_response_have_the_same_versions():
    for key in ApiKey:
        request, response = message_classes(key)
        assert request.VERSIONS == response.VERSIONS
