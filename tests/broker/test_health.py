"""What probes and Prometheus are told."""

import json
from http import HTTPStatus

from logcore.broker.health import routes
from logcore.common.metrics import Metrics


class Starting:
    """A broker that is loading its logs."""

    is_ready = False

    def progress(self):
        return {"logs_total": 10, "logs_loaded": 4}


def test_alive_whatever_else():
    response = routes(Starting(), Metrics())["/livez"]()
    assert (response.status, json.loads(response.body)) == (HTTPStatus.OK, {"status": "alive"})


def test_not_ready_tells_how_far_it_is():
    response = routes(Starting(), Metrics())["/readyz"]()
    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert json.loads(response.body) == {
        "status": "starting",
        "logs_total": 10,
        "logs_loaded": 4,
    }


def test_ready():
    broker = Starting()
    broker.is_ready = True
    response = routes(broker, Metrics())["/readyz"]()
    assert response.status == HTTPStatus.OK
    assert json.loads(response.body)["status"] == "ready"


def test_metrics_as_text():
    metrics = Metrics()
    metrics.counter("requests_total", "Requests").increment()
    response = routes(Starting(), metrics)["/metrics"]()
    assert response.body.endswith(b"requests_total 1\n")
    assert response.content_type.startswith("text/plain; version=0.0.4")
