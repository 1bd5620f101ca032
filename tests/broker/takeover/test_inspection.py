"""Whether a directory is Apache Kafka's, and is taken over once."""

import json
import shutil
import subprocess
import sys

import pytest

from logcore.broker.takeover import marker
from logcore.broker.takeover.inspection import inspect
from logcore.broker.takeover.refusal import TakeoverRefusedError
from logcore.common.errors import LogCorruptError
from tests.broker.running import running_broker
from tests.broker.takeover.kafka_like import KAFKA_EPOCH, Node, say_state, tree


def test_what_is_there_is_told(node):
    takeover = node.inspect()
    assert takeover.kafka_epoch == KAFKA_EPOCH
    assert takeover.node_id == 1
    assert takeover.counts["topics"] == 3
    assert takeover.counts["partitions"] == 4
    assert takeover.counts["transactional ids"] == 4
    assert takeover.counts["open transactions"] == 1
    assert takeover.counts["simple groups"] == 1
    assert takeover.counts["committed offsets"] == 1
    assert "4 transactional ids, 1 open transaction" in takeover.text


def test_an_inspection_changes_nothing(node):
    before = tree(node.path)
    assert node.inspect() is not None
    assert tree(node.path) == before


def test_a_checkpoint_that_was_made_and_never_written(node):
    (node.path / "cleaner-offset-checkpoint").write_text("")
    assert node.inspect() is not None


def test_it_is_taken_over_once(node):
    with running_broker(node.path) as broker:
        assert broker.call(lambda: len(broker.broker.parts.controller.image.topics_by_name)) == 3
        own = broker.call(lambda: broker.broker.parts.controller.image.brokers[1])
    assert node.inspect() is None
    # Kafka's controller compares the marker with the registration: else it takes it for a crash.
    stopped = json.loads((node.path / ".kafka_cleanshutdown").read_text())
    assert stopped["brokerEpoch"] == own.epoch > 0
    assert marker.accepted_epoch(node.path) == KAFKA_EPOCH
    say_state(node.path, KAFKA_EPOCH + 1)  # Apache Kafka ran again
    assert node.inspect() is not None


def test_a_crash_after_the_decision_is_ours_to_recover_from(node):
    marker.write(node.path, KAFKA_EPOCH, 0)
    (node.path / ".kafka_cleanshutdown").unlink()
    assert node.inspect() is None


def test_directories_of_ours_and_empty_ones_are_not_kafkas(node, tmp_path):
    assert Node(tmp_path / "absent", "").inspect() is None
    (tmp_path / "empty").mkdir()
    assert Node(tmp_path / "empty", "").inspect() is None
    (node.metadata / "quorum-state").unlink()
    assert node.inspect() is None


def test_logs_without_metadata_are_left_alone(node, tmp_path):
    shutil.move(node.metadata, tmp_path)
    before = tree(node.path)
    with pytest.raises(LogCorruptError, match=r"is in none of log\.dirs: name the directory"):
        node.inspect()
    assert tree(node.path) == before
    assert inspect(node.config(log_dirs=f"{node.path},{tmp_path / 'lost'}")) is None


def test_what_was_formatted_and_never_started_is_not_begun_without_its_users(tmp_path):
    (tmp_path / "bootstrap.checkpoint").write_bytes(b"users")
    with pytest.raises(TakeoverRefusedError, match="which never ran on it"):
        Node(tmp_path, "").inspect()


def test_what_was_formatted_long_ago_is_no_obstacle(node):
    (node.path / "bootstrap.checkpoint").write_bytes(b"users")
    assert node.inspect() is not None
    marker.write(node.path, KAFKA_EPOCH, 0)
    assert node.inspect() is None


def test_a_damaged_state_is_not_taken_for_none(node):
    (node.metadata / "quorum-state").write_text("{")
    before = tree(node.path)
    with pytest.raises(LogCorruptError, match="quorum-state cannot be understood"):
        node.inspect()
    assert tree(node.path) == before


def test_a_directory_that_somebody_uses_is_left_alone(node):
    holding = (
        "import fcntl, sys; file = open(sys.argv[1], 'w'); fcntl.lockf(file, fcntl.LOCK_EX);"
        "print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holding, str(node.path / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(TakeoverRefusedError, match="in use by another process: stop Apache"):
            node.inspect()
        holder.communicate()
    assert node.inspect() is not None
