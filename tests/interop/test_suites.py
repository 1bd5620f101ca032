"""The quick part of the foreign suites against our broker, and Kafka's dump tool over its data.

`make interop` runs all of them in full, and those that take minutes to build or to run.
"""

import pytest

from tests.interop.broker import AUTHORIZER, running_broker
from tests.interop.data_check import check_data
from tests.interop.suite import NAMES, SUITES, listed, prepare, run_suite, why_absent
from tests.peers import absent

pytestmark = [pytest.mark.peer, pytest.mark.timeout(600)]

QUICK = [name for name in NAMES if name not in ("clients", "librdkafka")]
JOBS = 4


@pytest.fixture(params=QUICK)
def suite(request, kafka_tools):  # noqa: ARG001 - asked for to be there first
    reason = why_absent(request.param)
    if reason:
        absent(reason)
    prepare(request.param)
    return request.param


def test_quick(suite, tmp_path):
    with running_broker(tmp_path, settings=AUTHORIZER) as broker:
        verdict = run_suite(suite, broker.bootstrap, ["--quick"], JOBS)
        assert verdict.is_accepted, verdict.describe() + "\n" + broker.tail()
        assert broker.stop() == 0, broker.tail()
    check_data(broker.log_dir)


@pytest.mark.parametrize("name", NAMES)
def test_lists_agree(name):
    expected, failing = listed(name, "expected"), listed(name, "failing")
    assert (SUITES / name / "run").stat().st_mode & 0o111
    assert expected
    assert not expected & failing
    assert listed(name, "quick") <= expected
