"""Whoever flushes waits for what was taken by then, and for nothing else."""

import asyncio

import pytest

from logcore.producer.outstanding import Outstanding


@pytest.mark.asyncio
async def test_it_waits_for_what_is_there_now():
    outstanding = Outstanding()
    first, second = outstanding.new(), outstanding.new()
    waiting = asyncio.ensure_future(outstanding.until_decided())
    await asyncio.sleep(0)
    later = outstanding.new()
    first.complete("topic", 0, 5, -1)
    second.fail(ValueError("no"))
    await asyncio.wait_for(waiting, 5)
    assert len(outstanding) == 1
    later.discard()
    assert len(outstanding) == 0
    await outstanding.until_decided()


@pytest.mark.asyncio
async def test_a_batch_in_halves_is_decided_with_both_of_them():
    outstanding = Outstanding()
    first, second = outstanding.new().halve(1)
    first.complete("topic", 0, 5, -1)
    assert len(outstanding) == 1
    second.fail(ValueError("no"))
    assert len(outstanding) == 0


@pytest.mark.asyncio
async def test_a_ticket_that_is_discarded_while_it_is_waited_for_ends_the_wait():
    outstanding = Outstanding()
    ticket = outstanding.new()
    waiting = asyncio.ensure_future(outstanding.until_decided())
    await asyncio.sleep(0)
    await asyncio.to_thread(ticket.discard)
    await asyncio.wait_for(waiting, 5)
