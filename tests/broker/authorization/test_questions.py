"""The table of questions is the truth: no API without an entry, no handler that asks otherwise.

Every handler is driven by a recording authorizer that allows everything, nothing, or all but one
kind of resource: what was asked must be what the table says, all of it, and nothing else.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logcore.broker.apis import APIS
from logcore.broker.authorization.questions import ASKS, FREE
from logcore.broker.authorizer import SUPPORTED_OPERATIONS, ResourceType
from logcore.common.errors import error_for_code
from logcore.protocol.api_keys import ApiKey
from tests.broker.authorization.building import codes_of, texts
from tests.broker.authorization.recording import (
    Allowed,
    Pair,
    Recording,
    all_but,
    everything,
    nothing,
    recording,
)
from tests.broker.authorization.samples import Sample, samples
from tests.broker.authorization.world import (
    CONSUMERS,
    GROUP,
    SECRET,
    SHARERS,
    STREAMS,
    TRANSACTION,
    World,
    make_world,
)
from tests.broker.running import Running, running_broker
from tests.broker.wire import Wire

MODES = [nothing, *(all_but(kind) for kind in ResourceType), everything]
WITH_OPERATIONS = {
    ApiKey.METADATA,
    ApiKey.DESCRIBE_TOPIC_PARTITIONS,
    ApiKey.DESCRIBE_CLUSTER,
    ApiKey.DESCRIBE_GROUPS,
    ApiKey.CONSUMER_GROUP_DESCRIBE,
    ApiKey.SHARE_GROUP_DESCRIBE,
    ApiKey.STREAMS_GROUP_DESCRIBE,
}
"""APIs that may tell what is allowed of a resource, for which they ask about every operation."""

ELSEWHERE = {
    ApiKey.CREATE_DELEGATION_TOKEN: "test_create_delegation_token",
    ApiKey.DESCRIBE_DELEGATION_TOKEN: "test_describe_delegation_token",
}
"""APIs that refuse who has not logged in before they ask; and the tests of their handlers."""

DRIVEN = [key for key in APIS if key in ASKS and key not in ELSEWHERE]

BEHIND = {3, 35, 42, 69, 100}
"""Refusals that come before the authorizer's: what there is not, or what makes no sense."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A broker with a world in it, in which nothing is changed."""
    with running_broker(tmp_path_factory.mktemp("asked")) as running:
        yield running


@pytest.fixture(scope="module")
def world(running: Running) -> World:
    return make_world(running.wire())


@pytest.fixture(scope="module")
def asked(running: Running, world: World) -> dict[ApiKey, list[tuple[set[Pair], set[Pair]]]]:
    """What each API asked: loud and quiet, by request."""
    found: dict[ApiKey, list[tuple[set[Pair], set[Pair]]]] = {}
    for sample in samples(world):
        if sample.key not in APIS:
            continue
        for allowed in MODES:
            recorded, _ = answer(running, sample, allowed)
            found.setdefault(sample.key, []).append((recorded.loud, recorded.quiet))
    return found


def answer(running: Running, sample: Sample, allowed: Allowed) -> tuple[Recording, Any]:
    """Send a request; return what it asked for, and its answer."""
    with Wire(running.port) as wire:
        for each in sample.before:
            wire.ask(each.request, each.version)
        with recording(running, allowed) as recorded:
            return recorded, wire.ask(sample.request, sample.version)


def test_an_api_is_in_the_table_or_asks_nothing_for_a_reason():
    for key in APIS:
        assert (key in ASKS) != (key in FREE), key.name


def test_every_api_that_asks_has_a_request_here(world: World):
    sampled = {sample.key for sample in samples(world)}
    assert set(APIS) - set(FREE) - set(ELSEWHERE) <= sampled


@pytest.mark.parametrize("key", DRIVEN, ids=lambda key: key.name)
def test_a_handler_asks_what_the_table_says(asked, key: ApiKey):
    table = {(ask.operation, ask.resource_type) for ask in ASKS[key]}
    loud = set().union(*(loud for loud, _ in asked[key]))
    quiet = set().union(*(quiet for _, quiet in asked[key]))
    assert loud <= table
    assert table <= loud | quiet
    if key not in WITH_OPERATIONS:
        assert quiet <= table
    for operation, kind in quiet - table:
        assert operation in SUPPORTED_OPERATIONS[kind]


@pytest.mark.parametrize(
    ("key", "body"),
    [
        (ApiKey.API_VERSIONS, {}),
        (ApiKey.GET_TELEMETRY_SUBSCRIPTIONS, {}),
        (ApiKey.PUSH_TELEMETRY, {"client_instance_id": b"x" * 16}),
        (ApiKey.RENEW_DELEGATION_TOKEN, {"hmac": b"x"}),
        (ApiKey.EXPIRE_DELEGATION_TOKEN, {"hmac": b"x"}),
    ],
)
def test_what_is_free_asks_nothing(running: Running, key: ApiKey, body: dict[str, Any]):
    assert key in FREE
    recorded, _ = answer(running, Sample(key, APIS[key].min_version, body), nothing)
    assert recorded.loud | recorded.quiet == set()


@pytest.fixture(scope="module")
def refused(running: Running, world: World):
    """Every request, and its answer where nothing is allowed."""
    return [
        (sample, answer(running, sample, nothing)[1])
        for sample in samples(world)
        if sample.key in APIS
    ]


def test_who_may_do_nothing_hears_the_tables_refusals(refused):
    for sample, response in refused:
        names = {ask.refusal for ask in ASKS.get(sample.key, ())}
        codes = codes_of(response)
        heard = {error_for_code(code).__name__ for code in codes - BEHIND}
        told = {as_error(name) for name in names}
        assert heard <= told, (sample, codes)
        listing = {"left out", "no operations", ""} & names
        asks_all = "of all" in sample.note or "operations" in sample.note
        if not listing and not asks_all and sample.key in ASKS:
            assert codes or sample.version == 1, sample


def as_error(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_")) + "Error"


def test_who_may_do_nothing_learns_no_name_and_no_id(refused, world: World):
    """Nothing is told that the request did not say itself."""
    groups = {GROUP, CONSUMERS, SHARERS, STREAMS}
    secrets = {SECRET, TRANSACTION, world.topic_id} | groups
    for sample, response in refused:
        assert texts(response) & secrets <= texts(sample.request), sample


def test_who_may_do_nothing_changes_nothing(running: Running, refused, tmp_path: Path):
    del refused, tmp_path
    image = running.broker.parts.controller.image
    assert SECRET in image.topics_by_name
    assert not image.acls
    assert "new-topic" not in image.topics_by_name
