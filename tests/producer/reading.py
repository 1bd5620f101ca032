"""Reading back what was produced, by our consumer."""

from logcore.consumer.consumer import Consumer
from logcore.record import ConsumerRecord


def read_all(bootstrap: str, topic: str, **settings: object) -> list[ConsumerRecord]:
    """Return every record of a topic."""
    told = {"bootstrap.servers": bootstrap, "auto.offset.reset": "earliest", **settings}
    with Consumer(config=told) as consumer:
        places = [(topic, number) for number in consumer.partitions_for(topic)]
        consumer.assign(places)
        ends = consumer.end_offsets()
        records = []
        while any(consumer.position(place) < end for place, end in ends.items()):
            records += consumer.poll(1)
        return records
