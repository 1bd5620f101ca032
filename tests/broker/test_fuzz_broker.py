"""A short run of the fuzzer of the whole broker, and proof that it notices what it is for."""

import asyncio
import logging

import pytest

from logcore.broker.handlers import list_offsets
from logcore.common.deferred import Deferred
from tests.broker.fuzz_broker import Complaints, fuzz
from tests.broker.hostile.requests import frame, served

REQUESTS = 4_000
GROWN_OUTCOMES = REQUESTS // 10


def test_damaged_requests_are_answered_or_end_their_connection(tmp_path):
    run = asyncio.run(fuzz(tmp_path, REQUESTS, seed=1))
    assert sum(run.outcomes.values()) == REQUESTS
    assert run.outcomes["answered"] > GROWN_OUTCOMES
    assert run.outcomes["closed"] > GROWN_OUTCOMES
    assert run.complaints.count >= run.outcomes["closed"], "each closed connection has its line"


def test_a_defect_is_noticed_and_its_seed_told(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise IndexError("planted")

    monkeypatch.setattr(list_offsets, "handle", fail)
    with pytest.raises(AssertionError, match=r"(?s)defect.*planted.*seed 3"):
        asyncio.run(fuzz(tmp_path, REQUESTS, seed=3))


def test_silence_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(list_offsets, "handle", lambda *_: Deferred())
    monkeypatch.setattr("tests.broker.fuzz_broker.SETTLE_SECONDS", 0.2)
    with pytest.raises(AssertionError, match="never answered: seed 3"):
        asyncio.run(fuzz(tmp_path, REQUESTS, seed=3))


def test_a_traceback_is_a_complaint_and_a_refusal_is_not():
    complaints = Complaints()
    logger = logging.getLogger("complaining")
    logger.propagate = False
    logger.addHandler(complaints)
    logger.warning("127.0.0.1:1 sent a malformed request; closing the connection")
    assert (complaints.count, complaints.defects) == (1, [])
    logger.error("went wrong", exc_info=ValueError("x"))
    assert len(complaints.defects) == 1


def test_every_version_has_a_well_formed_request():
    for api, version in served():
        sent = frame(api, version, 1)
        assert sent[:4] == api.key.to_bytes(2, "big") + version.to_bytes(2, "big")
