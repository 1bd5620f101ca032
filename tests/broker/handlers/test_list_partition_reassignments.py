"""Listing moves: on one node there are none."""

from logcore.broker.authorizer import Operation
from logcore.protocol.messages.list_partition_reassignments import (
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsTopics,
)
from tests.broker.handlers.refusing import on_cluster, refusing
from tests.broker.running import Running


def ask(running: Running, topics=None):
    return running.wire().ask(ListPartitionReassignmentsRequest(topics=topics), 0)


def test_nothing_is_being_moved(broker: Running):
    asked = ListPartitionReassignmentsTopics(name=broker.topic(), partition_indexes=[0, 7])
    for topics in (None, [], [asked]):
        response = ask(broker, topics)
        assert (response.error_code, response.error_message, response.topics) == (0, None, [])


def test_who_may_not_describe_the_cluster(broker: Running):
    with refusing(broker, on_cluster(Operation.DESCRIBE)):
        assert ask(broker).error_code == 31
