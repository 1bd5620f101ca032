"""Every (API, version) that kio knows too: both write and read the same bytes.

kio generates a class per version from Kafka's tables and reads by a compiled reader of its own.
"""

import io

import pytest
from kio.index import UnknownEntity, load_request_schema, load_response_schema
from kio.serial import entity_reader, entity_writer

from logcore.protocol import messages
from tests.protocol.catalogue import Values, every_version, name_of

SAMPLES = 3


def peer(cls, version):
    load = load_request_schema if cls.__name__.endswith("Request") else load_response_schema
    try:
        return load(cls.API_KEY, version)
    except UnknownEntity:
        return None


SHARED = [(cls, version) for cls, version in every_version(messages) if peer(cls, version)]


def test_it_knows_nearly_all_of_what_we_know():
    assert len(SHARED) > 400


@pytest.mark.parametrize(("cls", "version"), SHARED, ids=name_of)
def test_both_write_and_read_the_same_bytes(cls, version):
    theirs = peer(cls, version)
    read, write = entity_reader(theirs), entity_writer(theirs)
    values = Values((cls.__name__, version), plain=True)
    for _ in range(SAMPLES):
        message = values.message(cls, version)
        written = message.encode_bytes(version)
        entity, size = read(written, 0)
        assert size == len(written)
        buffer = io.BytesIO()
        write(buffer, entity)
        assert buffer.getvalue() == written
        assert cls.decode(written, version) == message
