"""The marker of a directory that was taken over."""

import pytest

from logcore.broker.takeover import marker


def test_it_gives_back_what_was_written(tmp_path):
    assert marker.accepted_epoch(tmp_path) == marker.NEVER
    for epoch in (4, 11):
        marker.write(tmp_path, epoch, 1_700_000_000_000)
        assert marker.accepted_epoch(tmp_path) == epoch
    assert [path.name for path in tmp_path.iterdir()] == [marker.NAME]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"kafkaEpoch": null}', "\xff"])
def test_a_damaged_one_counts_for_none(tmp_path, text):
    (tmp_path / marker.NAME).write_text(text, encoding="latin-1")
    assert marker.accepted_epoch(tmp_path) == marker.NEVER
