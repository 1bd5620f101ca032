"""Access rules beside Apache Kafka's: the same rules and requests lead to the same answers.

Invariant: both brokers have the same topics, groups, transactions and rules; each set of rules is
about an address of its own, from which the requests come, so no login is needed to be somebody.
Neighbours: `tests/broker/authorization` proves without Apache Kafka that handlers ask by the table.
"""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from logcore.broker.apis import APIS
from logcore.broker.authorization.questions import ASKS, Ask
from logcore.broker.authorizer import CLUSTER_NAME, Operation, ResourceType
from logcore.broker.config.tables.authorization import STANDARD_AUTHORIZER
from logcore.common.errors import UnsupportedVersionError
from logcore.common.uuids import ZERO_UUID
from logcore.protocol.api_keys import ApiKey
from tests.broker.authorization.building import codes_of, gist
from tests.broker.authorization.ruling import connect_from
from tests.broker.authorization.samples import Sample, samples
from tests.broker.authorization.world import World, asked, make_world, until
from tests.broker.running import running_broker
from tests.peers import kafka

pytestmark = [pytest.mark.peer, pytest.mark.usefixtures("kafka_tools")]

LITERAL, PREFIXED = 3, 4
DENY, ALLOW = 2, 3
ANYBODY = "User:ANONYMOUS"
MAKER = "127.0.0.1"
SETTINGS: Final = {
    "authorizer.class.name": STANDARD_AUTHORIZER,
    "allow.everyone.if.no.acl.found": "true",
}

Rule = tuple[int, str, int, int, int]
"""Resource type, name, pattern type, operation, permission."""

EVERYTHING: Final[frozenset[Rule]] = frozenset(
    (kind, CLUSTER_NAME if kind == ResourceType.CLUSTER else "*", LITERAL, Operation.ALL, ALLOW)
    for kind in ResourceType
)


def rule(ask: Ask, permission: int = ALLOW) -> Rule:
    if ask.resource_type == ResourceType.CLUSTER:
        return (ask.resource_type, CLUSTER_NAME, LITERAL, ask.operation, permission)
    return (ask.resource_type, "secret-", PREFIXED, ask.operation, permission)


def sets_of(key: ApiKey) -> list[frozenset[Rule]]:
    """Return the sets of rules to ask an API under."""
    asks = ASKS.get(key, ())
    every = frozenset(rule(ask) for ask in asks)
    sets = [frozenset(), every, EVERYTHING]
    for ask in asks:
        sets += [frozenset({rule(ask)}), every - {rule(ask)}, EVERYTHING | {rule(ask, DENY)}]
    return sets


def creation(host: str, each: Rule) -> dict[str, Any]:
    kind, name, pattern, operation, permission = each
    return {
        "resource_type": kind,
        "resource_name": name,
        "resource_pattern_type": pattern,
        "principal": ANYBODY,
        "host": host,
        "operation": operation,
        "permission_type": permission,
    }


class Site:
    """A broker with a world in it, and rules for addresses."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.wire = connect_from(MAKER, port)
        self.create([creation(MAKER, each) for each in EVERYTHING])
        self.world: World = make_world(self.wire)

    def create(self, creations: list[dict[str, Any]]) -> None:
        made = asked(self.wire, ApiKey.CREATE_ACLS, 3, creations=creations)
        assert {result.error_code for result in made.results} <= {0}
        host = creations[-1]["host"]
        until(lambda: self.rules(host), lambda rules: len(rules) == count_of(creations, host))

    def rules(self, host: str) -> list[Any]:
        """Return the rules about an address."""
        found = asked(
            self.wire,
            ApiKey.DESCRIBE_ACLS,
            3,
            resource_type_filter=1,
            resource_name_filter=None,
            pattern_type_filter=1,
            principal_filter=None,
            host_filter=host,
            operation=1,
            permission_type=1,
        )
        return [acl for resource in found.resources for acl in resource.acls]

    def answer(self, sample: Sample, address: str) -> Any:
        """Ask from an address; return the gist of the answer."""
        wire = connect_from(address, self.port)
        try:
            for each in sample.before:
                wire.ask(each.request, each.version)
            response = wire.ask(sample.request, sample.version)
        except ConnectionError:
            return "closed"
        finally:
            wire.close()
        if sample.key is ApiKey.SHARE_FETCH:  # what is there by then is a matter of time
            return codes_of(response)
        return named(gist(response), self.world.topic_id)


def count_of(creations: Iterable[dict[str, Any]], host: str) -> int:
    return sum(each["host"] == host for each in creations)


def named(value: Any, topic_id: bytes) -> Any:
    """Return a gist with words for ids, which are others in each broker."""
    if isinstance(value, list):
        return [named(each, topic_id) for each in value]
    if isinstance(value, dict):
        return {key: named(each, topic_id) for key, each in value.items()}
    if isinstance(value, str):
        return value.replace(base64.urlsafe_b64encode(topic_id).decode().rstrip("="), "the id")
    if isinstance(value, bytes) and value != ZERO_UUID:
        return "the id" if value == topic_id else "an id"
    return value


@pytest.fixture(scope="module")
def sites(
    kafka_tools: None,  # noqa: ARG001 - asked for to be there first
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Site, Site]]:
    """Apache Kafka, and a broker here."""
    ours = {key.replace(".", "_"): value for key, value in SETTINGS.items()}
    ours |= {"offsets_topic_num_partitions": "1", "transaction_state_log_num_partitions": "1"}
    with (
        kafka.running_kafka(tmp_path_factory.mktemp("kafka-acls"), config=SETTINGS) as broker,
        running_broker(tmp_path_factory.mktemp("ours"), **ours) as running,
    ):
        both = Site(int(broker.bootstrap.rpartition(":")[2])), Site(running.port)
        yield both
        for site in both:
            site.wire.close()


def test_the_same_rules_lead_to_the_same_answers(sites: tuple[Site, Site], tmp_path: Path):
    theirs, ours = sites
    addresses: dict[frozenset[Rule], str] = {}
    numbers = count(2)
    for key in APIS:
        for rules in sets_of(key):
            if rules not in addresses:
                number = next(numbers)
                addresses[rules] = f"127.1.{number // 250}.{number % 250 + 1}"
    creations = [creation(address, each) for rules, address in addresses.items() for each in rules]
    for site in sites:
        site.create(creations)
    differing = []
    for one, other in zip(samples(theirs.world), samples(ours.world), strict=True):
        if one.key not in APIS:
            continue
        for rules in sets_of(one.key):
            address = addresses[rules]
            answers = theirs.answer(one, address), ours.answer(other, address)
            if answers[0] != answers[1]:
                differing.append(f"{one} {sorted(rules)}\n  {answers[0]}\n  {answers[1]}")
    (tmp_path / "differing").write_text("\n".join(differing))
    assert differing == [], tmp_path


def versions_of(sample: Sample) -> Iterator[Sample]:
    """Yield a request in every version that has a place for all that it says."""
    api = APIS[sample.key]
    # Metadata has a place for ids before they mean anything there, which is refused as a whole.
    first = sample.version if sample.note == "by id" else api.first_decoded
    for version in range(first, api.max_version + 1):
        try:
            sample.request.encode(version)
        except (UnsupportedVersionError, ValueError):
            continue
        yield replace(sample, version=version)


def test_who_may_do_nothing_hears_the_same_in_every_version(sites: tuple[Site, Site]):
    theirs, ours = sites
    differing = []
    for one, other in zip(samples(theirs.world), samples(ours.world), strict=True):
        if one.key not in APIS:
            continue
        for each, alike in zip(versions_of(one), versions_of(other), strict=True):
            answers = theirs.answer(each, "127.2.0.1"), ours.answer(alike, "127.2.0.1")
            if answers[0] != answers[1]:
                differing.append(f"{each}\n  {answers[0]}\n  {answers[1]}")
    assert differing == []


VALID: Final = {
    "resource_type": 2,
    "resource_name": "validated",
    "resource_pattern_type": LITERAL,
    "principal": "User:somebody",
    "host": "*",
    "operation": 3,
    "permission_type": ALLOW,
}
CREATIONS: Final[list[dict[str, Any]]] = [
    {},
    {"resource_type": 7},
    {"resource_type": 8},
    {"resource_type": 99},
    {"resource_type": 4},
    {"resource_type": 4, "resource_name": CLUSTER_NAME, "resource_pattern_type": PREFIXED},
    {"resource_name": ""},
    {"resource_name": "*", "resource_pattern_type": PREFIXED},
    {"resource_name": "not/a topic"},
    {"resource_pattern_type": 9},
    {"principal": "somebody"},
    {"principal": "User:"},
    {"principal": "Group:x"},
    {"principal": ":"},
    {"host": ""},
    {"host": "not an address"},
    {"operation": 2},
    {"operation": 9},
    {"operation": 15},
    {"operation": 16},
    {"permission_type": 9},
]
WANTED: Final = {
    "resource_type_filter": 1,
    "resource_name_filter": None,
    "pattern_type_filter": 1,
    "principal_filter": None,
    "host_filter": None,
    "operation": 1,
    "permission_type": 1,
}
FILTERS: Final[list[dict[str, Any]]] = [
    {"resource_name_filter": "validated"},
    {"resource_name_filter": "validated", "pattern_type_filter": 2},
    {"resource_name_filter": "validated", "pattern_type_filter": PREFIXED},
    {"resource_name_filter": "not/a topic"},
    {"resource_name_filter": ""},
    {"resource_type_filter": 7},
    {"resource_type_filter": 9},
    {"pattern_type_filter": 9},
    {"principal_filter": "Group:x"},
    {"host_filter": "not an address"},
    {"host_filter": ""},
    {"operation": 15},
    {"operation": 16},
    {"permission_type": 9},
]


def outcomes(site: Site) -> dict[str, list[Any]]:
    """Make rules, list and remove them; return all answers in a fixed order."""
    creations = [VALID | change for change in CREATIONS]
    made = asked(site.wire, ApiKey.CREATE_ACLS, 3, creations=creations).results
    codes = [(result.error_code, result.error_message == "") for result in made]
    until(lambda: site.rules("not an address"), bool)
    filters = [WANTED | change for change in FILTERS]
    listed = [
        (answer.error_code, answer.error_message, gist_of_rules(answer.resources))
        for answer in (asked(site.wire, ApiKey.DESCRIBE_ACLS, 3, **each) for each in filters)
    ]
    harmless = [each for each in filters if each["resource_name_filter"] == "validated"]
    removed = asked(
        site.wire, ApiKey.DELETE_ACLS, 3, filters=[*harmless, *filters[6:8], *filters[12:]]
    )
    gone = [
        (
            result.error_code,
            result.error_message,
            sorted(rule_of(acl) for acl in result.matching_acls),
        )
        for result in removed.filter_results
    ]
    return {"created": codes, "listed": listed, "removed": gone}


def rule_of(acl: Any) -> tuple[Any, ...]:
    names = ("resource_type", "resource_name", "pattern_type", "principal", "host", "operation")
    return (*(getattr(acl, name) for name in names), acl.permission_type)


def gist_of_rules(resources: Iterable[Any]) -> list[tuple[Any, ...]]:
    found = []
    for each in resources:
        pattern = (each.resource_type, each.resource_name, each.pattern_type)
        found += [
            (*pattern, acl.principal, acl.host, acl.operation, acl.permission_type)
            for acl in each.acls
            if acl.principal != ANYBODY
        ]
    return sorted(found)


def test_the_same_rules_can_be_made_and_the_same_filters_name_them(sites: tuple[Site, Site]):
    theirs, ours = (outcomes(site) for site in sites)
    assert theirs == ours
