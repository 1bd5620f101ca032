"""What is written is read back by the broker's reader, and is what the schema's numbers say."""

from hypothesis import given
from hypothesis import strategies as st

from logcore.broker.telemetry.otlp import Point as Read
from logcore.broker.telemetry.otlp import read_metrics
from logcore.client.telemetry.otlp import metrics_data
from logcore.client.telemetry.points import Point
from tests.broker.telemetry.encoding import double, fixed64, message, number, text

TEXT = st.text(max_size=20)
POINTS = st.lists(
    st.builds(
        Point,
        name=st.sampled_from(["a", "b", "c" * 150]),
        value=st.floats(allow_nan=False, allow_infinity=False),
        attributes=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
        is_total=st.booleans(),
    ),
    max_size=20,
)


def written(points, labels=None, *, is_delta=False):
    return metrics_data(points, labels or {}, start_ms=3, now_ms=5, is_delta=is_delta)


def test_byte_for_byte():
    points = [Point("a.b", 2.5, (("topic", "t"),)), Point("c", 7, (), True)]
    times = fixed64(2, 3_000_000) + fixed64(3, 5_000_000)
    attribute = message(7, text(1, "topic"), message(2, text(1, "t")))
    gauge = message(2, text(1, "a.b"), message(5, message(1, times, double(4, 2.5), attribute)))
    point = message(1, times, double(4, 7))
    total = message(2, text(1, "c"), message(7, point, number(2, 1), number(3, 1)))
    resource = message(1, message(1, text(1, "group_id"), message(2, text(1, "g"))))
    expected = message(1, resource, message(2, gauge, total))
    assert written(points, {"group_id": "g"}, is_delta=True) == expected


@given(POINTS, st.dictionaries(TEXT, TEXT, max_size=3), st.booleans())
def test_the_broker_reads_what_was_written(points, labels, is_delta):
    found = read_metrics(written(points, labels, is_delta=is_delta))
    expected = [
        Read(
            point.name,
            point.value,
            (*labels.items(), *point.attributes),
            point.is_total,
            point.is_total and is_delta,
        )
        for point in points
    ]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
