"""SIGKILL of a broker amid acknowledgements of a share group; the seed is in the test's name.

What was confirmed stays so: no record comes again after its end, none is lost, and none is handed
out more often than the limit, but for once with each kill, which forgets deliveries under way.
"""

import random
import time
from pathlib import Path

import pytest

from tests.crash.broker_process import BrokerProcess
from tests.crash.sharers import LIMIT, LOCK_S, Ledger, Worker, Writer, prepare

KILLS = 8
SETTINGS = {
    "group_share_min_record_lock_duration_ms": "1000",
    "group_share_record_lock_duration_ms": "1000",
    "share_coordinator_state_topic_num_partitions": "3",
    "share_coordinator_snapshot_update_records_per_snapshot": "20",
    "log_segment_bytes": "1048576",
}


def drain(ledger: Ledger) -> None:
    """Wait until nothing is delivered any more, though every lock has ended."""
    until = time.monotonic() + 60
    quiet_since, last = time.monotonic(), -1
    while time.monotonic() < quiet_since + 2 * LOCK_S + 1:
        assert time.monotonic() < until, "deliveries do not end"
        time.sleep(0.1)
        with ledger.lock:
            count = ledger.deliveries.total()
        if count != last:
            quiet_since, last = time.monotonic(), count


@pytest.mark.parametrize("seed", [1, 2])
def test_acknowledgements_live_through_kills(tmp_path: Path, seed: int):
    chance, ledger = random.Random(seed), Ledger()
    with BrokerProcess(tmp_path, **SETTINGS) as broker:
        topic_id = prepare(broker.port)
        writer = Writer(broker.port, ledger, seed)
        workers = [
            Worker(broker.port, ledger, topic_id, f"worker-{number}", seed + number)
            for number in range(4)
        ]
        for each in (writer, *workers):
            each.thread.start()
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.2, 0.9))
            broker.kill()
            broker.start()
        time.sleep(0.5)
        writer.stop()
        for worker in workers:
            worker.is_careful.set()
        drain(ledger)
        for worker in workers:
            worker.stop()
        assert ledger.wrong == [], ledger.wrong[:10]
        lost = ledger.produced - ledger.deliveries.keys()
        assert not lost, f"{len(lost)} records were never delivered: {sorted(lost)[:10]}"
        often = {place: n for place, n in ledger.deliveries.items() if n > LIMIT + KILLS}
        assert not often, often
        assert len(ledger.over) > 100
        assert "Traceback" not in broker.log, broker.log
