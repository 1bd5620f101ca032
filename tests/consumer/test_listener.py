"""Who is told of partitions."""

from logcore.client.positions import TopicPartition
from logcore.consumer.listener import RebalanceListener


def test_what_is_lost_is_told_as_revoked_unless_somebody_cares():
    told = []

    class Noting(RebalanceListener):
        def on_revoked(self, partitions):
            told.append(partitions)

    places = [TopicPartition("t", 0)]
    listener = Noting()
    assert listener.on_assigned(places) is None
    listener.on_lost(places)
    assert told == [places]
    assert RebalanceListener().on_lost(places) is None
