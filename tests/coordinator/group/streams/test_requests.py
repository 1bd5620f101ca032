"""The service's side of streams groups: errors become responses."""

from logcore.common.errors import FencedMemberEpochError, UnknownServerError
from logcore.coordinator.group.streams.requests import kafka_error, refused
from tests.coordinator.group.actors import GROUP
from tests.coordinator.group.streams.streaming import StreamsCluster


def test_errors():
    response = refused(FencedMemberEpochError("why"))
    assert (response.error_code, response.error_message, response.status) == (110, "why", [])
    assert isinstance(kafka_error(ValueError("x")), UnknownServerError)


def test_who_asks_too_early_is_told_so():
    cluster = StreamsCluster()
    cluster.enter("a")
    cluster.service.on_resigned(0)
    assert cluster.enter("a").error_code == 16
    assert cluster.service.streams.describe(GROUP).error_code == 16
    cluster.service.on_elected(0)
    cluster.scheduler.run_soon()
    assert cluster.enter("a").error_code == 0
