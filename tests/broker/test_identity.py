"""Whose data the directories hold."""

from pathlib import Path

import pytest

from logcore.broker.identity import directory_ids, identify, node_id_of
from logcore.common.config import ConfigError


def directory(path: Path, cluster_id: str, *, clean: bool) -> str:
    path.mkdir()
    (path / "meta.properties").write_text(f"version=1\ncluster.id={cluster_id}\nnode.id=1\n")
    if clean:
        (path / ".kafka_cleanshutdown").write_text("{}")
    return str(path)


def test_empty_directories_get_a_new_cluster(tmp_path):
    first, second = identify([str(tmp_path)], None), identify([str(tmp_path / "absent")], None)
    assert first.is_new
    assert not first.was_killed
    assert len(first.cluster_id) == 22
    assert first.cluster_id != second.cluster_id
    assert identify([str(tmp_path)], "mine").cluster_id == "mine"


def test_the_data_knows_its_cluster_and_how_it_was_left(tmp_path):
    clean = directory(tmp_path / "a", "one", clean=True)
    found = identify([clean], None)
    assert (found.cluster_id, found.is_new, found.was_killed) == ("one", False, False)
    killed = directory(tmp_path / "b", "one", clean=False)
    assert identify([clean, killed], "one").was_killed


def test_another_cluster_than_configured_is_refused(tmp_path):
    found = directory(tmp_path / "a", "one", clean=True)
    with pytest.raises(ConfigError, match="is of cluster one"):
        identify([found], "two")


def test_directories_tell_their_ids(tmp_path):
    with_id = directory(tmp_path / "a", "one", clean=True)
    with Path(with_id, "meta.properties").open("a", encoding="utf-8") as file:
        file.write("directory.id=AAAAAAAAAAAAAAAAAAAAZw\n")
    without = directory(tmp_path / "b", "one", clean=True)
    assert directory_ids([with_id, without, str(tmp_path / "absent")]) == (bytes(15) + b"\x67",)


def test_directories_tell_their_node(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert node_id_of([str(empty), str(tmp_path / "absent")]) is None
    (tmp_path / "meta.properties").write_text("version=1\nnode.id=7\n")
    assert node_id_of([str(empty), str(tmp_path)]) == "7"
