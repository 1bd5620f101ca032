"""Each client is told addresses of the listener that it came in by."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from logcore.broker.endpoints import Endpoint, Endpoints
from logcore.broker.reachable_brokers import reachable_brokers
from logcore.controller.image import BrokerImage, MetadataImage
from logcore.controller.image import Endpoint as Registered

OTHER = BrokerImage(
    2, 5, b"i" * 16, (Registered("PLAIN", "two", 9092), Registered("TLS", "two", 9093, 1)),
    is_fenced=False,
)  # fmt: skip
SELF = BrokerImage(1, 4, b"i" * 16, (Registered("PLAIN", "registered", 1),), is_fenced=False)


def reached(*brokers, listener="PLAIN", **kwargs):
    parts = SimpleNamespace(
        controller=SimpleNamespace(
            image=MetadataImage(brokers={each.broker_id: each for each in brokers})
        ),
        node_id=1,
        endpoints=Endpoints({"PLAIN": Endpoint("0.0.0.0", 9092), "TLS": Endpoint("me", 9093)}),
    )
    connection = SimpleNamespace(local_host="10.0.0.7", listener_name=listener)
    context = SimpleNamespace(listener_name=listener, connection=connection)
    found = reachable_brokers(parts, context, **kwargs)  # type: ignore[arg-type]
    return [(broker.broker_id, host, port) for broker, host, port in found]


def test_this_broker_is_where_the_client_reached_it():
    assert reached(SELF) == [(1, "10.0.0.7", 9092)]


@pytest.mark.parametrize(("listener", "port"), [("PLAIN", 9092), ("TLS", 9093)])
def test_others_are_where_they_said_for_the_same_listener(listener, port):
    assert reached(SELF, OTHER, listener=listener)[1] == (2, "two", port)


def test_a_broker_without_the_listener_is_not_told():
    lacking = replace(OTHER, endpoints=OTHER.endpoints[:1])
    assert reached(SELF, lacking, listener="TLS") == [(1, "10.0.0.7", 9093)]


def test_fenced_brokers_are_told_on_request():
    fenced = replace(OTHER, is_fenced=True)
    assert [number for number, _, _ in reached(SELF, fenced)] == [1]
    assert [number for number, _, _ in reached(SELF, fenced, with_fenced=True)] == [1, 2]
