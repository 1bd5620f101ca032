"""What Apache Kafka's quorum says of itself: read, kept through snapshots, and said again."""

import pytest

from logcore.common.errors import LogCorruptError, UnsupportedVersionError
from logcore.controller import snapshot as snapshots
from logcore.controller.control_batch import (
    KRAFT_VERSION,
    KRAFT_VOTERS,
    LEADER_CHANGE,
    ControlRecord,
    control_batch,
    control_records,
)
from logcore.controller.quorum import Quorum, QuorumState, quorum_of
from logcore.controller.records import topic_records
from logcore.log import Log
from logcore.protocol.internal.raft import Endpoint, KRaftVersionRecord, VotersRecord, VotersVoter
from tests.controller.building import Disk, image, topic

VOTERS = VotersRecord(
    version=0,
    voters=[
        VotersVoter(
            voter_id=1,
            voter_directory_id=b"directory-1-----",
            endpoints=[Endpoint(name="CONTROLLER", host="a-host.example", port=9093)],
        )
    ],
)
SAID = (
    ControlRecord(LEADER_CHANGE, b"\0\0"),
    ControlRecord(KRAFT_VERSION, KRaftVersionRecord(version=0, kraft_version=1).encode_bytes(0)),
    ControlRecord(KRAFT_VOTERS, VOTERS.encode_bytes(0)),
)
KNOWN = Quorum(1, VOTERS)


def test_a_batch_gives_back_what_it_was_made_of():
    for record in SAID:
        assert control_records(control_batch(record, 5)) == [record]


def test_the_newest_word_holds():
    assert Quorum().after(SAID) == KNOWN
    assert KNOWN.after([SAID[0]]) == KNOWN


def test_an_unknown_type_is_not_passed_over():
    with pytest.raises(UnsupportedVersionError, match="unknown type 9"):
        Quorum().after([ControlRecord(9, b"")])


def test_it_is_read_from_a_log_and_said_again_in_a_snapshot(tmp_path):
    with Log(tmp_path / "log") as log:
        for record in SAID:
            log.append_raw(control_batch(record, 5))
        log.append_batch([b"x"] * 3)
    assert quorum_of(tmp_path / "log", Quorum(), 0) == KNOWN
    assert quorum_of(tmp_path / "log", Quorum(), 2) == Quorum(0, VOTERS)
    made = snapshots.write(tmp_path, image([topic("orders")], offset=9, epoch=3), 5, KNOWN)
    read = snapshots.load(tmp_path, made, scratch=tmp_path / "log")
    assert read.quorum == KNOWN
    assert set(read.image.topics_by_name) == {"orders"}


def test_the_metadata_log_keeps_it_through_its_own_snapshots(tmp_path):
    disk = Disk(tmp_path / "metadata")
    log = disk.open()
    log.propose(list(topic_records(topic("orders")))).value()
    disk.close()
    with Log(disk.directory) as plain:
        for record in SAID:
            plain.append_raw(control_batch(record, 5))
    (disk.directory / "quorum-state").write_text('{"leaderId":1,"leaderEpoch":7}')
    log = disk.open()
    log.snapshot(log.loaded).value()
    [found] = snapshots.find(disk.directory)
    assert snapshots.load(disk.directory, found).quorum == KNOWN
    disk.close()


def test_the_state_of_the_quorum(tmp_path):
    assert QuorumState.read(tmp_path) is None
    file = tmp_path / "quorum-state"
    file.write_text('{"leaderId":1,"leaderEpoch":4,"votedId":-1,"data_version":1}')
    assert QuorumState.read(tmp_path) == QuorumState(4, None)
    file.write_text('{"leaderEpoch":2,"currentVoters":[{"voterId":3}],"data_version":0}')
    assert QuorumState.read(tmp_path) == QuorumState(2, (3,))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"leaderEpoch":"x"}', '{"leaderEpoch":null}'])
def test_a_damaged_state_is_an_error(tmp_path, text):
    (tmp_path / "quorum-state").write_text(text)
    with pytest.raises(LogCorruptError, match="quorum-state"):
        QuorumState.read(tmp_path)
