"""Searching for leaders: with pauses, until somebody leads."""

import asyncio

import pytest

from logcore.protocol.messages.metadata import MetadataResponsePartition
from tests.client.lying_broker import Answer, Asked
from tests.producer.test_lying_brokers import Liar, answer, producing


@pytest.mark.asyncio
async def test_a_partition_without_a_leader_is_asked_for_with_pauses():
    async def produced(asked: Asked, _: int) -> Answer:
        return answer(asked)

    liar = Liar(produced)
    liar.partition = MetadataResponsePartition(leader_id=-1, leader_epoch=1, error_code=5)
    async with producing(liar, retry_backoff_ms=50, retry_backoff_max_ms=50) as producer:
        delivery = producer.send("topic", b"1")
        await asyncio.sleep(1)
        assert 3 < liar.metadata_count < 40
        assert not delivery.done()
        liar.partition = MetadataResponsePartition(leader_id=1, leader_epoch=2)
        assert (await delivery).offset == 5


@pytest.mark.asyncio
async def test_the_next_search_does_not_begin_where_the_last_one_ended():
    async def produced(asked: Asked, _: int) -> Answer:
        return answer(asked)

    nobody = MetadataResponsePartition(leader_id=-1, leader_epoch=1, error_code=5)
    liar = Liar(produced)
    async with producing(liar, retry_backoff_ms=20, retry_backoff_max_ms=10_000) as producer:
        for epoch in (1, 3):
            liar.partition, before = nobody, liar.metadata_count
            nobody.leader_epoch = epoch
            await producer._cluster.refresh()
            delivery = producer.send("topic", b"1")
            await asyncio.sleep(0.2)
            assert liar.metadata_count - before > 2, "the first pauses are short"
            liar.partition = MetadataResponsePartition(leader_id=1, leader_epoch=epoch + 1)
            assert (await delivery).offset == 5
