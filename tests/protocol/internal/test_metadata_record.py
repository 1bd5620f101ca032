"""Records of the metadata log in their frame."""

import pytest

from logcore.common.errors import UnsupportedVersionError
from logcore.protocol.errors import MalformedMessageError, UnknownRecordTypeError
from logcore.protocol.internal import metadata_record
from logcore.protocol.internal.metadata import FeatureLevelRecord, NoOpRecord, TopicRecord
from tests.protocol.catalogue import Values, name_of, versions

CLASSES = [
    (cls, version) for cls in metadata_record.CLASS_BY_TYPE.values() for version in versions(cls)
]


@pytest.mark.parametrize(("cls", "version"), CLASSES, ids=name_of)
def test_a_record_is_read_back(cls, version):
    record = Values((cls.__name__, version)).message(cls, version)
    assert metadata_record.decode(metadata_record.encode(record, version)) == record


def test_every_type_is_there_once():
    assert len(metadata_record.CLASS_BY_TYPE) == 26


def test_the_bytes_are_kafkas():
    assert metadata_record.encode(NoOpRecord(), 0) == bytes.fromhex("01 14 00 00")
    feature = FeatureLevelRecord(name="metadata.version", feature_level=29)
    assert metadata_record.encode(feature, 0) == (
        bytes.fromhex("01 0c 00 11") + b"metadata.version" + bytes.fromhex("001d 00")
    )


@pytest.mark.parametrize("data", ["02 14 00 00", "01 7f 00 00"])
def test_an_unknown_frame_or_type_is_named(data):
    with pytest.raises(UnknownRecordTypeError):
        metadata_record.decode(bytes.fromhex(data))


def test_an_unknown_version_is_refused():
    with pytest.raises(UnsupportedVersionError):
        metadata_record.decode(bytes.fromhex("01 02 09 00"))


@pytest.mark.parametrize("data", ["", "01", "01 02", "01 02 00", "01 80"])
def test_what_is_no_record_is_malformed(data):
    with pytest.raises(MalformedMessageError):
        metadata_record.decode(bytes.fromhex(data))


def test_a_record_cut_short_is_malformed():
    written = metadata_record.encode(TopicRecord(name="topic", topic_id=b"x" * 16), 0)
    for end in range(len(written)):
        with pytest.raises(MalformedMessageError):
            metadata_record.decode(written[:end])
