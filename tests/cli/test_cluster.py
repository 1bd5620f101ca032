"""`logcore cluster`."""


def test_what_there_is(ask, ask_json, topic):
    (cluster,) = ask_json("cluster", "describe")
    assert cluster["brokers"][0]["node_id"] == 1
    assert "cluster_id: " in ask("cluster", "describe")
    (directory,) = ask_json("cluster", "dirs")
    assert directory["partitions"] >= 3
    levels = {row["feature"]: row["level"] for row in ask_json("cluster", "features")}
    assert levels["group.version"] == 1
    (quorum,) = ask_json("cluster", "quorum")
    assert quorum["leader"] == 1
    rows = ask_json("cluster", "elect", topic)
    assert [row["elected"] for row in rows] == [False] * 3
    assert "preferred leader" in ask("cluster", "elect")


def test_a_feature(ask):
    assert "would set" in ask("cluster", "feature", "group.version", 1, "--dry-run")
    assert "group.version" in ask("cluster", "feature", "group.version", 99, code=1)
