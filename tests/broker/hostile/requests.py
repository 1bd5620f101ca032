"""Requests that are well formed and make no sense, and frames that are not even well formed.

Names are taken from a few that exist in the broker under test and a few that do not, so that a
request gets past the first check often enough; numbers are small, or at the edge of what fits. Ids
that only the broker knows have stand-ins of their length, for whoever sends to replace.
Invariant: a frame depends on the seed alone.
Neighbours: `fuzz_broker` and the tests here send them; `tests.protocol.catalogue` fills messages.
"""

import random
import struct

from logcore.broker.apis import APIS, Api
from logcore.protocol.api_keys import ApiKey
from logcore.protocol.header import RequestHeader, request_header
from logcore.protocol.source import may_be_null
from tests.broker.batches import batch
from tests.protocol.catalogue import Values
from tests.protocol.fuzz_frames import DAMAGES

TOPICS = tuple(f"fuzz-{number}" for number in range(6))
GROUPS = tuple(f"group-{number}" for number in range(6))
TOPIC_IDS = tuple(f"id of topic {number:04}".encode() for number in range(len(TOPICS)))
MEMBERS = tuple(f"fuzz-00000000-0000-0000-0000-00000000000{number}" for number in range(4))
WORDS = (
    "", "range", "uniform", "consumer", "classic", "fuzz", "fuzz.*", "(", "[a-", "delete", "1",
    "-1", "retention.ms", "cleanup.policy", "segment.bytes", "min.insync.replicas", "nonsense",
    "__consumer_offsets", "__cluster_metadata", ".", "..", "a/b", "\N{SNOWMAN}", "x" * 250,
    "0", "9223372036854775807", "Stable", "metadata.version", "127.0.0.1", "member-1", "member-2",
)  # fmt: skip
NUMBERS = (0, 0, 0, 1, 1, 2, 3, 7, 100, -1, -1, -2, -3, -4, -5)
SLOW_MS = 20
PARTITIONS_MAX = 20
CHANGES_TOO_MUCH = frozenset({"node.id", "broker.id"})

_GOOD = batch([b"one", b"two"])


class Plausible(Values):
    """Values that a broker looks up and finds, now and then."""

    blobs = (0, 3, 100)

    def field(self, name, field, version):
        if name in {"num_partitions", "count"}:
            return self.random.choice((-1, 0, 1, 2, PARTITIONS_MAX, -(2**31), 2**31 - 1))
        if name in {"group_instance_id", "instance_id"} and self.random.random() < 0.7:
            return None if may_be_null(field, version) else ""
        if name.endswith(("timeout_ms", "max_wait_ms")):
            return self.random.choice((0, 1, SLOW_MS, SLOW_MS, -1, -(2**31)))
        return super().field(name, field, version)

    def one(self, name, field, version):
        if field.kind == "string":
            return self.text(name)
        if field.kind == "uuid" and self.random.random() < 0.7:
            return self.random.choice(TOPIC_IDS)
        if field.kind == "records":
            return self.records()
        return super().one(name, field, version)

    def text(self, name):
        if name.endswith(("topic", "topics", "name")):
            return self.random.choice(self.random.choice((TOPICS, TOPICS, WORDS)))
        if name.startswith("member") and self.random.random() < 0.7:
            return self.random.choice(("", "", *MEMBERS))
        if name == "protocol_type" and self.random.random() < 0.8:
            return "consumer"
        if "group" in name:
            return self.random.choice(self.random.choice((GROUPS, GROUPS, GROUPS, WORDS)))
        return self.random.choice(self.random.choice((WORDS, TOPICS, GROUPS)))

    def records(self):
        good = bytearray(_GOOD)
        if self.random.random() < 0.5:
            damage = self.random.choice(DAMAGES)
            damage(self.random, good)
        return bytes(good)

    def number(self, name, field):
        if self.random.random() < 0.7:
            chosen = self.random.choice(NUMBERS)
            return abs(chosen) if field.kind.startswith("u") else chosen
        return super().number(name, field)


def frame(api: Api, version: int, seed: object, correlation_id: int = 7) -> bytes:
    """Make a well formed request of an API and version."""
    values = Plausible((seed, int(api.key), version))
    request = values.message(api.request_class(), version)
    header = request_header(RequestHeader(api.key, version, correlation_id, "fuzz"))
    body: bytes = request.encode_bytes(version)
    return header + body


def served() -> list[tuple[Api, int]]:
    """Every API with every version that is served."""
    return [
        (api, version)
        for api in APIS.values()
        for version in range(api.first_decoded, api.max_version + 1)
    ]


def damaged(chance: random.Random, original: bytes) -> bytes:
    """Damage a frame in one of several ways, one time in four in two."""
    found = bytearray(original)
    for _ in range(chance.choice((1, 1, 1, 2))):
        if found:
            chance.choice(DAMAGES)(chance, found)
    return bytes(found)


def framed(body: bytes) -> bytes:
    """Put the length in front."""
    return struct.pack(">i", len(body)) + body


def header_of(key: int, version: int, correlation_id: int = 7) -> bytes:
    """Make a header without a client id, of the kind that is not flexible."""
    return struct.pack(">hhih", key, version, correlation_id, -1)


__all__ = [
    "GROUPS", "MEMBERS", "TOPICS", "TOPIC_IDS", "ApiKey", "Plausible", "damaged", "frame", "framed",
    "header_of", "served",
]  # fmt: skip
