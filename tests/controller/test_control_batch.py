"""Both ends of a snapshot, as the engine and Kafka take them."""

import pytest

from logcore.controller import control_batch
from logcore.log import Log

HEADER = (
    "0000000000000000"  # base offset
    "00000047"  # bytes after this field
    "00000000"  # leader epoch, which snapshot.py fills in
    "02"  # magic
)


def test_the_crc_is_castagnolis():
    assert control_batch.crc32c(b"123456789") == 0xE3069283
    assert control_batch.crc32c(b"") == 0


def test_golden_bytes():
    made = control_batch.snapshot_header(1_700_000_000_000)
    assert made[:17].hex() == HEADER
    assert len(made) == 12 + 0x47
    # key: version 0, type 3; value: version 0, timestamp, no tagged fields
    assert made[61:].hex() == "2a00000008000000031600000000018bcfe568000000"


def test_each_end_is_told_from_the_other():
    header, footer = control_batch.snapshot_header(5), control_batch.snapshot_footer(5)
    assert control_batch.is_header(header)
    assert not control_batch.is_footer(header)
    assert control_batch.is_footer(footer)
    assert not control_batch.is_header(footer)


@pytest.mark.parametrize("cut", [b"", b"short"])
def test_what_is_cut_off_is_neither(cut):
    assert not control_batch.is_header(cut)
    assert not control_batch.is_footer(cut)


@pytest.mark.parametrize("make", [control_batch.snapshot_header, control_batch.snapshot_footer])
def test_the_engine_takes_it_for_a_control_batch(tmp_path, make):
    with Log(tmp_path / "log") as log:
        assert log.append_raw(make(1_700_000_000_000)) == range(1)
        [batch] = log.read_batches(0)
        assert batch.is_control
        batch.verify()
        assert log.read(0) == []
        del batch
