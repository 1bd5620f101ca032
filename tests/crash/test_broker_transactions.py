"""SIGKILL of a broker amid transactions: none is seen by half, none that counts is lost."""

import random
import time

import pytest

from logcore.protocol.messages.init_producer_id import InitProducerIdRequest
from tests.broker.wire import Wire
from tests.crash.broker_process import BrokerProcess
from tests.crash.transactions import Client, check, prepare

KILLS = 8
SETTINGS = {
    "offsets_topic_num_partitions": "3",
    "transaction_state_log_num_partitions": "3",
    "log_segment_bytes": "1048576",
}


def finish(port: int, clients: list[Client]) -> None:
    """End what the clients left open, as a new instance of each does."""
    with Wire(port) as wire:
        for client in clients:
            request = InitProducerIdRequest(
                transactional_id=client.name, transaction_timeout_ms=60_000
            )
            until = time.monotonic() + 20
            while (code := wire.ask(request, 5).error_code) != 0:
                assert code in (14, 15, 16, 51), code
                assert time.monotonic() < until, "it does not come to an end"
                time.sleep(0.02)


@pytest.mark.parametrize("seed", [1, 2])
def test_whole_transactions_live_through_kills(tmp_path, seed):
    chance = random.Random(seed)
    with BrokerProcess(tmp_path, **SETTINGS) as broker:
        prepare(broker.port)
        clients = [Client(broker.port, number, adds=number % 2 == 0) for number in range(4)]
        for client in clients:
            client.thread.start()
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.2, 0.8))
            broker.kill()
            broker.start()
        time.sleep(0.5)
        for client in clients:
            client.is_over.set()
        for client in clients:
            client.thread.join(30)
            assert client.failure is None, client.failure
        finish(broker.port, clients)
        assert check(broker.port, clients) > KILLS
        broker.kill()
        broker.start()
        finish(broker.port, clients)
        check(broker.port, clients)
