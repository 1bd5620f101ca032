"""Quotas in the metadata: what may be set, how it is asked for, and that a snapshot keeps it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.common.errors import InvalidRequestError, UnsupportedVersionError
from logcore.controller.client_quotas import (
    CLIENT_ID,
    IP,
    USER,
    Alteration,
    Component,
    decide_alterations,
    entity_of,
    matching,
)
from logcore.controller.image import EMPTY, MetadataImage
from logcore.controller.records import records_of
from logcore.controller.replay import ImageBuilder

USER_U = entity_of([(USER, "u")])
ADDRESS = entity_of([(IP, "10.0.0.1")])
EXACT, DEFAULT, ANY = 0, 1, 2


def replayed(image: MetadataImage, records) -> MetadataImage:
    builder = ImageBuilder(image)
    for record in records:
        builder.replay(record)
    return builder.finish(image.offset + 1, 1).new


def alter(image: MetadataImage, entity, *values, unresolved=()):
    """Alter one entity; return the image after, and the message of the error."""
    alterations = [Alteration(entity, values)]
    records, outcomes = decide_alterations(image.client_quotas, alterations, unresolved)
    [error] = outcomes.values()
    return replayed(image, records), error and str(error)


def test_what_is_set_holds_until_it_is_taken_away():
    image, error = alter(EMPTY, USER_U, ("producer_byte_rate", 5.0), ("request_percentage", 0.5))
    assert error is None
    assert image.client_quotas == {USER_U: {"producer_byte_rate": 5.0, "request_percentage": 0.5}}
    image, error = alter(image, USER_U, ("producer_byte_rate", None))
    assert image.client_quotas == {USER_U: {"request_percentage": 0.5}}
    image, error = alter(image, USER_U, ("request_percentage", None), ("nonsense", None))
    assert (dict(image.client_quotas), error) == ({}, None)


def test_what_is_already_so_makes_no_record():
    image, _ = alter(EMPTY, USER_U, ("producer_byte_rate", 5.0))
    for value in ("producer_byte_rate", 5.0), ("consumer_byte_rate", None):
        assert decide_alterations(image.client_quotas, [Alteration(USER_U, [value])])[0] == []


# Each of these, and the empty message of what is accepted, is what Apache Kafka 4.3.1 answers,
# except for numbers that are none, which it stores.
@pytest.mark.parametrize(
    ("entity", "values", "message"),
    [
        ([], [("producer_byte_rate", 1.0)], "Invalid empty client quota entity"),
        ([(USER, "")], [("producer_byte_rate", 1.0)], "Empty user not supported"),
        ([("group", "g")], [], "Unhandled client quota entity type: group"),
        ([(USER, "u"), (IP, "1.2.3.4")], [], "an ip cannot be combined"),
        ([(IP, "nowhere")], [], "nowhere is not a valid IP or resolvable host."),
        ([(USER, "u")], [("producer_byte_rate", 0.0)], "must be greater than 0"),
        ([(USER, "u")], [("producer_byte_rate", -1.0)], "must be greater than 0"),
        ([(USER, "u")], [("producer_byte_rate", float("nan"))], "must be greater than 0"),
        ([(USER, "u")], [("producer_byte_rate", 1.5)], "cannot be a fractional value."),
        ([(USER, "u")], [("producer_byte_rate", 1e30)], "too large"),
        ([(USER, "u")], [("producer_byte_rate", float("inf"))], "too large"),
        ([(USER, "u")], [("connection_creation_rate", 1.0)], "Invalid configuration key"),
        ([(USER, "u")], [("nonsense", 1.0)], "Invalid configuration key nonsense"),
        ([(USER, "u")], [("request_percentage", 1.0)] * 2, "a key appears more than once"),
        ([(IP, "1.2.3.4")], [("producer_byte_rate", 1.0)], "Invalid configuration key"),
        ([(IP, "1.2.3.4")], [("connection_creation_rate", 3e9)], "too large"),
        ([(USER, "u"), (CLIENT_ID, None)], [("request_percentage", 0.25)], None),
        ([(USER, None)], [("controller_mutation_rate", float("inf"))], None),
        ([(IP, None)], [("connection_creation_rate", 7.0)], None),
        ([(USER, "u")], [], None),
    ],
)
def test_what_may_be_set(entity, values, message):
    image, error = alter(EMPTY, entity_of(entity), *values, unresolved=["nowhere"])
    if message is None:
        assert error is None
    else:
        assert message in (error or "")
        assert not image.client_quotas


def test_each_entity_stands_or_falls_alone_and_none_comes_twice():
    alterations = [
        Alteration(USER_U, [("producer_byte_rate", 1.0)]),
        Alteration(ADDRESS, [("producer_byte_rate", 1.0)]),
        Alteration(entity_of([(CLIENT_ID, "c")]), [("consumer_byte_rate", 1.0)]),
        Alteration(USER_U, [("producer_byte_rate", 2.0)]),
    ]
    records, outcomes = decide_alterations({}, alterations)
    assert [record.key for record in records] == ["consumer_byte_rate"]
    assert isinstance(outcomes[USER_U], InvalidRequestError)
    assert isinstance(outcomes[ADDRESS], InvalidRequestError)


ALL = {
    entity_of([(USER, "u")]): {"producer_byte_rate": 1.0},
    entity_of([(USER, None)]): {"producer_byte_rate": 2.0},
    entity_of([(USER, "u"), (CLIENT_ID, "c")]): {"producer_byte_rate": 3.0},
    entity_of([(USER, "u"), (CLIENT_ID, None)]): {"producer_byte_rate": 4.0},
    entity_of([(CLIENT_ID, "c")]): {"producer_byte_rate": 5.0},
    entity_of([(IP, "10.0.0.1")]): {"connection_creation_rate": 6.0},
}


@pytest.mark.parametrize(
    ("components", "is_strict", "found"),
    [
        ([], False, [1, 2, 3, 4, 5, 6]),
        ([], True, []),
        ([(USER, EXACT, "u")], False, [1, 3, 4]),
        ([(USER, EXACT, "u")], True, [1]),
        ([(USER, DEFAULT, None)], False, [2]),
        ([(USER, ANY, None)], True, [1, 2]),
        ([(USER, ANY, None), (CLIENT_ID, ANY, None)], False, [3, 4]),
        ([(USER, EXACT, "u"), (CLIENT_ID, DEFAULT, None)], True, [4]),
        ([(IP, ANY, None)], False, [6]),
        ([(IP, DEFAULT, None)], False, []),
    ],
)
def test_asking(components, is_strict, found):
    asked = [Component(*component) for component in components]
    values = matching(ALL, asked, is_strict=is_strict).values()
    assert sorted(next(iter(each.values())) for each in values) == found


@pytest.mark.parametrize(
    ("components", "error"),
    [
        ([("", EXACT, "x")], InvalidRequestError),
        ([("group", EXACT, "x")], UnsupportedVersionError),
        ([(USER, EXACT, None)], InvalidRequestError),
        ([(USER, DEFAULT, "x")], InvalidRequestError),
        ([(USER, ANY, "x")], InvalidRequestError),
        ([(USER, 3, None)], InvalidRequestError),
        ([(USER, EXACT, "u"), (USER, EXACT, "v")], InvalidRequestError),
        ([(USER, ANY, None), (IP, ANY, None)], InvalidRequestError),
    ],
)
def test_questions_that_make_no_sense(components, error):
    with pytest.raises(error):
        matching(ALL, [Component(*component) for component in components], is_strict=False)


names = st.none() | st.sampled_from("ab")
entities = st.dictionaries(st.sampled_from([USER, CLIENT_ID]), names, min_size=1).map(
    lambda parts: entity_of(parts.items())
)
changes = st.tuples(
    entities,
    st.sampled_from(["producer_byte_rate", "consumer_byte_rate"]),
    st.none() | st.integers(1, 100).map(float),
)


@given(st.lists(changes, max_size=20))
def test_a_snapshot_makes_the_same_image_and_an_empty_entity_is_absent(altered):
    image, model = EMPTY, {}
    for entity, key, value in altered:
        image, error = alter(image, entity, (key, value))
        assert error is None
        model[entity, key] = value
    kept = {place: value for place, value in model.items() if value is not None}
    assert {
        (e, k): v for e, values in image.client_quotas.items() for k, v in values.items()
    } == kept
    assert all(image.client_quotas.values())
    assert replayed(EMPTY, records_of(image)).client_quotas == image.client_quotas
