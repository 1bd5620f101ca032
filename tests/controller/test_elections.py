"""Elections: who may lead, and why nobody has to."""

from dataclasses import replace

import pytest

from logcore.common.errors import (
    ElectionNotNeededError,
    EligibleLeadersNotAvailableError,
    InvalidRequestError,
    PreferredLeaderNotAvailableError,
    UnknownTopicOrPartitionError,
)
from logcore.controller.elections import PREFERRED, UNCLEAN, decide_elections
from logcore.controller.image import NO_LEADER, PartitionImage, TopicImage
from logcore.protocol.messages.elect_leaders import ElectLeadersRequest, TopicPartitions
from tests.controller.building import broker, image, replayed, topic, topic_id

PARTITION = PartitionImage(0, (1, 2), (1, 2), 1)


def start(**changes):
    made = TopicImage("t", topic_id(1), (replace(PARTITION, **changes),))
    return image([made], brokers=[broker(1), broker(2), broker(3, is_fenced=True)])


def decide(begin, election_type=PREFERRED, partitions=((0),), name="t"):
    asked = None
    if partitions is not None:
        asked = [TopicPartitions(topic=name, partitions=list(partitions))]
    request = ElectLeadersRequest(election_type=election_type, topic_partitions=asked)
    records, response = decide_elections(begin, request)
    results = {
        (result.topic, each.partition_id): each.error_code
        for result in response.replica_election_results
        for each in result.partition_result
    }
    return records, response, results


def outcome(begin, election_type, **kwargs):
    records, _, results = decide(begin, election_type, (0,), **kwargs)
    return records, next(iter(results.values()))


def test_who_leads_already_need_not_be_elected():
    records, code = outcome(start(), PREFERRED)
    assert (records, code) == ([], ElectionNotNeededError.code)
    records, code = outcome(start(leader=2), UNCLEAN)
    assert (records, code) == ([], ElectionNotNeededError.code)


def test_the_preferred_replica_is_elected_if_it_is_in_sync():
    begin = start(leader=2)
    records, code = outcome(begin, PREFERRED)
    assert code == 0
    assert replayed(records, begin).topics_by_name["t"].partitions[0].leader == 1
    records, code = outcome(start(leader=2, isr=(2,)), PREFERRED)
    assert (records, code) == ([], PreferredLeaderNotAvailableError.code)


def test_an_unclean_election_takes_whoever_is_alive():
    begin = start(leader=NO_LEADER, isr=(3,))
    records, code = outcome(begin, UNCLEAN)
    assert code == 0
    after = replayed(records, begin).topics_by_name["t"].partitions[0]
    assert (after.leader, after.isr, after.leader_recovery_state) == (1, (1,), 1)


def test_an_unclean_election_prefers_who_is_in_sync():
    begin = start(leader=NO_LEADER, isr=(2,))
    records, _ = outcome(begin, UNCLEAN)
    after = replayed(records, begin).topics_by_name["t"].partitions[0]
    assert (after.leader, after.isr, after.leader_recovery_state) == (2, (2,), 0)


def test_nobody_alive_leaves_nobody_to_elect():
    records, code = outcome(start(leader=NO_LEADER, replicas=(3,), isr=(3,)), UNCLEAN)
    assert (records, code) == ([], EligibleLeadersNotAvailableError.code)


def test_what_does_not_exist():
    _, _, results = decide(start(), partitions=(0, 1, -1))
    assert results[("t", 1)] == results[("t", -1)] == UnknownTopicOrPartitionError.code
    _, _, results = decide(start(), name="nope", partitions=(0,))
    assert results == {("nope", 0): UnknownTopicOrPartitionError.code}


def test_an_unknown_election_is_refused_everywhere():
    records, response, results = decide(start(), 7, (0,))
    assert records == []
    assert response.error_code == InvalidRequestError.code
    assert results == {("t", 0): InvalidRequestError.code}


@pytest.mark.parametrize("election_type", [PREFERRED, UNCLEAN])
def test_of_all_partitions_only_those_are_told_that_need_it(election_type):
    begin = image([topic("t", 3), topic("u", number=2)])
    records, response, results = decide(begin, election_type, None)
    assert (records, results) == ([], {})
    assert [each.topic for each in response.replica_election_results] == ["t", "u"]
    begin = start(leader=2)
    records, _, results = decide(begin, PREFERRED, None)
    assert (len(records), results) == (1, {("t", 0): 0})
