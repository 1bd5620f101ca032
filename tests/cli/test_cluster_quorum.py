"""`logcore cluster quorum`, `add-voter`, `remove-voter`."""

DIRECTORY = "AAAAAAAAAAAAAAAAAAAABQ"


def test_who_keeps_the_metadata(ask, ask_json):
    (quorum,) = ask_json("cluster", "quorum")
    assert quorum["leader"] == 1
    (voter,) = quorum["voters"]
    assert (voter["node"], voter["lag"], len(voter["directory"])) == (1, 0, 22)
    assert "high_watermark: " in ask("cluster", "quorum")


def test_voters(ask):
    where = "CONTROLLER://127.0.0.1:9"
    told = ask("cluster", "add-voter", 9, DIRECTORY, where, "--dry-run")
    assert told == "would add voter 9\n"
    assert "would remove voter 9" in ask("cluster", "remove-voter", 9, DIRECTORY, "--dry-run")
    told = ask("cluster", "remove-voter", 9, DIRECTORY, code=1)
    assert "RemoveRaftVoter" in told or "voter" in told


def test_what_is_refused(ask):
    assert "not an id" in ask("cluster", "remove-voter", 9, "one", code=2)
    assert "LISTENER://" in ask("cluster", "add-voter", 9, DIRECTORY, "127.0.0.1:9", code=2)


def test_a_broker_that_cannot_change_them_says_so(logcore, our_cluster):
    where = ("CONTROLLER://127.0.0.1:9", "-b", our_cluster)
    assert (
        "has no AddRaftVoter"
        in logcore("cluster", "add-voter", 9, DIRECTORY, *where, code=1).output
    )
