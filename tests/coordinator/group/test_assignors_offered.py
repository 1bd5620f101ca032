"""Which assignor a group uses."""

from logcore.coordinator.group.assignors_offered import choose, offered


def test_the_first_offered_is_the_default():
    assert choose({}, ["uniform", "range"]).name == "uniform"
    assert choose({}, ["range", "uniform"]).name == "range"


def test_most_votes_win():
    assert choose({"range": 2, "uniform": 1}, ["uniform", "range"]).name == "range"
    assert choose({"range": 1, "uniform": 1}, ["uniform", "range"]).name == "uniform"


def test_one_that_is_not_offered_is_never_used():
    assert choose({"range": 5}, ["uniform"]).name == "uniform"


def test_kafka_s_classes_name_the_same():
    name = "org.apache.kafka.coordinator.group.assignor.RangeAssignor"
    assert offered([name, "uniform"]) == ["range", "uniform"]
    assert offered(["com.example.Own"]) == ["uniform", "range"]
