"""What listeners share."""

import asyncio

from logcore.common.clock import LoopScheduler
from logcore.common.metrics import Metrics
from logcore.network.service import NetworkService
from tests.network.serving import Echo, connected, listening, on_loop


@on_loop
async def test_counts_are_shown():
    loop = asyncio.get_running_loop()
    metrics = Metrics()
    service = NetworkService(loop, LoopScheduler(loop), metrics=metrics)
    async with listening(Echo(), service) as listener, connected(listener) as client:
        client.send(b"12345678")
        await client.receive()
        shown = metrics.render().splitlines()
    assert "logcore_network_received_bytes_total 12" in shown
    assert "logcore_network_sent_bytes_total 12" in shown
    assert "logcore_network_accepted_total 1" in shown
    assert "logcore_network_connections 1" in shown


@on_loop
async def test_no_two_connections_have_one_id():
    loop = asyncio.get_running_loop()
    service = NetworkService(loop, LoopScheduler(loop))
    assert len({service.next_connection_id() for _ in range(100)}) == 100
