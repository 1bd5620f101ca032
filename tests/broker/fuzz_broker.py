"""Fuzzing of a whole broker: `python -m tests.broker.fuzz_broker [REQUESTS] [SEED]`.

Requests of every API and version that is served, most of them damaged, go through the dispatcher of
a live broker, in its loop. Each must be answered, or its connection closed with a line in the log;
nothing may be called a defect, wait for ever, or make the broker grow with the number of requests.
Invariant: the seed is printed; it replays the requests, and a failure names the one that failed.
Neighbours: `hostile.requests` makes them; `make fuzz` sends a million, `test_fuzz_broker` a few.
"""

import asyncio
import logging
import random
import re
import sys
import tempfile
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any

import uvloop

from logcore.broker.config.broker_config import BrokerConfig
from logcore.broker.server import Broker
from logcore.common.deferred import Deferred
from logcore.network.connection import Connection
from logcore.protocol.messages.create_topics import CreatableTopic, CreateTopicsRequest
from tests.broker.hostile.memory import rss_kib
from tests.broker.hostile.requests import MEMBERS, TOPIC_IDS, TOPICS, damaged, frame, served
from tests.broker.running import settings_of

REQUESTS = 1_000_000
ROUND = 500
ORIGINALS_PER_VERSION = 40
WELL_FORMED_SHARE = 0.5
SETTLE_SECONDS = 60
MEMBER_ID = re.compile(rb"fuzz-(?!00000000)[0-9a-f]{8}-[0-9a-f-]{27}")
SETTINGS = {
    "offsets_topic_num_partitions": "3",
    "group_min_session_timeout_ms": "1",
    "group_max_session_timeout_ms": "100",
    "group_initial_rebalance_delay_ms": "0",
    "log_segment_bytes": "1048576",
    "log_retention_bytes": "4194304",
    "log_retention_check_interval_ms": "1000",
}


class Complaints(logging.Handler):
    """Collects what a broker must never say, and counts the rest."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.defects: list[str] = []
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        if record.exc_info or record.levelno >= logging.ERROR:
            self.defects.append(logging.Formatter().format(record))


class Fuzz:
    """One run."""

    def __init__(self, broker: Broker, complaints: Complaints, seed: int) -> None:
        self.broker = broker
        self.complaints = complaints
        self.seed = seed
        self.chance = random.Random(seed)
        self.outcomes: Counter[str] = Counter()
        self.slowest = (0.0, b"")
        self.unanswered: dict[int, bytes] = {}
        self.members: deque[bytes] = deque(maxlen=len(MEMBERS))
        listeners: Any = broker._listeners
        self.listener = listeners._listeners[0]
        self.originals = [
            frame(api, version, (seed, number))
            for api, version in served()
            for number in range(ORIGINALS_PER_VERSION)
        ]

    def next_frame(self) -> bytes:
        original = self.chance.choice(self.originals)
        if self.chance.random() < WELL_FORMED_SHARE:
            return original
        return damaged(self.chance, original)

    def send(self, number: int, sent: bytes) -> None:
        """Hand one frame to the dispatcher, on a connection of its own."""
        connection = Connection(self.listener, ("127.0.0.1", 1), "127.0.0.1")
        began = time.perf_counter()
        try:
            frame = memoryview(bytearray(self.told(sent)))
            answer = self.broker.dispatcher.handle(connection, frame)
        except Exception as error:
            raise AssertionError(self.describe(sent)) from error
        took = time.perf_counter() - began
        if took > self.slowest[0]:
            self.slowest = (took, sent)
        if self.complaints.defects:
            raise AssertionError(self.complaints.defects[0] + "\n" + self.describe(sent))
        if isinstance(answer, Deferred) and not answer.is_done:
            self.unanswered[number] = sent
            answer.then(lambda done: self.settled(number, connection, done))
        else:
            value = answer.value() if isinstance(answer, Deferred) else answer
            self.settle(sent, connection, value)

    def settled(self, number: int, connection: Connection, done: Deferred[Any]) -> None:
        sent = self.unanswered.pop(number)
        assert done.error is None, self.describe(sent) + repr(done.error)
        self.settle(sent, connection, done.value())

    def settle(self, sent: bytes, connection: Connection, answer: Any) -> None:
        """See that a request has one of the three ends that it may have."""
        if connection.is_closed:
            self.outcomes["closed"] += 1
        elif answer is None:
            assert sent[:2] == b"\0\0", "only a produce request may want no answer"
            self.outcomes["no answer wanted"] += 1
        else:
            assert bytes(answer[0])[:4] == sent[4:8], "the answer is another request's"
            self.outcomes["answered"] += 1
            found = set(MEMBER_ID.findall(bytes(answer[0]))).difference(self.members)
            self.members.extend(sorted(found))
            connection.shut()

    def describe(self, sent: bytes) -> str:
        return f"seed {self.seed}, request {sent.hex()}"

    async def settle_all(self) -> None:
        """Wait until nothing is unanswered."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while self.unanswered:
            self.broker.parts.purgatory.expire_all()
            await asyncio.sleep(0.002)
            assert not self.complaints.defects, self.complaints.defects[0]
            assert time.monotonic() < deadline, (
                f"{len(self.unanswered)} never answered: "
                f"{self.describe(next(iter(self.unanswered.values())))}"
            )

    async def make_topics(self) -> None:
        """Make those topics again that were deleted."""
        image = self.broker.parts.controller.image
        missing = [name for name in TOPICS if name not in image.topics_by_name]
        if missing:
            topics = [
                CreatableTopic(name=name, num_partitions=2, replication_factor=1)
                for name in missing
            ]
            request = CreateTopicsRequest(topics=topics, timeout_ms=10_000)
            made = self.broker.parts.controller.create_topics(request)
            await made.wait()

    def told(self, sent: bytes) -> bytes:
        """Put the broker's ids where their stand-ins are."""
        topics = self.broker.parts.controller.image.topics_by_name
        for name, topic_id in zip(TOPICS, TOPIC_IDS, strict=True):
            if topic_id in sent and name in topics:
                sent = sent.replace(topic_id, topics[name].topic_id)
        for member, found in zip(MEMBERS, self.members, strict=False):
            sent = sent.replace(member.encode(), found)
        return sent

    async def run(self, requests: int) -> None:
        for start in range(0, requests, ROUND):
            await self.make_topics()
            for number in range(start, min(start + ROUND, requests)):
                self.send(number, self.next_frame())
            await self.settle_all()


async def fuzz(path: Path, requests: int, seed: int) -> Fuzz:
    """Fuzz a broker on a directory."""
    complaints = Complaints()
    logger = logging.getLogger("logcore")
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(complaints)
    # With every second seed appends wait for the disk, off the loop's thread.
    waiting = {"log_flush_interval_messages": "1"} if seed % 2 else {}
    broker = Broker(BrokerConfig(settings_of(path, **SETTINGS, **waiting)))
    try:
        await broker.start()
        run = Fuzz(broker, complaints, seed)
        await run.run(requests)
    finally:
        await broker.stop()
        logger.removeHandler(complaints)
        logger.propagate = propagates
    assert not complaints.defects, complaints.defects[0]
    return run


def main(requests: int = REQUESTS, seed: int | None = None) -> None:
    """Fuzz, and say how it went."""
    seed = time.time_ns() if seed is None else seed
    sys.stdout.write(f"fuzz: {requests} requests to a broker, seed {seed}\n")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        before = rss_kib()
        run = uvloop.run(fuzz(Path(folder), requests, seed))
        grown = rss_kib() - before
    told = ", ".join(f"{count} {outcome}" for outcome, count in run.outcomes.most_common())
    sys.stdout.write(
        f"{told}; {time.monotonic() - began:.0f} s, {grown // 1024} MiB more memory, the slowest "
        f"took {run.slowest[0] * 1000:.0f} ms\n"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
