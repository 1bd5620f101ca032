"""What probes and Prometheus are told: ``/livez``, ``/readyz`` and ``/metrics``.

Invariant: ``/livez`` says that the loop runs, so it is 200 whenever it is answered; ``/readyz`` is
200 only while requests are served, and tells before that how far the recovery is.
Neighbours: `server` knows the state; `network.http` speaks HTTP.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol

from logcore.common.metrics import CONTENT_TYPE, Metrics
from logcore.network.http import HttpResponse, Routes


class Readiness(Protocol):
    """Whoever knows how far the broker is."""

    @property
    def is_ready(self) -> bool:
        """Whether requests are served."""

    def progress(self) -> Mapping[str, object]:
        """Return what there is to tell: the phase, logs to load and loaded, what was truncated."""


def routes(readiness: Readiness, metrics: Metrics) -> Routes:
    """Return the routes of a broker."""

    def livez() -> HttpResponse:
        return HttpResponse.of_json(HTTPStatus.OK, {"status": "alive"})

    def readyz() -> HttpResponse:
        is_ready = readiness.is_ready
        status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        facts = {"status": "ready" if is_ready else "starting", **readiness.progress()}
        return HttpResponse.of_json(status, facts)

    def show_metrics() -> HttpResponse:
        return HttpResponse(HTTPStatus.OK, metrics.render().encode(), CONTENT_TYPE)

    return {"/livez": livez, "/readyz": readyz, "/metrics": show_metrics}
