"""Groups and share states, counted for Prometheus."""

from logcore.broker.group_metrics import observe_groups
from logcore.common.metrics import Metrics
from tests.broker.handlers.grouping import commit, new_group
from tests.broker.handlers.share_grouping import beat, leave
from tests.broker.running import Running


def test_groups_are_counted_by_kind_and_state(broker: Running):
    wire = broker.wire()
    topic = broker.topic(partitions=3)
    for _ in range(2):
        beat(wire, new_group(wire), [topic])
    left = new_group(wire)
    beat(wire, left, [topic])
    leave(wire, left)
    commit(wire, new_group(wire), {topic: {0: 5}})
    parts = broker.broker.parts
    metrics = Metrics()
    observe_groups(metrics, parts.groups, parts.share_states)
    lines = broker.call(metrics.render).splitlines()
    assert 'logcore_groups{type="share",state="Stable"} 2' in lines
    assert 'logcore_groups{type="share",state="Empty"} 1' in lines
    assert 'logcore_groups{type="classic",state="Empty"} 1' in lines
    assert "logcore_share_states 9" in lines


def test_the_broker_shows_them(broker: Running):
    described = broker.broker.parts.metrics.described()
    assert {"logcore_groups", "logcore_share_states"} <= {name for name, *_ in described}
