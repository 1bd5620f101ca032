"""Which limit holds for whom: Kafka's order of entities, against a plain list of it."""

from hypothesis import given
from hypothesis import strategies as st

from logcore.broker.quotas.limits import Limit, Limits, address_limits
from logcore.controller.client_quotas import CLIENT_ID, IP, USER, entity_of

KEY = "producer_byte_rate"
ORDER: list[list[tuple[str, str | None]]] = [
    [(USER, "u"), (CLIENT_ID, "c")],
    [(USER, "u"), (CLIENT_ID, None)],
    [(USER, "u")],
    [(USER, None), (CLIENT_ID, "c")],
    [(USER, None), (CLIENT_ID, None)],
    [(USER, None)],
    [(CLIENT_ID, "c")],
    [(CLIENT_ID, None)],
]
ACCOUNTS = [
    ("u", "c"), ("u", "c"), ("u", ""), ("u", "c"), ("u", "c"), ("u", ""), ("", "c"), ("", "c"),
]  # fmt: skip


def limits(*numbers: int) -> Limits:
    return Limits({entity_of(ORDER[number]): {KEY: number + 1.0} for number in numbers}, KEY)


@given(st.sets(st.integers(0, 7)))
def test_the_closest_entity_decides(numbers):
    found = limits(*numbers).of("u", "c")
    if numbers:
        first = min(numbers)
        assert found == Limit(first + 1.0, ACCOUNTS[first])
    else:
        assert found is None


@given(st.sets(st.integers(0, 7)))
def test_others_are_held_by_defaults_only(numbers):
    found = limits(*numbers).of("v", "d")
    defaults = [number for number in sorted(numbers) if number in {4, 5, 7}]
    assert (found and found.value) == (defaults[0] + 1.0 if defaults else None)


def test_a_client_without_an_id_has_its_users_limit():
    assert limits(2, 6).of("u", "") == Limit(3.0, ("u", ""))
    assert limits(6).of("u", "") is None


def test_only_the_key_in_question_counts():
    quotas = {
        entity_of([(USER, "u")]): {"consumer_byte_rate": 1.0},
        entity_of([(IP, None)]): {"connection_creation_rate": 5.0},
        entity_of([(IP, "10.0.0.1")]): {"connection_creation_rate": 6.0},
    }
    assert not Limits(quotas, KEY)
    assert len(Limits(quotas, "consumer_byte_rate")) == 1
    assert address_limits(quotas, "connection_creation_rate") == {None: 5.0, "10.0.0.1": 6.0}
