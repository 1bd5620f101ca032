"""The quorum is described; who may vote is refused with a clear error."""

import pytest

from logcore.admin.admin import Admin
from logcore.admin.quorum import Endpoint
from logcore.common.errors import (
    InconsistentClusterIdError,
    UnsupportedVersionError,
    VoterNotFoundError,
)

DIRECTORY = bytes(range(16))


def test_who_is_in_it(admin: Admin) -> None:
    quorum = admin.quorum.describe()
    (voter,) = quorum.voters
    assert voter.node_id == quorum.leader
    assert len(voter.directory_id) == 16
    assert voter.log_end_offset >= quorum.high_watermark > 0
    assert quorum.observers == ()


def test_voters_that_are_none(admin: Admin) -> None:
    # Ours has one node, which always votes: it knows no such request, and says so.
    endpoint = Endpoint("CONTROLLER", "127.0.0.1", 9)
    with pytest.raises((VoterNotFoundError, UnsupportedVersionError)):
        admin.quorum.remove_voter(99, DIRECTORY)
    with pytest.raises((InconsistentClusterIdError, UnsupportedVersionError)):
        admin.quorum.add_voter(99, DIRECTORY, [endpoint], cluster_id="of another cluster")


def test_our_broker_says_what_it_lacks(our_admin: Admin) -> None:
    with pytest.raises(UnsupportedVersionError, match="AddRaftVoter"):
        our_admin.quorum.add_voter(2, DIRECTORY, [])
    with pytest.raises(UnsupportedVersionError, match="RemoveRaftVoter"):
        our_admin.quorum.remove_voter(2, DIRECTORY)
