"""Counting, and the text that Prometheus reads."""

import pytest

from logcore.common.metrics import Counter, Gauge, Histogram, Metrics


def test_a_counter_grows_by_label():
    counter = Counter("requests_total", "Requests", ("api",))
    counter.increment("Fetch")
    counter.increment("Fetch")
    counter.add(3, "Produce")
    assert (counter.value("Fetch"), counter.value("Produce"), counter.value("Other")) == (2, 3, 0)


def test_a_gauge_goes_up_and_down():
    gauge = Gauge("open", "Open things")
    gauge.set(5)
    gauge.add(-2)
    assert gauge.value() == 3


def test_a_histogram_puts_a_bound_into_its_own_bucket():
    histogram = Histogram("seconds", "Time", bounds=(1, 2))
    for value in (0.5, 1, 1.5, 2, 3):
        histogram.observe(value)
    assert list(histogram.samples()) == [
        'seconds_bucket{le="1"} 2',
        'seconds_bucket{le="2"} 4',
        'seconds_bucket{le="+Inf"} 5',
        "seconds_sum 8",
        "seconds_count 5",
    ]
    assert histogram.count() == 5


def test_a_series_counts_a_value_that_was_there_many_times():
    histogram = Histogram("seconds", "How long", ("api",), bounds=(0.1, 1))
    took = histogram.series("Fetch")
    took(0.5, 3)
    took(0.05)
    assert histogram.count("Fetch") == 4
    assert 'seconds_sum{api="Fetch"} 1.55' in list(histogram.samples())


def test_the_text_of_everything():
    metrics = Metrics()
    requests = metrics.counter("requests_total", "Requests by API", ("api",))
    metrics.gauge("idle", "Never set, so it is 0")
    seconds = metrics.histogram("seconds", "Time", ("api",), bounds=(0.5,))
    metrics.observe_gauge("asked", "Asked for when somebody looks", lambda: 1.5)
    metrics.observe_counter("grown_total", "Lives elsewhere", lambda: 7)
    requests.increment("Fetch")
    seconds.observe(0.25, "Fetch")
    assert metrics.render() == (
        "# HELP requests_total Requests by API\n"
        "# TYPE requests_total counter\n"
        'requests_total{api="Fetch"} 1\n'
        "# HELP idle Never set, so it is 0\n"
        "# TYPE idle gauge\n"
        "idle 0\n"
        "# HELP seconds Time\n"
        "# TYPE seconds histogram\n"
        'seconds_bucket{api="Fetch",le="0.5"} 1\n'
        'seconds_bucket{api="Fetch",le="+Inf"} 1\n'
        'seconds_sum{api="Fetch"} 0.25\n'
        'seconds_count{api="Fetch"} 1\n'
        "# HELP asked Asked for when somebody looks\n"
        "# TYPE asked gauge\n"
        "asked 1.5\n"
        "# HELP grown_total Lives elsewhere\n"
        "# TYPE grown_total counter\n"
        "grown_total 7\n"
    )


def test_labels_with_quotes_and_line_breaks_are_escaped():
    counter = Counter("c", "C", ("name",))
    counter.increment('a"b\\c\nd')
    assert list(counter.samples()) == ['c{name="a\\"b\\\\c\\nd"} 1']


def test_help_with_line_breaks_stays_one_line():
    metrics = Metrics()
    metrics.counter("c", "one\ntwo \\ three")
    assert metrics.render().splitlines()[0] == "# HELP c one\\ntwo \\\\ three"


def test_no_metrics_no_text():
    assert Metrics().render() == ""


def test_a_name_is_given_once():
    metrics = Metrics()
    metrics.counter("c", "C")
    with pytest.raises(AssertionError):
        metrics.gauge("c", "C")


def test_families_and_lines_are_asked_for_when_somebody_looks():
    metrics = Metrics()
    values = {"a": 1.0, "b": float("nan"), "c": float("-inf"), "d": float("inf"), "e": 0.5}
    metrics.observe_family(
        "gauge", "family", "Numbers", ("name",), lambda: [((k,), v) for k, v in values.items()]
    )
    metrics.observe_lines(lambda: ["# TYPE other gauge", "other 7"])
    assert metrics.render().splitlines() == [
        "# HELP family Numbers",
        "# TYPE family gauge",
        'family{name="a"} 1',
        'family{name="b"} NaN',
        'family{name="c"} -Inf',
        'family{name="d"} +Inf',
        'family{name="e"} 0.5',
        "# TYPE other gauge",
        "other 7",
    ]
    values["a"] = 2
    assert 'family{name="a"} 2' in metrics.render()


def test_metrics_are_described_by_name():
    metrics = Metrics()
    made = Counter("z_total", "Last", ("api",))
    assert metrics.add(made) is made
    metrics.observe_gauge("a", "First", lambda: 1)
    assert metrics.described() == [
        ("a", "gauge", (), "First"),
        ("z_total", "counter", ("api",), "Last"),
    ]
